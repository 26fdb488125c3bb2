// What is found on the engine, at start or after it was away: taken over when it is an app's, cleared away when nobody wants it.
import { hasCode, messageOf } from '../domain/errors.ts';
import { type ContainerSummary, hasEnded } from '../engine/engine.ts';
import { label, ownLabels, releaseOf } from '../engine/labels.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Networks } from './network.ts';
import type { Supervisor } from './supervisor.ts';

/** At start: all that is there. @param supervisorOf the supervisor of an app */
export async function adoptAll(
  needs: ProcessNeeds,
  supervisorOf: (appId: string) => Supervisor,
): Promise<void> {
  const containers = await needs.engine.list(ownLabels(needs.instance, 'process'));
  const adopt = async (container: ContainerSummary): Promise<void> =>
    adoptContainer(container, needs, supervisorOf).catch((error: unknown) =>
      needs.onProblem(`${container.name} was not taken over: ${messageOf(error)}`),
    );
  await Promise.all(containers.map(adopt));
  const ids = containers.flatMap(({ labels }) => labels[label.id] ?? []);
  try {
    needs.store.processHealth.keepOnly(ids);
  } catch (error) {
    needs.onProblem(`Notes of processes that are gone: ${messageOf(error)}`);
  }
}

async function adoptContainer(
  container: ContainerSummary,
  { engine, store, stopGraceMs }: ProcessNeeds,
  supervisorOf: (appId: string) => Supervisor,
): Promise<void> {
  const appId = container.labels[label.app] ?? '';
  // Never started: the server was killed in between. What is wanted is started anew.
  if (container.state === 'created') return engine.remove(container.id);
  if (!store.apps.byId(appId)) {
    await engine.stop(container.id, { graceSeconds: stopGraceMs / 1000 });
    return engine.remove(container.id);
  }
  const supervisor = supervisorOf(appId);
  const details = await engine.inspect(container.id);
  if (!supervisor.knows(container.id, container.labels[label.id])) supervisor.adopt(details);
}

/**
 * After the engine was away: processes of which nobody has heard, since the answer to their creation was lost, and those
 * that could not be removed.
 */
export async function adoptStrays(
  needs: ProcessNeeds,
  supervisorOf: (appId: string) => Supervisor,
): Promise<void> {
  const { engine, logs, store } = needs;
  for (const container of await engine.list(ownLabels(needs.instance, 'process'))) {
    const { [label.app]: appId = '', [label.id]: id, [label.process]: process = '' } = container.labels;
    if (store.apps.byId(appId) && supervisorOf(appId).knows(container.id, id)) continue;
    try {
      if (hasEnded(container.state)) {
        // Whoever knew it has told its end already. What it printed meanwhile is kept.
        const { logPath } = await engine.inspect(container.id);
        if (logPath)
          logs.follow({ id: container.id, appId, process, logPath, release: releaseOf(container) });
        await logs.drained(container.id);
        await engine.remove(container.id);
      } else await adoptContainer(container, needs, supervisorOf);
    } catch (error) {
      if (hasCode(error, 'not_found')) continue;
      needs.onProblem(`${container.name} was not taken over: ${messageOf(error)}`);
    }
  }
}

/** Networks of ours whose app was destroyed, or in which nothing runs and nothing should. */
export async function removeStrayNetworks(
  needs: ProcessNeeds & { networkOf: Networks },
  isIdle: (appId: string) => boolean,
): Promise<void> {
  for (const network of await needs.engine.networks()) {
    const appId = network.labels[label.app];
    if (network.labels[label.instance] !== needs.instance || !appId) continue;
    if (needs.store.apps.byId(appId) && !isIdle(appId)) continue;
    await needs.networkOf.remove(appId).catch((error: unknown) => needs.onProblem(messageOf(error)));
  }
}
