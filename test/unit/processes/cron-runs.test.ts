// Runs of cron entries on an engine: policies, their ends, and a server that comes after another.
import { beforeEach, expect, test } from 'vitest';
import type { CronEntry, CronPolicy, CronRun } from '../../../platform/domain/cron.ts';
import { type CronRuns, createCronRuns } from '../../../platform/processes/cron-runs.ts';
import type { OneOffs } from '../../../platform/processes/one-off.ts';
import {
  app,
  append,
  begin,
  deaf,
  ended,
  engine,
  newNeeds,
  newOneOffs,
  orderOf,
  scale,
  served,
  store,
  until,
} from './ground.ts';

let oneOffs: OneOffs;
let runs: CronRuns;
let log: string[];

const entry = (policy: CronPolicy, id = 'job'): CronEntry => ({
  ...{ id, command: 'bin/job', schedule: '* * * * *', timezone: 'UTC', maintenance: false },
  policy,
});
const dueAt = Date.parse('2026-01-01T00:00:00Z');
const due = (policy: CronPolicy, minute = 0): Promise<void> =>
  runs.due(store.apps.byId(app.id)!, entry(policy), dueAt + minute * 60_000);
const up = () => engine.containers().filter(({ details }) => details.state === 'running');
const last = (): CronRun | null => store.cron.ofApp(app.id).get('job')?.run ?? null;
const told = (part: string): string[] => log.filter((line) => line.includes(part));

beforeEach(async () => {
  log = [];
  await begin();
  await ended(append({ other: 'k' }));
  newServer();
});

function newServer(): void {
  const needs = {
    ...newNeeds(),
    onCronEnded: (...end: Parameters<CronRuns['ended']>) => runs.ended(...end),
  };
  needs.logs = { ...needs.logs, write: (_app, { process, text }) => void log.push(`${process}: ${text}`) };
  oneOffs = newOneOffs(needs);
  runs = createCronRuns({
    store,
    logs: needs.logs,
    start: (one, { command }, cron) => {
      const order = orderOf(store.releases.byVersion(one.id, 1)!, command);
      return oneOffs.create({ ...order, app: one, cron, attached: false });
    },
    started: () => oneOffs.ofCron(),
    stop: (appId, process) => oneOffs.stop(appId, process),
    now: Date.now,
  });
}

test('a run is a one-off process; its exit status is kept, and nothing else of it', async () => {
  await due('allow');
  expect(last()).toMatchObject({ dueAt: '2026-01-01T00:00:00.000Z', endedAt: null, status: null });
  const [container] = up();
  expect(container!.spec.labels).toMatchObject({ 'twelve.kind': 'run', 'twelve.command': 'bin/job' });
  engine.crash(container!.id, 3);
  await until(() => last()?.endedAt !== null, 'its end is known');
  const process = last()!.process!;
  expect(last()).toMatchObject({ status: 3, failure: null, process: expect.stringMatching(/^run\.\d{4}$/) });
  expect(log).toEqual([
    `${process}: Starting process with command \`bin/job\``,
    `${process}: State changed from starting to up`,
    `cron: Run of job, due 2026-01-01T00:00:00Z: ${process}`,
    `${process}: Process exited with status 3`,
    `${process}: State changed from up to complete`,
  ]);
  await until(() => engine.containers().length === 0, 'removed');
});

test('allow: one more runs beside it, and the newest one is what is shown', async () => {
  await due('allow');
  const [first] = up();
  await due('allow', 1);
  expect(up()).toHaveLength(2);
  const newest = last()!.process;
  engine.crash(first!.id, 1);
  await until(() => up().length === 1 && told('exited').length === 1, 'the first has ended');
  expect(last()).toMatchObject({ process: newest, endedAt: null });
});

