// What is known of a process's readiness, over a restart of the server, of the process, and up to the switch of the router.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { HealthChecks } from '../../../platform/domain/health-check.ts';
import type { Behaviour } from '../../support/memory-behaviour.ts';
import { healthCheck, webChecks } from './checks.ts';
import {
  answerChecks,
  app,
  append,
  begin,
  deaf,
  ended,
  engine,
  lines,
  processes,
  processOf,
  routed,
  running,
  scale,
  set,
  startAgain,
  store,
  until,
  untilRunning,
} from './ground.ts';

const web = webChecks('readiness');
const no = async () => ({ ok: false as const, said: 'status 503' });
const yes = async () => ({ ok: true as const });
const noted = (): unknown => store.processHealth.of(processes.status(app.id)[0]?.id ?? '');

async function nextServer(): Promise<{ state: string; endpoints: unknown[] }> {
  await processes.close();
  startAgain();
  const [route] = await processes.adopt();
  processes.go();
  return route!;
}

test('one that was not ready gets no requests from the next server, until it passes; it goes on', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web()));
  const [before] = processes.status(app.id);
  expect(noted()).toBeUndefined();
  answerChecks(no);
  await until(() => routed.processes.length === 0, 'out of the router');
  expect(await nextServer()).toMatchObject({ state: 'none', endpoints: [] });
  await sleep(100);
  expect(routed.processes).toEqual([]);
  expect(processes.status(app.id)).toMatchObject([{ id: before!.id, state: 'up', restarts: 0 }]);
  answerChecks(yes);
  await until(() => routed.processes.length === 1, 'back');
  expect(noted()).toBeUndefined();
  expect(running()).toEqual(['web.1 v1']);
});

test('one that was ready keeps its requests until its check has failed as often as it may, counted anew', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web({ attempts: 3 })));
  let asked = 0;
  answerChecks(async () => (++asked <= 2 ? no() : yes()));
  expect(await nextServer()).toMatchObject({ state: 'up', endpoints: [{}] });
  await until(() => asked > 3, 'asked');
  expect(lines.filter((line) => line.includes('Readiness'))).toEqual([]);
  answerChecks(no);
  expect(await nextServer()).toMatchObject({ state: 'up', endpoints: [{}] });
  await until(() => routed.state === 'none', 'taken out');
  expect(running()).toEqual(['web.1 v1']);
});

test('the first question of the next server does not wait', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web({ wait: 3600 })));
  let asked = 0;
  answerChecks(async () => {
    asked++;
    return no();
  });
  await nextServer();
  await until(() => asked === 1, 'asked');
});

test('of two checks the one that failed has to pass, and the other is not told of', async () => {
  await begin();
  const both = { web: ['one', 'two'].map((name) => healthCheck({ type: 'readiness', name })) };
  await ended(append({ web: 'w' }, {}, both));
  answerChecks(async ({ name }) => (name === 'two' ? no() : yes()));
  await until(() => routed.state === 'none', 'taken out');
  expect(noted()).toEqual([1]);
  lines.length = 0;
  await nextServer();
  answerChecks(yes);
  await until(() => routed.state === 'up', 'back');
  expect(lines.filter((line) => line.includes('Readiness'))).toEqual([
    'web.1: Readiness check "two" passes again: it gets requests',
  ]);
});

test('one that had not passed when the server was killed has to pass before the next one sends it requests', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web({ attempts: 1000 })));
  answerChecks(no);
  engine.crash(engine.containers()[0]!.id, 1);
  await until(() => processes.status(app.id)[0]?.state === 'starting', 'started again');
  await until(() => running().length === 1, 'booting');
  const [before] = processes.status(app.id);
  expect(await nextServer()).toMatchObject({ endpoints: [] });
  await sleep(100);
  expect(processes.status(app.id)).toMatchObject([{ id: before!.id, state: 'starting' }]);
  expect(routed.processes).toEqual([]);
  answerChecks(yes);
  await until(() => routed.processes.length === 1, 'it gets requests');
  expect(processes.status(app.id)).toMatchObject([{ id: before!.id, state: 'up' }]);
});

