// What the next server has to know of crashes: how often a process crashed in a row, until when it waits, and why.
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { KeptSetback } from '../store/process-setbacks.ts';
import type { ProcessNeeds } from './needs.ts';
import { backOffMs } from './plan.ts';
import type { Setback } from './setbacks.ts';

export interface KeptSetbacks {
  /** Those of the release that serves, by slot; what is kept of others is thrown away. */
  load(now: number): Map<string, { setback: Setback; failure: PlatformError }>;
  keep(slot: string, setback: Setback, failure: KeptSetback['failure']): void;
  drop(slot: string): void;
}

/** A store that cannot be written must not keep a process from its next attempt. */
export function createKeptSetbacks({
  store,
  appId,
  onProblem,
}: Pick<ProcessNeeds, 'store' | 'onProblem'> & { appId: string }): KeptSetbacks {
  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      onProblem(`That a process crashed, or is up again, is not kept: ${messageOf(error)}`);
    }
  }

  return {
    load(now) {
      const serving = store.apps.byId(appId)?.servingVersion;
      const found = new Map<string, { setback: Setback; failure: PlatformError }>();
      attempt(() => {
        for (const kept of store.processSetbacks.ofApp(appId)) {
          if (kept.slot.startsWith(`${serving}/`)) found.set(kept.slot, revived(kept, now));
          else store.processSetbacks.remove(appId, kept.slot);
        }
      });
      return found;
    },
    keep: (slot, { attempt: count, restarts, retryAt, since, of, code }, failure) =>
      attempt(() => {
        // Of an app that is being destroyed nothing is kept.
        if (!store.apps.byId(appId)) return;
        store.processSetbacks.set(appId, {
          ...{ slot, attempt: count, restarts, retryAt, since, code, failure },
          processId: of.id,
          madeAt: of.createdAt,
        });
      }),
    drop: (slot) => attempt(() => store.processSetbacks.remove(appId, slot)),
  };
}

function revived(
  { attempt, restarts, retryAt, since, processId, madeAt, code, failure }: KeptSetback,
  now: number,
): { setback: Setback; failure: PlatformError } {
  const { sentence, process, lastLines } = failure;
  return {
    setback: {
      attempt,
      restarts,
      // A clock may have been set back meanwhile.
      retryAt: Math.min(retryAt, now + backOffMs(attempt)),
      since,
      of: { id: processId, order: -1, createdAt: madeAt, adopted: true },
      interrupted: false,
      code,
    },
    failure: new PlatformError('release_failed', sentence, { process, lastLines }),
  };
}
