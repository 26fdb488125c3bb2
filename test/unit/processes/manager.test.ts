// All of the process room against the in-memory engine: rollouts, failures, crashes, a killed server.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ProcessStatus } from '../../../platform/domain/process.ts';
import {
  app,
  append,
  begin,
  deaf,
  draining,
  ended,
  engine,
  idOf,
  outcome,
  processes,
  processOf,
  restart,
  routed,
  running,
  scale,
  startAgain,
  store,
  until,
  untilCrashed,
  untilRunning,
  userId,
} from './ground.ts';

test('the first release: web is up, routed, and then the release has succeeded', async () => {
  await begin();
  const release = await ended(append({ web: 'w', worker: 'k' }));
  expect(release.status).toBe('succeeded');
  expect(running()).toEqual(['web.1 v1']);
  expect(routed).toMatchObject({ state: 'up', processes: [expect.stringContaining('web.1')] });
  expect(store.apps.byId(app.id)?.servingVersion).toBe(1);
});

test('a second release replaces the first, workers one for one', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 2);
  await untilRunning(['web.1 v1', 'worker.1 v1', 'worker.2 v1']);
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, running().filter((name) => name.startsWith('worker')).length);
  }, 1);
  expect((await ended(append({ web: 'w', worker: 'k' }))).status).toBe('succeeded');
  await untilRunning(['web.1 v2', 'worker.1 v2', 'worker.2 v2']);
  clearInterval(watch);
  expect(most).toBeLessThanOrEqual(2);
});

test('a web process that never listens fails the release; the old one serves on', async () => {
  deaf.add('deaf');
  await begin();
  await ended(append({ web: 'w' }));
  const failed = await ended(append({ web: 'w' }, { MODE: 'deaf' }));
  expect(failed.status).toBe('failed');
  expect(failed.reason).toMatch(/^Error R10 \(Boot timeout\): web\.1 did not listen on port \$PORT/);
  await untilRunning(['web.1 v1']);
  expect(routed.state).toBe('up');
  expect(store.apps.byId(app.id)?.servingVersion).toBe(1);
});

test('a worker that exits on trial puts the old workers back', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  engine.behave((spec) =>
    processOf(spec) === 'worker.1 v2' ? { exitAfterMs: 20, exitCode: 7, prints: ['last words'] } : undefined,
  );
  const failed = await ended(append({ web: 'w', worker: 'k' }));
  expect(failed.reason).toMatch(/worker\.1 exited with status 7/);
  expect(failed.reason).toContain('last words');
  await untilRunning(['web.1 v1', 'worker.1 v1']);
});

test.each([
  { exitCode: 1, told: false },
  { exitCode: 137, told: true },
])('a child was killed for memory, then it exits with $exitCode: told as its own end: $told', async (how) => {
  await begin();
  engine.behave((spec) =>
    processOf(spec) === 'web.1 v1' ? { exitAfterMs: 2, exitCode: how.exitCode, oom: true } : undefined,
  );
  const { reason } = await ended(append({ web: 'w' }));
  expect(reason).toContain(`web.1 exited with status ${how.exitCode}`);
  expect(reason?.includes('killed by the kernel')).toBe(how.told);
});

test('a crash is answered by a restart, and `ps` says crashed meanwhile', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const [first] = engine.containers();
  engine.crash(first!.id, 1);
  await untilCrashed();
  expect(routed.state).toBe('crashed');
  await until(() => processes.status(app.id)[0]?.state === 'up', 'up again');
  expect(engine.containers().map((one) => one.spec.labels['twelve.attempt'])).toEqual(['1']);
  expect(processes.status(app.id)[0]?.restarts).toBe(1);
});

