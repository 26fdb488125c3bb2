// One deploy per app at a time; the second is told who is deploying since when.
import { PlatformError } from '../domain/errors.ts';

export interface Claims {
  /** @throws PlatformError `conflict` saying who holds it, since when */
  take(app: { id: string; name: string }, who: string): { release(): void };
  /** Whether a deploy of it is under way. */
  isHeld(appId: string): boolean;
}

export function createClaims(now: () => number): Claims {
  const held = new Map<string, { who: string; since: number }>();
  return {
    isHeld: (appId) => held.has(appId),
    take(app, who) {
      const other = held.get(app.id);
      if (other) {
        const seconds = Math.round((now() - other.since) / 1000);
        throw new PlatformError(
          'conflict',
          `${other.who} is deploying ${app.name} since ${new Date(other.since).toISOString().slice(11, 19)} UTC (${seconds} s). Try again when that has ended; "twelve builds" shows it.`,
        );
      }
      const claim = { who, since: now() };
      held.set(app.id, claim);
      return {
        release() {
          if (held.get(app.id) === claim) held.delete(app.id);
        },
      };
    },
  };
}
