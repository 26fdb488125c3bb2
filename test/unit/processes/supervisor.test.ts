// What one app's supervisor says of its processes.
import { expect, test } from 'vitest';
import { label } from '../../../platform/engine/labels.ts';
import { createKeptSetbacks } from '../../../platform/processes/kept-setbacks.ts';
import { createSupervisor, type Supervisor } from '../../../platform/processes/supervisor.ts';
import {
  app,
  append,
  begin,
  containerOf,
  deaf,
  ended,
  engine,
  idOf,
  newNeeds,
  outcome,
  processes,
  rescale,
  restart,
  routed,
  running,
  scale,
  startAgain,
  store,
  until,
  untilCrashed,
  untilRunning,
} from './ground.ts';

const supervise = (): Supervisor => {
  const { networkOf, fromSlug } = processes;
  return createSupervisor(app.id, { ...newNeeds(), networkOf, fromSlug });
};

/** What a server that is gone leaves of an app whose web process crashed and waits for its next attempt. */
async function crashedBefore(of: { attempt: number; since: number; retryAt: number }): Promise<void> {
  await begin();
  await ended(append({ web: 'w' }));
  await processes.close();
  await engine.remove(engine.containers()[0]!.id);
  store.processSetbacks.set(app.id, {
    ...of,
    ...{ slot: '1/web.1', restarts: of.attempt, madeAt: of.since, code: 'H10' },
    processId: 'gone',
    failure: { process: 'web.1', sentence: 'web.1 exited with status 1.', lastLines: [] },
  });
}

test('a process that has ended does not count as one of its release that runs', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  await processes.close();
  const { details } = engine.containers()[0]!;
  // Of a release that was being rolled out.
  const labels = { ...details.labels, [label.release]: '2' };
  const [gone, there] = [supervise(), supervise()];
  gone.adopt({ ...details, labels, state: 'exited', exitCode: 1 });
  expect([gone.runs(2), gone.runs(2, ['web'])]).toEqual([false, false]);
  there.adopt({ ...details, labels });
  expect([there.runs(2, ['web']), there.runs(2, ['worker']), there.runs(1)]).toEqual([true, false, false]);
  for (const one of [gone, there]) one.close();
});

test('slots that wait for their next attempt have each an id of their own, which stays', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k', clock: 'c' }));
  engine.behave(() => ({ exitAfterMs: 1, exitCode: 1 }));
  scale('worker', 1);
  scale('clock', 1);
  engine.crash(engine.containers()[0]!.id, 1);
  const crashed = () => processes.status(app.id).filter((one) => one.state === 'crashed');
  await until(() => crashed().length === 3, 'all crashed');
  const ids = crashed().map((one) => one.id);
  expect(new Set(ids).size).toBe(3);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(crashed().map((one) => one.id)).toEqual(ids);
});

test('an app that waits for its next attempt goes on waiting after a restart of the server, and is told as crashed', async () => {
  const status = () =>
    processes.status(app.id).map(({ name, state, code, restarts }) => ({ name, state, code, restarts }));
  await begin();
  await ended(append({ web: 'w' }));
  engine.behave(() => ({ exitAfterMs: 1, exitCode: 1 }));
  engine.crash(engine.containers()[0]!.id, 1);
  // From the second crash on it waits 2 s.
  const waits = [{ name: 'web.1', state: 'crashed', code: 'H10', restarts: 1 }];
  await until(() => JSON.stringify(status()) === JSON.stringify(waits), 'crashed twice');
  const since = processes.status(app.id)[0]!.updatedAt;
  await processes.close();
  engine.behave(() => undefined);
  const calls = engine.calls.length;
  startAgain();
  expect(await processes.adopt()).toMatchObject([{ state: 'crashed', endpoints: [] }]);
  processes.go();
  await until(() => processes.status(app.id).length === 1, 'its status');
  expect(status()).toEqual(waits);
  expect(processes.status(app.id)[0]!.updatedAt).toBe(since);
  expect(engine.calls.slice(calls).filter((call) => /^create/.test(call))).toEqual([]);
  expect(routed.state).toBe('crashed');
  await untilRunning(['web.1 v1']);
  await until(() => routed.state === 'up', 'up');
  expect(status()).toEqual([{ name: 'web.1', state: 'up', code: null, restarts: 2 }]);
  expect(store.processSetbacks.ofApp(app.id)).toEqual([]);
});