test('the code of what went wrong stands from the crash on until the next process is up', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }, { MODE: 'later deaf' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  const of = (type: string): ProcessStatus | undefined =>
    processes.status(app.id).find((one) => one.type === type);
  await until(() => of('web')?.state === 'up' && of('worker')?.state === 'up', 'up');
  expect([of('web')?.code, of('worker')?.code]).toEqual([null, null]);
  // Of one that is no web process a crash has no code, unless the kernel killed it.
  engine.crash(idOf('worker.1'), 1);
  await until(() => of('worker')?.state === 'crashed', 'crashed');
  expect(of('worker')?.code).toBeNull();
  engine.behave((spec) =>
    processOf(spec) === 'worker.1 v1' ? { exitAfterMs: 2, oom: true, exitCode: 137 } : undefined,
  );
  await until(() => of('worker')?.code === 'R15', 'killed for memory');
  expect(of('worker')?.state).toBe('crashed');
  engine.behave(() => undefined);
  await until(() => of('worker')?.state === 'up', 'up again');
  expect(of('worker')?.code).toBeNull();

  deaf.add('later deaf');
  engine.crash(idOf('web.1'), 1);
  await until(() => of('web')?.state === 'crashed', 'crashed');
  expect(of('web')?.code).toBe('H10');
  await until(() => of('web')?.state === 'starting', 'the next one');
  expect(of('web')?.code).toBe('H10');
  await until(() => of('web')?.code === 'R10', 'that it does not listen');
  deaf.clear();
  await until(() => of('web')?.state === 'up', 'up again');
  expect(of('web')?.code).toBeNull();
});

test('restarts are counted over a restart of the server, and anew when somebody restarts the process', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  expect(processes.status(app.id)[0]?.restarts).toBe(0);
  engine.crash(engine.containers()[0]!.id, 1);
  const web = (): Pick<ProcessStatus, 'state' | 'restarts'> | undefined => processes.status(app.id)[0];
  await until(() => web()?.state === 'crashed', 'crashed');
  expect(web()?.restarts).toBe(0);
  await until(() => web()?.state === 'up', 'up again');
  expect(web()?.restarts).toBe(1);
  await processes.close();
  startAgain();
  await begin();
  expect(web()).toMatchObject({ state: 'up', restarts: 1 });
  restart('web.1');
  await until(() => web()?.restarts === 0 && web()?.state === 'up', 'a fresh one');
});

test('what a killed server took out of the router is stopped by the next one when nobody uses it any more', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const [old] = engine.containers();
  let unused = (): void => undefined;
  draining.set(old!.id.slice(0, 12), new Promise((resolve) => (unused = resolve)));
  await ended(append({ web: 'w' }));
  await processes.close();
  startAgain();
  await begin();
  await until(
    () => processes.status(app.id).some((one) => one.releaseVersion === 1 && one.state === 'down'),
    'the old one on its way out',
  );
  await sleep(50);
  expect(engine.calls.filter((call) => call.startsWith('stop'))).toEqual([]);
  expect(running()).toEqual(['web.1 v1', 'web.1 v2']);
  unused();
  await untilRunning(['web.1 v2']);
});

test('a newer release supersedes one that has not switched', async () => {
  deaf.add('deaf');
  await begin();
  await ended(append({ web: 'w' }));
  const middle = append({ web: 'w' }, { MODE: 'deaf' });
  await untilRunning(['web.1 v1', 'web.1 v2']);
  const last = append({ web: 'w' });
  expect((await ended(last)).status).toBe('succeeded');
  expect(store.releases.byId(middle.id)).toMatchObject({
    status: 'expired',
    reason: expect.stringContaining('v3'),
  });
  await untilRunning(['web.1 v3']);
});

test('scaling up and down, to what runs and what is routed', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  scale('web', 3);
  await until(() => routed.processes.length === 3, 'three routed');
  scale('web', 1);
  await untilRunning(['web.1 v1']);
  expect(routed.processes).toHaveLength(1);
  scale('web', 0);
  await untilRunning([]);
  expect(routed).toEqual({ state: 'none', processes: [] });
  await until(() => engine.calls.some((call) => call.startsWith('removeNetwork')), 'network removed');
});

