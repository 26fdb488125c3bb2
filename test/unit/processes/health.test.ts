// Health checks in the process room: what they gate, take out of the router, start again; and how they are switched off.
import { expect, test } from 'vitest';
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
  routed,
  running,
  scale,
  startAgain,
  store,
  until,
  untilRunning,
} from './ground.ts';

const web = webChecks('startup');
const no = async () => ({ ok: false as const, said: 'status 503: "not yet"' });
const yes = async () => ({ ok: true as const });
const set = (key: string, value: string): void => store.processSettings.replace(app.id, { [key]: value });

test('a startup check that fails keeps the old release serving, and says which, and what it was answered', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  answerChecks(no);
  const failed = await ended(append({ web: 'w' }, {}, web()));
  expect(failed.status).toBe('failed');
  expect(failed.reason).toBe(
    'Error R10 (Boot timeout): web.1 did not become ready: its startup check "ready" failed (2 attempts): GET /ready on port 5006 gave status 503: "not yet".',
  );
  expect(lines).toContain(
    'web.1: Error R10 (Boot timeout) -> Startup check "ready" failed (2 attempts): GET /ready on port 5006 gave status 503: "not yet"',
  );
  await untilRunning(['web.1 v1']);
  expect(routed.state).toBe('up');
  expect(store.apps.byId(app.id)?.servingVersion).toBe(1);
});

test('a startup check on $PORT stands in place of the wait for the port; another does not', async () => {
  deaf.add('deaf');
  await begin();
  expect((await ended(append({ web: 'w' }, { MODE: 'deaf' }, web()))).status).toBe('succeeded');
  const command = web({ probe: { how: 'command', command: 'true' } });
  const failed = await ended(append({ web: 'w' }, { MODE: 'deaf' }, command));
  expect(failed.reason).toContain('did not listen on port $PORT');
});

test('a worker is up when its startup check passes, and not before', async () => {
  await begin();
  await ended(append({ worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['worker.1 v1']);
  let asked = 0;
  answerChecks(async () => (++asked < 3 ? no() : yes()));
  const probe = { how: 'command', command: 'bin/alive' } as const;
  const release = await ended(append({ worker: 'k' }, {}, { worker: [healthCheck({ probe, attempts: 5 })] }));
  expect(release.status).toBe('succeeded');
  expect(asked).toBe(3);
});

test('a check that only warns is told and holds nothing up', async () => {
  await begin();
  answerChecks(no);
  expect((await ended(append({ web: 'w' }, {}, web({ warn: true })))).status).toBe('succeeded');
  expect(lines).toContainEqual(expect.stringMatching(/^web\.1: Warning: startup check "ready" failed/));
});

test('readiness takes a web process out of the router and puts it back; the process goes on', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web({ type: 'readiness' })));
  const [before] = processes.status(app.id);
  answerChecks(no);
  await until(() => routed.processes.length === 0, 'out of the router');
  expect(running()).toEqual(['web.1 v1']);
  expect(lines).toContainEqual(expect.stringMatching(/^web\.1: Readiness check .* It gets no requests/));
  answerChecks(yes);
  await until(() => routed.processes.length === 1, 'back');
  expect(processes.status(app.id)).toMatchObject([{ id: before!.id, state: 'up', restarts: 0 }]);
});

test('a release whose readiness never passes does not take over', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  answerChecks(no);
  const failed = await ended(append({ web: 'w' }, {}, web({ type: 'readiness' })));
  expect(failed).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('readiness check "ready"'),
  });
  await untilRunning(['web.1 v1']);
});

test('liveness starts a process again, which counts as a restart', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web({ type: 'liveness' })));
  const [before] = processes.status(app.id);
  answerChecks(no);
  await until(() => lines.includes('web.1: State changed from up to crashed'), 'crashed');
  answerChecks(yes);
  await until(() => {
    const [now] = processes.status(app.id);
    return now?.state === 'up' && now.id !== before!.id;
  }, 'up again');
  expect(processes.status(app.id)).toMatchObject([{ restarts: 1 }]);
  expect(running()).toEqual(['web.1 v1']);
});

test('a failed check runs its command in the container', async () => {
  const ran: string[][] = [];
  engine.behave(() => ({
    exec(command) {
      ran.push([...command]);
      return { exitCode: 0, output: '' };
    },
  }));
  await begin();
  answerChecks(no);
  await ended(append({ web: 'w' }, {}, web({ onFailure: 'bin/dump' })));
  expect(ran.filter((command) => command.includes('bin/dump'))).toHaveLength(1);
});

test('checks=off: none is asked', async () => {
  set('checks.web', 'off');
  await begin();
  answerChecks(no);
  expect((await ended(append({ web: 'w' }, {}, web()))).status).toBe('succeeded');
});

test('the next server does not end what served because a startup check fails for a moment', async () => {
  await begin();
  await ended(append({ web: 'w' }, {}, web()));
  await processes.close();
  answerChecks(no);
  startAgain();
  await begin();
  await until(() => processes.status(app.id)[0]?.state === 'up', 'up');
  expect(running()).toEqual(['web.1 v1']);
});

test('rollout.web=replace: the old one is gone before the new one starts, and comes back when that fails', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  set('rollout.web', 'replace');
  let most = 0;
  const count = setInterval(() => {
    most = Math.max(most, running().length);
  }, 1);
  expect((await ended(append({ web: 'w' }))).status).toBe('succeeded');
  await untilRunning(['web.1 v2']);
  answerChecks(no);
  expect((await ended(append({ web: 'w' }, {}, web()))).status).toBe('failed');
  await untilRunning(['web.1 v2']);
  clearInterval(count);
  expect(most).toBe(1);
  await until(() => routed.processes.length === 1, 'routed');
});

test('rollout.worker=overlap: the old worker goes on until the new one is up', async () => {
  set('rollout.worker', 'overlap');
  await begin();
  await ended(append({ worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['worker.1 v1']);
  append({ worker: 'k' });
  await untilRunning(['worker.1 v1', 'worker.1 v2']);
  await untilRunning(['worker.1 v2']);
});

test('parallel=1: processes start one after another', async () => {
  set('parallel', '1');
  await begin();
  await ended(append({ web: 'w' }));
  let most = 0;
  const count = setInterval(() => {
    most = Math.max(most, processes.status(app.id).filter((one) => one.state === 'starting').length);
  }, 1);
  scale('web', 4);
  await until(() => processes.status(app.id).filter((one) => one.state === 'up').length === 4, 'four up');
  clearInterval(count);
  expect(most).toBe(1);
});

test('release-on: the release command runs after a config change or rollback only where that is set', async () => {
  const types = { web: 'w', release: 'migrate' };
  const releaseRuns = (): number =>
    engine.calls.filter((call) => call.startsWith('create') && call.includes('release.1')).length;
  engine.behave((spec) => (spec.labels['twelve.kind'] === 'release' ? { exitAfterMs: 10 } : undefined));
  await begin();
  await ended(append(types));
  expect(releaseRuns()).toBe(1);
  await ended(append(types, {}, {}, 'rollback'));
  expect(releaseRuns()).toBe(1);
  set('release-on', 'deploy,rollback');
  expect((await ended(append(types, {}, {}, 'rollback'))).status).toBe('succeeded');
  expect(releaseRuns()).toBe(2);
});