test('forbid: the next one is left out and told, until it has ended; of another entry it may run', async () => {
  await due('forbid');
  const { process } = last()!;
  await due('forbid', 1);
  await due('forbid', 2);
  expect(told('left out')).toEqual(
    ['00:01', '00:02'].map(
      (clock) =>
        `cron: The run of job due 2026-01-01T${clock}:00Z was left out: ${process} still runs (concurrency_policy forbid)`,
    ),
  );
  expect(store.cron.ofApp(app.id).get('job')?.skipped).toBe(2);
  await expect(runs.wanted(store.apps.byId(app.id)!, entry('forbid'))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`twelve ps:stop ${process} -a hello`),
  });
  await runs.due(store.apps.byId(app.id)!, entry('forbid', 'another'), dueAt);
  expect(up()).toHaveLength(2);
  engine.crash(up()[0]!.id, 0);
  await until(() => last()?.endedAt !== null, 'it has ended');
  await due('forbid', 3);
  expect(last()).toMatchObject({ dueAt: '2026-01-01T00:03:00.000Z', endedAt: null });
  expect(store.cron.ofApp(app.id).get('job')?.skipped).toBe(0);
});

test('two that are due at the same moment are one, where the policy forbids two', async () => {
  await Promise.all([due('forbid'), due('forbid', 1)]);
  expect(up()).toHaveLength(1);
  expect(told('left out')).toHaveLength(1);
});

test('replace: it is stopped before the next one begins', async () => {
  await due('replace');
  const [first] = up();
  await due('replace', 1);
  expect(up().map(({ id }) => id)).not.toContain(first!.id);
  expect(up()).toHaveLength(1);
  expect(told('Stopping: the next run of its cron entry begins')).toHaveLength(1);
  expect(last()).toMatchObject({ dueAt: '2026-01-01T00:01:00.000Z', endedAt: null });
});

test.each(['forbid', 'replace'] as const)(
  '%s: the next server knows what the one before began',
  async (policy) => {
    await due(policy);
    const [first] = up();
    newServer();
    await oneOffs.adopt();
    await runs.settle();
    expect(last()).toMatchObject({ endedAt: null });
    await due(policy, 1);
    expect(up()).toHaveLength(1);
    expect(up()[0]!.id === first!.id).toBe(policy === 'forbid');
  },
);

test('one that ended while no server ran has its exit status', async () => {
  await due('allow');
  // The server before us follows it no further: the engine was out of its reach.
  const [first] = up();
  engine.goAway();
  engine.comeBack();
  newServer();
  engine.crash(first!.id, 7);
  await oneOffs.adopt();
  await runs.settle();
  await until(() => last()?.endedAt !== null, 'its end is known');
  expect(last()).toMatchObject({ status: 7, failure: null });
  expect(told('it is not known')).toEqual([]);
});

test('one of which nothing is left at the next start is told so', async () => {
  await due('allow');
  const name = last()!.process;
  store.cron.began(app.id, 'job', { id: 'gone', dueAt: null, startedAt: '2026-01-01T00:00:00.000Z' });
  store.cron.named(app.id, 'gone', 'run.1');
  newServer();
  await runs.settle();
  expect(told('cron: The run')).toEqual([
    'cron: The run of job asked for 2026-01-01T00:00:00Z: it is not known how it ended',
  ]);
  expect(name).not.toBe('run.1');
});

test('one that the engine does not start is told, with the reason', async () => {
  engine.goAway();
  await due('allow');
  expect(told('was not started')).toHaveLength(1);
  expect(last()).toMatchObject({ status: null, failure: expect.any(String), endedAt: expect.any(String) });
  engine.comeBack();
});

test('that another release serves is said when it does, and not of one that failed', async () => {
  await ended(append({ other: 'k', web: 'k' }));
  expect(served).toEqual([`${app.id} v1`, `${app.id} v2`]);
  scale('web', 1);
  deaf.add('deaf');
  expect(await ended(append({ web: 'k' }, { MODE: 'deaf' }))).toMatchObject({ status: 'failed' });
  expect(served).toHaveLength(2);
});

test('a run whose end could not be stored does not stay behind the next one, to be missed for years', async () => {
  store.cron.takeOn(app.id, 'job', '2020-01-01T00:00:00.000Z');
  store.cron.takeOn(app.id, 'job', new Date(dueAt).toISOString());
  store.cron.takeOn(app.id, 'job', new Date(dueAt + 60_000).toISOString());
  await due('allow');
  expect(store.cron.waiting().map((one) => one.dueAt)).toEqual(['2026-01-01T00:01:00.000Z']);
});