test('a build container that waits for the next push keeps no network; one that is made in it does', async () => {
  const spec = { image: 'twelve/app:1', env: {} };
  const labels = (kind: string) => ({ 'twelve.instance': 'test', 'twelve.kind': kind, 'twelve.app': app.id });
  const there = async (): Promise<number> => (await engine.networks()).length;
  await begin();
  await ended(append({ web: 'w' }));
  await engine.create({ ...spec, name: 'build', labels: labels('build') });
  const made = await engine.create({ ...spec, name: 'run', labels: labels('run') });
  scale('web', 0);
  await until(() => engine.containers().length === 2, 'web is gone');
  await processes.networkOf.remove(app.id);
  expect(await there()).toBe(1);
  await engine.remove(made);
  await processes.networkOf.remove(app.id);
  expect(await there()).toBe(0);
});

test('restart replaces every process by a fresh one', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const before = engine.containers()[0]!.id;
  const change = restart();
  await until(
    () => engine.containers().length === 1 && engine.containers()[0]!.id !== before,
    'another container',
  );
  expect((await outcome(change)).status).toBe('succeeded');
});

test('a failing release command leaves everything as it was', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  engine.behave((spec) =>
    spec.labels['twelve.kind'] === 'release'
      ? { exitAfterMs: 10, exitCode: 3, prints: ['migration failed'] }
      : undefined,
  );
  const failed = await ended(append({ web: 'w', release: 'r' }));
  expect(failed.reason).toMatch(/release command exited with status 3/);
  expect(failed.reason).toContain('migration failed');
  expect(running()).toEqual(['web.1 v1']);
});

test('a server that starts again adopts what runs and touches nothing', async () => {
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  scale('web', 2);
  await until(() => routed.processes.length === 2 && running().length === 3, 'three run');
  const ids = engine.containers().map((one) => one.id);
  await sleep(1100);
  await processes.close();
  const calls = engine.calls.length;
  startAgain();
  const routes = await processes.adopt();
  expect(routes).toMatchObject([{ appId: app.id, state: 'up', endpoints: [{}, {}] }]);
  processes.go();
  await sleep(200);
  expect(
    processes.status(app.id).map((one) => [one.state, Date.now() - Date.parse(one.updatedAt) > 1000]),
  ).toEqual([
    ['up', true],
    ['up', true],
    ['up', true],
  ]);
  expect(engine.containers().map((one) => one.id)).toEqual(ids);
  expect(engine.calls.slice(calls).filter((call) => /^(create|start|stop|remove|kill)/.test(call))).toEqual(
    [],
  );
});

// A kill of the server after each number of engine calls of a deploy.
test.each(Array.from({ length: 14 }, (_, index) => index))(
  'killed after %i changes of a deploy, the next server finishes it',
  async (changes) => {
    await begin();
    await ended(append({ web: 'w', worker: 'k' }));
    scale('worker', 1);
    await untilRunning(['web.1 v1', 'worker.1 v1']);
    const from = engine.calls.length;
    const release = append({ web: 'w', worker: 'k' });
    const count = (): number =>
      engine.calls.slice(from).filter((call) => /^(create|start|stop|remove|inspect)/.test(call)).length;
    await until(() => count() >= changes || store.releases.byId(release.id)?.status !== 'pending', 'so far');
    void processes.close();
    startAgain();
    await begin();
    expect((await ended(release)).status).toBe('succeeded');
    await untilRunning(['web.1 v2', 'worker.1 v2']);
    await until(() => engine.containers().length === 2, 'nothing left over');
    await until(() => routed.processes.length === 1, 'one routed');
  },
);

test('killed after the release command, the next server does not run it again', async () => {
  deaf.add('slow');
  await begin();
  await ended(append({ web: 'w' }));
  engine.behave((spec) => (spec.labels['twelve.kind'] === 'release' ? { exitAfterMs: 10 } : undefined));
  const release = append({ web: 'w', release: 'r' }, { MODE: 'slow' });
  await untilRunning(['web.1 v1', 'web.1 v2']);
  const booting = engine.containers().find((one) => processOf(one.spec) === 'web.1 v2')!.id;
  void processes.close();
  deaf.clear();
  startAgain();
  await begin();
  expect((await ended(release)).status).toBe('succeeded');
  await untilRunning(['web.1 v2']);
  const created = engine.calls.filter((call) => call.startsWith('create') && call.includes('release.1'));
  expect(created).toHaveLength(1);
  // What had begun to boot was kept, and the ended release process is gone.
  await until(() => engine.containers().length === 1, 'one container');
  expect(engine.containers()[0]!.id).toBe(booting);
});

