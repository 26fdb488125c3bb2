// What is found on the engine at start: taken over when it is an app's, cleared away when nobody wants it.
import { messageOf } from '../domain/errors.ts';
import type { ContainerSummary } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Supervisor } from './supervisor.ts';

/** @param supervisorOf the supervisor of an app */
export async function adoptContainer(
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
  if (!supervisor.knows(container.id)) supervisor.adopt(await engine.inspect(container.id));
}

/** Networks of ours whose app was destroyed. */
export async function removeStrayNetworks({
  engine,
  store,
  instance,
  onProblem,
}: ProcessNeeds): Promise<void> {
  for (const network of await engine.networks()) {
    const appId = network.labels[label.app];
    if (network.labels[label.instance] !== instance || !appId || store.apps.byId(appId)) continue;
    await engine.removeNetwork(network.name).catch((error: unknown) => onProblem(messageOf(error)));
  }
}
