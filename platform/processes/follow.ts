// What the engine tells of our containers, and what is done when it comes back after it was away.
import { messageOf } from '../domain/errors.ts';
import type { Engine, EngineEvent } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';
import { adoptStrays, removeStrayNetworks } from './adopt.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Networks } from './network.ts';
import type { OneOffList } from './one-off-list.ts';
import { sweepReleaseContainers } from './release-phase.ts';
import type { Supervisor } from './supervisor.ts';

export interface FollowNeeds extends ProcessNeeds {
  networkOf: Networks;
  oneOffList: OneOffList;
  supervisors: ReadonlyMap<string, Supervisor>;
  supervisorOf(appId: string): Supervisor;
  /** A release of it may be about to start something. */
  busy(appId: string): boolean;
  /** What failed and waits is tried again now. */
  retry(): void;
}

const ends: ReadonlySet<EngineEvent['action']> = new Set(['die', 'destroy']);

export async function followEngine(events: ReturnType<Engine['events']>, needs: FollowNeeds): Promise<void> {
  let catchingUp: Promise<unknown> = Promise.resolve();
  const report = (error: unknown): void => needs.onProblem(messageOf(error));
  needs.oneOffList.begin();
  for await (const event of events) {
    needs.figures.seen(event);
    needs.oneOffList.seen(event);
    if (event.type === 'reconnected') {
      // Ends go on being told meanwhile.
      catchingUp = catchingUp.then(() => catchUp(needs)).catch(report);
    } else if (event.type === 'container' && ends.has(event.action)) {
      void needs.supervisors
        .get(event.labels[label.app] ?? '')
        ?.died(event.id)
        .catch(report);
    }
  }
}

/**
 * An engine that was killed has ended every container, unless it keeps them alive over its restarts; what we asked it for
 * in its last moments it has done, or not. Nothing here is fatal: what fails because it is gone again is done at its return.
 */
async function catchUp(needs: FollowNeeds): Promise<void> {
  const steps = [
    ...[...needs.supervisors.values()].map((supervisor) => supervisor.recheck()),
    adoptStrays(needs, needs.supervisorOf),
    sweepReleaseContainers(needs),
    removeStrayNetworks(
      needs,
      (appId) => !needs.busy(appId) && needs.supervisors.get(appId)?.idle() === true,
    ),
    needs.onEngineBack(),
  ];
  needs.retry();
  for (const step of await Promise.allSettled(steps))
    if (step.status === 'rejected') needs.onProblem(messageOf(step.reason));
}