test('an engine that goes away and comes back: what died meanwhile is started again', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const before = engine.containers()[0]!.id;
  engine.goAway();
  engine.crash(before, 137);
  await sleep(50);
  engine.comeBack();
  await until(() => running().length === 1 && engine.containers()[0]!.id !== before, 'started again');
  await until(() => routed.state === 'up', 'routed');
});

test('destroying an app stops all of it', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  store.apps.destroy(app.id);
  await processes.removeApp(app.id);
  expect(engine.containers()).toEqual([]);
});

test('a config change on top of a push still runs the release command of that push', async () => {
  deaf.add('slow');
  await begin();
  await ended(append({ web: 'w' }));
  engine.behave((spec) =>
    spec.labels['twelve.kind'] === 'release' ? { exitAfterMs: 5000, prints: ['migrating'] } : undefined,
  );
  const push = append({ web: 'w', release: 'r' });
  await until(() => engine.containers().some((one) => one.spec.labels['twelve.kind'] === 'release'), 'begun');
  engine.behave((spec) =>
    spec.labels['twelve.kind'] === 'release' ? { exitAfterMs: 10, exitCode: 3 } : undefined,
  );
  const config = store.transaction(() =>
    store.releases.append(app.id, userId, {
      version: push.version + 1,
      slugId: push.slugId,
      config: { A: '1' },
      cause: 'config',
      description: 'Set A config vars',
      commit: null,
    }),
  );
  processes.released(app.id);
  expect(await ended(config)).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('release command exited with status 3'),
  });
  expect(running()).toEqual(['web.1 v1']);
  // What never served is not what the next release is made from.
  expect(store.releases.base(app.id)?.version).toBe(1);
  await until(() => engine.containers().length === 1, 'no release process left');
});

test('a network whose subnet was not remembered is taken over', async () => {
  await engine.createNetwork({
    name: `twelve-test-${app.id.slice(0, 8)}`,
    subnet: '10.213.5.0/25',
    labels: { 'twelve.instance': 'test', 'twelve.app': app.id },
  });
  await begin();
  expect((await ended(append({ web: 'w' }))).status).toBe('succeeded');
  expect(store.apps.byId(app.id)?.subnet).toBe('10.213.5.0/25');
});

test('when the release cannot be written as serving, the old one serves', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const { setServing } = store.apps;
  store.apps.setServing = () => {
    throw new Error('disk full');
  };
  const failed = await ended(append({ web: 'w' }));
  store.apps.setServing = setServing;
  expect(failed).toMatchObject({ status: 'failed', reason: expect.stringContaining('disk full') });
  await untilRunning(['web.1 v1']);
  expect(routed.state).toBe('up');
});

test('a type that one release lacks runs again, as many as before, when it comes back', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  scale('web', 2);
  await untilRunning(['web.1 v1', 'web.2 v1']);
  await ended(append({ worker: 'k' }));
  await untilRunning([]);
  await ended(append({ web: 'w' }));
  await untilRunning(['web.1 v3', 'web.2 v3']);
});

test('release processes that a killed server left are removed', async () => {
  await begin();
  const release = await ended(append({ web: 'w' }));
  await processes.close();
  const id = await engine.create({
    name: 'left',
    image: 'twelve/app:1',
    env: {},
    labels: {
      'twelve.instance': 'test',
      'twelve.kind': 'release',
      'twelve.app': app.id,
      'twelve.release-id': release.id,
    },
  });
  await engine.start(id);
  startAgain();
  await begin();
  await until(() => !engine.containers().some((one) => one.id === id), 'removed');
});
