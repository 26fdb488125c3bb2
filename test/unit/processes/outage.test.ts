// The engine killed under the process room, and back: with all containers ended, or with those that outlive it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Engine } from '../../../platform/engine/engine.ts';
import {
  app,
  append,
  begin,
  ended,
  engine,
  processes,
  routed,
  running,
  scale,
  store,
  until,
  untilRunning,
} from './ground.ts';

/** What runs ends with the engine, or lives on. */
function kill({ containers }: { containers: boolean }): void {
  engine.goAway();
  if (!containers) return;
  for (const one of engine.containers()) if (one.details.state === 'running') engine.crash(one.id, 137);
}

/** The serving release runs, and nothing else is left. */
async function whatIsSaidRuns(types: readonly string[]): Promise<number> {
  await until(() => store.releases.newest(app.id)?.status !== 'pending', 'ended');
  const version = store.apps.byId(app.id)!.servingVersion!;
  await untilRunning(types.map((type) => `${type}.1 v${version}`));
  await until(() => engine.containers().length === types.length, 'nothing left over');
  await until(() => routed.processes.length === 1, 'one routed');
  return version;
}

test.each(
  [true, false].flatMap((containers) =>
    Array.from({ length: 14 }, (_, changes) => ({ changes, containers })),
  ),
)('killed after $changes changes of a deploy (containers too: $containers)', async (how) => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  const from = engine.calls.length;
  const release = append({ web: 'w', worker: 'k' });
  const count = (): number =>
    engine.calls.slice(from).filter((call) => /^(create|start|stop|remove|inspect)/.test(call)).length;
  await until(
    () => count() >= how.changes || store.releases.byId(release.id)?.status !== 'pending',
    'so far',
  );
  kill(how);
  await sleep(30);
  engine.comeBack();
  const version = await whatIsSaidRuns(['web', 'worker']);
  const { status, reason } = store.releases.byId(release.id)!;
  expect(version).toBe(status === 'succeeded' ? 2 : 1);
  if (status !== 'succeeded') expect(reason).toMatch(/engine/);
});

test.each<keyof Engine>(['create', 'start', 'stop', 'remove', 'inspect'])(
  'what it did of a %s whose answer was lost is not left over',
  async (method) => {
    await begin();
    await ended(append({ web: 'w' }));
    engine.beforeAnswer(method, engine.goAway);
    await ended(append({ web: 'w' }));
    await sleep(30);
    engine.comeBack();
    await whatIsSaidRuns(['web']);
  },
);

test('a network whose making was not answered is used', async () => {
  await begin();
  engine.beforeAnswer('createNetwork', engine.goAway);
  expect((await ended(append({ web: 'w' }))).status).toBe('failed');
  engine.comeBack();
  expect(await ended(append({ web: 'w' }))).toMatchObject({ status: 'succeeded', reason: null });
  expect(await whatIsSaidRuns(['web'])).toBe(2);
  expect(await engine.networks()).toHaveLength(1);
});

test('the release command: its release fails, and it is not left over', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const release = append({ web: 'w', release: 'r' });
  await untilRunning(['release.1 v2', 'web.1 v1']);
  kill({ containers: false });
  expect(await ended(release)).toMatchObject({ status: 'failed', reason: expect.stringMatching(/engine/) });
  engine.comeBack();
  expect(await whatIsSaidRuns(['web'])).toBe(1);
});

test('an outage is no crash: nothing waits longer for it, and `ps` does not say so', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  kill({ containers: true });
  engine.comeBack();
  await until(() => engine.calls.filter((call) => call.startsWith('create')).length === 2, 'again');
  expect(processes.status(app.id).map((one) => one.state)).not.toContain('crashed');
  kill({ containers: true });
  scale('web', 2);
  await sleep(50);
  expect(processes.status(app.id).map((one) => one.state)).not.toContain('crashed');
  expect(routed.state).not.toBe('crashed');
  engine.comeBack();
  // At once: a crash would wait for a second, and for two the next time.
  await until(() => running().length === 2 && routed.processes.length === 2, 'both are back');
  expect(engine.containers().map((one) => one.spec.labels['twelve.attempt'])).toEqual(['0', '0']);
});

test('what was to stop when the engine went away stops when it is back, and is no crash', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  engine.goAway();
  scale('worker', 0);
  await sleep(50);
  expect(processes.status(app.id).map((one) => `${one.name} ${one.state}`)).toEqual([
    'web.1 up',
    'worker.1 down',
  ]);
  engine.comeBack();
  await whatIsSaidRuns(['web']);
});

test('a long outage is waited for, however much there is to stop', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 3);
  await until(() => running().length === 4, 'four run');
  engine.goAway();
  const before = engine.calls.length;
  scale('worker', 0);
  await sleep(7000);
  // Each of the three every two seconds.
  const stops = engine.calls.slice(before).filter((call) => call.startsWith('stop '));
  expect(stops.length).toBeLessThanOrEqual(12);
  engine.comeBack();
  await whatIsSaidRuns(['web']);
});

test('a network in which nothing runs any more goes when the engine is back', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  engine.fail('removeNetwork', new Error('gone'), 1);
  scale('web', 0);
  await until(() => engine.containers().length === 0, 'stopped');
  await sleep(30);
  expect(await engine.networks()).toHaveLength(1);
  engine.goAway();
  engine.comeBack();
  await sleep(50);
  expect(await engine.networks()).toEqual([]);
});

test('a release that was appended while the engine is away fails with the reason', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  engine.goAway();
  expect(await ended(append({ web: 'w' }))).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/No container engine answers/),
  });
  engine.comeBack();
  expect(await whatIsSaidRuns(['web'])).toBe(1);
});