test('a crash that was told of, and not cleared away yet, is not told of again by the next server', async () => {
  await processes.close();
  const { logs } = newNeeds();
  // Its last lines are never read.
  startAgain({ logs: { ...logs, drained: () => new Promise(() => undefined) } });
  await begin();
  await ended(append({ web: 'w' }));
  engine.crash(engine.containers()[0]!.id, 1);
  await untilCrashed();
  const [before] = store.processSetbacks.ofApp(app.id);
  void processes.close();
  startAgain();
  expect(engine.containers()).toHaveLength(1);
  await processes.adopt();
  await until(() => engine.containers().length === 0, 'cleared away');
  expect(store.processSetbacks.ofApp(app.id)).toEqual([before]);
  processes.go();
  await untilRunning(['web.1 v1']);
});

test('a clock that was set back meanwhile has nothing wait longer than its attempt', async () => {
  const year = Date.now() + 365 * 86_400_000;
  await crashedBefore({ attempt: 1, since: year, retryAt: year });
  startAgain();
  await begin();
  await untilRunning(['web.1 v1']);
});

test('a restart that a server was killed over before it began waits for no attempt of before', async () => {
  await crashedBefore({ attempt: 12, since: Date.now() - 1000, retryAt: Date.now() + 300_000 });
  const change = store.processChanges.append(app.id, { kind: 'restart', former: [], target: null });
  startAgain();
  await begin();
  expect((await outcome(change)).status).toBe('succeeded');
  expect(running()).toEqual(['web.1 v1']);
});

test('of what crashed nothing is left once another release serves, or the type is started anew', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  await outcome(rescale('worker', { quantity: 1 }));
  const crash = async (): Promise<void> => {
    engine.behave(() => ({ exitAfterMs: 1, exitCode: 1 }));
    for (const one of engine.containers()) engine.crash(one.id, 1);
    await until(() => store.processSetbacks.ofApp(app.id).length === 2, 'kept');
    engine.behave(() => undefined);
  };
  await crash();
  expect((await ended(append({ web: 'w', worker: 'k' }))).status).toBe('succeeded');
  await until(() => store.processSetbacks.ofApp(app.id).length === 0, 'nothing of v1');
  await untilRunning(['web.1 v2', 'worker.1 v2']);
  await crash();
  expect((await outcome(restart())).status).toBe('succeeded');
  expect(store.processSetbacks.ofApp(app.id)).toEqual([]);
});

test('an app that crashed before the server was started again is told as crashed until it is up', async () => {
  await begin();
  await ended(append({ web: 'w' }, { MODE: 'slow' }));
  deaf.add('slow');
  engine.crash(engine.containers()[0]!.id, 1);
  await untilCrashed();
  await untilRunning(['web.1 v1']);
  await processes.close();
  startAgain({ bootTimeoutMs: 60_000 });
  expect(await processes.adopt()).toMatchObject([{ state: 'crashed', endpoints: [] }]);
  deaf.clear();
  await processes.close();
  startAgain();
  expect(await processes.adopt()).toMatchObject([{ state: 'up', endpoints: [{ process: 'web.1' }] }]);
});

test('of two that crash together each waits for its own next attempt', async () => {
  await processes.close();
  const other = engine.connect();
  let read = (): void => undefined;
  const told = new Promise<string[]>((resolve) => {
    read = () => resolve([]);
  });
  const slow = { id: '' };
  const lastLines: typeof other.lastLines = (id, count) =>
    id === slow.id ? told : other.lastLines(id, count);
  startAgain({ engine: { ...other, lastLines } });
  await begin();
  await ended(append({ web: 'w' }));
  await outcome(rescale('web', { quantity: 2 }));
  slow.id = idOf('web.2');
  engine.crash(slow.id, 1);
  const first = idOf('web.1');
  engine.crash(first, 1);
  await until(() => containerOf('web.1')?.id !== first, 'cleared away');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(running()).toEqual([]);
  read();
  await untilRunning(['web.1 v1', 'web.2 v1']);
});

test('of an app that is destroyed no crash is kept', () => {
  const kept = createKeptSetbacks({ store, appId: app.id, onProblem: (problem) => expect(problem).toBe('') });
  const of = { id: 'p1', order: 0, createdAt: 0, adopted: false };
  const setback = { attempt: 1, retryAt: 1, restarts: 1, since: 0, of, interrupted: false, code: null };
  const failure = { process: 'web.1', sentence: 'It ended.', lastLines: ['a secret'] };
  kept.keep('1/web.1', setback, failure);
  expect(store.processSetbacks.ofApp(app.id)).toHaveLength(1);
  store.processSetbacks.removeAll(app.id);
  store.apps.destroy(app.id);
  kept.keep('1/web.1', setback, failure);
  expect(store.processSetbacks.ofApp(app.id)).toEqual([]);
});
