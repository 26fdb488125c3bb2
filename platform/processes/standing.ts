// What the next server has to know of a process's health checks: that it has not passed them yet, or which of them fail.
import { messageOf } from '../domain/errors.ts';
import type { Failing } from '../store/process-health.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Tracked } from './tracked.ts';

export interface Standing {
  /** Before it is started: a server that finds it has it pass its checks first. */
  begins(process: Tracked): void;
  passed(process: Tracked): void;
  /** @param places of its readiness checks that fail now */
  failing(process: Tracked, places: readonly number[]): void;
  /** What a server before us noted; undefined: it passed, or has no checks. */
  of(process: Tracked): Failing | undefined;
  ended(process: Tracked): void;
}

/** A store that cannot be written must neither keep a process from starting nor from its requests. */
export function createStanding({
  store,
  appId,
  onProblem,
}: Pick<ProcessNeeds, 'store' | 'onProblem'> & { appId: string }): Standing {
  /** Ids of those of which something is noted. */
  const noted = new Set<string>();

  function attempt<T>(process: Tracked, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      onProblem(`What ${process.name} was answered by its health checks is not kept: ${messageOf(error)}`);
      return undefined;
    }
  }

  function note(process: Tracked, failing: Failing): void {
    attempt(process, () => store.processHealth.set(process.id, appId, failing));
    noted.add(process.id);
  }

  function forget(process: Tracked): void {
    if (noted.delete(process.id)) attempt(process, () => store.processHealth.remove(process.id));
  }

  return {
    begins: (process) => note(process, null),
    passed: forget,
    failing: (process, places) => (places.length > 0 ? note(process, places) : forget(process)),
    of(process) {
      const found = attempt(process, () => store.processHealth.of(process.id));
      if (found !== undefined) noted.add(process.id);
      return found;
    },
    ended: forget,
  };
}
