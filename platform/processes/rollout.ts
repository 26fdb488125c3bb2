// One release taking over from another: prove the new, switch, let the old go. A failure puts the old back.
import { PlatformError } from '../domain/errors.ts';
import type { Step } from '../domain/steps.ts';
import { mannerOf, steady, turnsOf } from './stage.ts';
import type { Supervisor } from './supervisor.ts';
import type { Runnable } from './tracked.ts';

export interface RolloutSteps {
  /** Runs the release process where there is one to run; throws when it fails. */
  releasePhase(signal: AbortSignal): Promise<void>;
  /** Writes into the store, in one transaction, that the new release serves. */
  commit(): void;
  reached(step: Step): void;
}

/**
 * Resolves once what serves traffic is `next` and the store says so.
 * @param signal aborted when a newer release supersedes this one; ignored from the switch on
 * @throws PlatformError `release_failed` (the old release serves on), or the signal's reason
 */
export async function rollOut(
  supervisor: Supervisor,
  serving: Runnable | null,
  next: Runnable,
  steps: RolloutSteps,
  signal: AbortSignal,
): Promise<void> {
  supervisor.provide(next);
  supervisor.clearFailures(next.version);
  const settings = supervisor.settings(next.version);
  try {
    steps.reached('release-phase');
    await steps.releasePhase(signal);
    signal.throwIfAborted();
    const turns = turnsOf(serving, next, settings);
    const last = turns.length - 1;
    // A killed server may have been further: what it started for the new release is kept.
    const first = Math.max(
      0,
      turns.findLastIndex((types) => supervisor.runs(next.version, types)),
    );
    for (let turn = first; turn <= last; turn++) {
      const begun = new Set(turns.slice(0, turn + 1).flat());
      supervisor.setStage({ serving, rollout: { next, begun, manner: mannerOf(settings) } });
      supervisor.go();
      if (turn === first) steps.reached('prepare');
      if (turn === last) steps.reached('swap');
      await supervisor.untilUp(next.version, signal);
    }
    steps.reached('switch');
    await supervisor.switchTo(next.version);
    steps.reached('commit');
    steps.commit();
  } catch (error) {
    // Visitors back to the old one before the new one is stopped.
    await supervisor.switchTo(serving?.version ?? null).catch(() => undefined);
    supervisor.setStage(steady(serving));
    if (error instanceof PlatformError) throw error;
    if (signal.aborted) throw signal.reason;
    throw new PlatformError(
      'release_failed',
      `The rollout failed: ${error instanceof Error ? error.message : String(error)}`,
      {},
      { cause: error },
    );
  }
  steps.reached('retire');
  supervisor.setStage(steady(next));
}