test('one that the engine started again while it was away is proven anew, also when it was found running', async () => {
  const how: Behaviour = {};
  engine.behave(() => how);
  await begin();
  await ended(append({ web: 'w' }, {}, web({ type: 'startup', attempts: 1000 })));
  await nextServer();
  await until(() => routed.state === 'up', 'taken over');
  answerChecks(no);
  const { id } = engine.containers()[0]!;
  engine.goAway();
  engine.crash(id, 137);
  how.address = '10.213.2.77';
  engine.comeBack();
  await engine.start(id);
  await until(() => processes.status(app.id)[0]?.state === 'starting', 'being proven');
  await sleep(50);
  expect(routed.processes).toEqual([]);
  answerChecks(yes);
  await until(() => routed.state === 'up', 'proven');
  expect(engine.containers().map((one) => one.id)).toEqual([id]);
  expect(routed.processes).toEqual(['web.1 10.213.2.77']);
});

test('a release whose web process is ready no more when the router is to be switched fails, and says so', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  let asked = 0;
  const slow: HealthChecks = {
    ...web(),
    worker: [healthCheck({ type: 'startup', attempts: 1000, probe: { how: 'command', command: 'x' } })],
  };
  // It passes before it is up, and not while its release waits for the worker.
  answerChecks(async ({ probe }) => (probe.how === 'http' && ++asked === 1 ? yes() : no()));
  const failed = await ended(append({ web: 'w', worker: 'k' }, {}, slow));
  expect(failed).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining(
      'web.1 did not stay ready: its readiness check "ready" failed (2 attempts): GET /ready on port 5006 gave status 503',
    ),
  });
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  expect(routed.state).toBe('up');
});

test('checks=off lets a deploy that waits for its checks go on', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  answerChecks((_check, _target, signal) => sleep(60_000, undefined, { signal }).then(no, no));
  const stuck = healthCheck({ type: 'startup', attempts: 1000, wait: 3600 });
  const command = { how: 'command', command: 'x' } as const;
  const release = append(
    { web: 'w', worker: 'k' },
    {},
    { web: [stuck], worker: [{ ...stuck, probe: command }] },
  );
  await untilRunning(['web.1 v1', 'web.1 v2', 'worker.1 v1']);
  await sleep(50);
  expect(store.releases.byId(release.id)?.status).toBe('pending');
  set({ checks: 'off' });
  expect((await ended(release)).status).toBe('succeeded');
  await untilRunning(['web.1 v2', 'worker.1 v2']);
  expect(lines.filter((line) => line.includes('checks=off'))).toHaveLength(1);
});

test('checks=off does not send visitors to a port where nothing listens', async () => {
  deaf.add('deaf');
  await begin();
  await ended(append({ web: 'w' }));
  answerChecks(async () => ({ ok: false, said: 'nothing listens there', refused: true }));
  const release = append(
    { web: 'w' },
    { MODE: 'deaf' },
    web({ type: 'startup', attempts: 1000, wait: 3600 }),
  );
  await untilRunning(['web.1 v1', 'web.1 v2']);
  set({ checks: 'off' });
  expect(await ended(release)).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('did not listen on port $PORT'),
  });
});

test('checks=off gives one that is not ready its requests back at once', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web({ wait: 0.05 })));
  answerChecks(no);
  await until(() => routed.state === 'none', 'taken out');
  set({ checks: 'off' });
  await until(() => routed.state === 'up', 'back');
});

test('nothing is kept of processes that are gone', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web()));
  const [{ id } = { id: '' }] = processes.status(app.id);
  answerChecks(no);
  await until(() => store.processHealth.of(id) !== undefined, 'noted');
  scale('web', 0);
  await untilRunning([]);
  await until(() => store.processHealth.of(id) === undefined, 'forgotten');
  store.processHealth.set('lost', app.id, null);
  await nextServer();
  expect(store.processHealth.of('lost')).toBeUndefined();
});

test('a store that cannot be written keeps no process from being up', async () => {
  await begin();
  const { set: write } = store.processHealth;
  store.processHealth.set = () => {
    throw new Error('the disk is full');
  };
  expect((await ended(append({ web: 'w' }, {}, web()))).status).toBe('succeeded');
  store.processHealth.set = write;
  expect(engine.containers().map((one) => processOf(one.spec))).toEqual(['web.1 v1']);
});
