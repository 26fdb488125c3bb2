// When a process uses too much memory, and how it is told. Pure but for what it remembers.
import { errorName, type RuntimeCode } from '../domain/code.ts';

export interface MemoryQuota {
  /** A reading. @returns lines for the log, mostly none */
  judge(container: string, memory: number, limit: number, now: number): string[];
  /** The kernel killed something in it for memory. */
  killed(container: string, limitMb: number | undefined, now: number): string[];
  /** Whether that was ever told of it. */
  wasKilled(container: string): boolean;
  /** R14 while it lasts; R15 once something in it was killed. */
  codeOf(container: string): RuntimeCode | null;
  forget(container: string): void;
}

const share = 0.95;
const forMs = 20_000;
/** Readings come by a timer, which is never early against the last one but may be late. */
const slackMs = 500;
/** While it goes on it is said again: not each time, the log belongs to the app. */
const againMs = 60_000;
/** A kernel that kills one child after the other is quoted once in a while. */
const killsMs = 10_000;

const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);

export function createMemoryQuota(): MemoryQuota {
  /** When what is above may be said next, and whether it was. */
  const above = new Map<string, { next: number; said: boolean }>();
  const kills = new Map<string, number>();
  return {
    judge(container, memory, limit, now) {
      if (limit <= 0 || memory <= limit * share) {
        above.delete(container);
        return [];
      }
      const state = above.get(container) ?? { next: now + forMs - slackMs, said: false };
      above.set(container, state);
      if (now < state.next) return [];
      state.next = now + againMs - slackMs;
      state.said = true;
      const percent = ((memory / limit) * 100).toFixed(1);
      return [`Process running mem=${megabytes(memory)}M(${percent}%)`, errorName('R14')];
    },
    killed(container, limitMb, now) {
      const last = kills.get(container);
      if (last !== undefined && now - last < killsMs) return [];
      kills.set(container, now);
      const limit = limitMb === undefined ? 'its limit' : `its limit of ${limitMb} MB`;
      return [`${errorName('R15')} -> The kernel killed a program of it at ${limit}`];
    },
    wasKilled: (container) => kills.has(container),
    codeOf: (container) => (above.get(container)?.said ? 'R14' : kills.has(container) ? 'R15' : null),
    forget(container) {
      above.delete(container);
      kills.delete(container);
    },
  };
}
