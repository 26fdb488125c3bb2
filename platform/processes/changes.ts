// Scales, resizes and restarts followed to their end: done, or back to what ran before, and why.
import { messageOf } from '../domain/errors.ts';
import { backTo, inWords, type ProcessChange } from '../domain/process-change.ts';
import type { ProcessNeeds } from './needs.ts';
import { createNotice } from './notice.ts';
import { pause } from './pause.ts';
import { reasonOf } from './reason.ts';
import type { Supervisor } from './supervisor.ts';
import type { Verdict } from './trial.ts';

export interface Changes {
  /**
   * A change was stored. Resolves when the router sends nothing any more to what is to stop at once (types take turns), or
   * stays away: the change goes on all the same, and is not done before the router follows.
   */
  begin(change: ProcessChange): Promise<void>;
  /** Those that another server began. */
  resume(): void;
  /** Resolves when the change is no longer pending, or the signal aborts. */
  settled(id: string, signal: AbortSignal): Promise<void>;
}

interface ChangeNeeds extends Pick<ProcessNeeds, 'store' | 'logs' | 'reached' | 'onProblem'> {
  supervisorOf(appId: string): Supervisor;
  /** Aborted when we stop acting: the next server goes on. */
  signal: AbortSignal;
}

const retryPauseMs = 5000;

type Failed = Exclude<Verdict, { is: 'open' } | { is: 'done' }>;

export function createChanges(needs: ChangeNeeds): Changes {
  const { store, signal } = needs;
  const ended = createNotice();

  async function follow(change: ProcessChange): Promise<void> {
    const supervisor = needs.supervisorOf(change.appId);
    conclude(change, await verdictOf(change, supervisor), supervisor);
    ended.tell();
  }

  /** open: another change took its place, or its app is gone. */
  async function verdictOf(change: ProcessChange, supervisor: Supervisor): Promise<Verdict> {
    const isOver = (): boolean => store.processChanges.byId(change.id)?.status !== 'pending';
    const now = (): Verdict => supervisor.trial.verdict(change);
    for (;;) {
      await supervisor.until(() => isOver() || now().is !== 'open', signal);
      const verdict = now();
      if (isOver()) return { is: 'open' };
      if (verdict.is === 'failed' || verdict.is === 'wanting') return verdict;
      if (verdict.is === 'done' && (await isRouted(supervisor)) && now().is === 'done') return verdict;
    }
  }

  /** It is done when visitors have it, too; where the router is away, it is told again until it follows. */
  async function isRouted(supervisor: Supervisor): Promise<boolean> {
    try {
      await supervisor.routed();
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  function conclude(change: ProcessChange, verdict: Verdict, supervisor: Supervisor): void {
    if (verdict.is === 'open') return;
    if (verdict.is === 'done') return void store.processChanges.end(change.id, 'succeeded', null);
    const outcome = outcomeOf(change, verdict);
    if (verdict.is === 'failed') needs.reached('back');
    // Done only once it is stored: should that fail, the next try finds what failed as it is.
    const letGo = verdict.is === 'failed' ? supervisor.trial.letGo(change) : () => undefined;
    store.transaction(() => {
      const reason = `${reasonOf(verdict.failure)}\n${outcome}`;
      if (!store.processChanges.end(change.id, 'failed', reason) || verdict.is !== 'failed') return;
      const formation = store.formations.of(change.appId);
      store.formations.replace(change.appId, backTo(formation, change.former));
    });
    letGo();
    supervisor.reconcile();
    const what = change.kind === 'scale' ? 'Scaling' : `Restart of ${change.target ?? 'all processes'}`;
    const text = `${what} failed: ${messageOf(verdict.failure)} ${outcome}`;
    needs.logs.write(change.appId, { source: 'twelve', process: 'api', text });
  }

  /** Whatever keeps us from it (a store that cannot be written to, say), it is brought to its end. */
  async function begun(change: ProcessChange): Promise<void> {
    while (!signal.aborted) {
      try {
        return await follow(change);
      } catch (error) {
        if (signal.aborted) return;
        needs.onProblem(`A change of processes was not followed: ${messageOf(error)}; trying again in 5 s`);
        await pause(retryPauseMs, signal);
      }
    }
  }

  return {
    async begin(change) {
      // Others may wait for one that this one took the place of.
      ended.tell();
      const supervisor = needs.supervisorOf(change.appId);
      supervisor.trial.begin(change);
      supervisor.reconcile();
      void begun(change);
      await supervisor.routed().catch(() => undefined);
    },
    resume() {
      for (const change of store.processChanges.pending()) {
        needs.supervisorOf(change.appId).trial.resume(change);
        void begun(change);
      }
    },
    settled: (id, until) => ended.until(() => store.processChanges.byId(id)?.status !== 'pending', until),
  };
}

/** What holds instead. */
function outcomeOf({ kind, former }: ProcessChange, verdict: Failed): string {
  const again = 'is started again, later each time';
  if (verdict.is === 'wanting' && kind === 'scale') return 'The formation is set all the same.';
  if (verdict.is === 'wanting') return `What does not run ${again}.`;
  if (kind === 'scale') return `Not applied: as before, ${inWords(former)}.`;
  return verdict.formerRuns
    ? `Not restarted: ${verdict.process} goes on as it was.`
    : `The restart went no further; ${verdict.process} ${again}.`;
}
