// The cron scheduler on a real store and a clock of our own: what is begun, what is told, what is not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseAppName } from '../../../platform/domain/app.ts';
import type { CronEntry } from '../../../platform/domain/cron.ts';
import type { ProcessStatus } from '../../../platform/domain/process.ts';
import { type Cron, createCron } from '../../../platform/processes/cron.ts';
import type { CronProcess } from '../../../platform/processes/cron-mark.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { plainSlug } from '../../support/plain-slug.ts';

let folder: string;
let store: Store;
let appId: string;
let userId: string;
let cron: Cron;
/** Commands that were started, with the minute. */
let started: string[];
let log: string[];
let refusal: Error | null;
/** What still runs of an entry. */
let running: CronProcess[];
/** How long it takes to end that. */
let stopping: () => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers({
    now: Date.parse('2026-01-01T00:00:10Z'),
    toFake: ['Date', 'setTimeout', 'clearTimeout'],
  });
  folder = mkdtempSync(join(tmpdir(), 'twelve-cron-'));
  store = openStore({ folder, create: true });
  userId = store.users.create('a@example.com').id;
  appId = store.apps.create(parseAppName('hello'), userId, 'debian-13').id;
  [started, log, refusal, running] = [[], [], null, []];
  stopping = async () => undefined;
  cron = newServer();
});
afterEach(() => {
  cron.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  store.close();
  rmSync(folder, { recursive: true });
});

function newServer(): Cron {
  return createCron({
    store,
    logs: { write: (_app, { process, text }) => void log.push(`${process}: ${text}`) },
    start: async (_app, { command }) => {
      if (refusal) throw refusal;
      started.push(`${command} ${new Date().toISOString().slice(11, 16)}`);
      return { name: `run.${started.length}` } as ProcessStatus;
    },
    started: async () => running,
    stop: () => stopping(),
    now: Date.now,
    onProblem: (message) => void log.push(`problem: ${message}`),
  });
}

const entry = (command: string, schedule: string, more: Partial<CronEntry> = {}): CronEntry => ({
  ...{ id: `id-${command}`, timezone: 'UTC', policy: 'allow', maintenance: false },
  command,
  schedule,
  ...more,
});

/** A release with these entries begins to serve. */
function serve(...entries: CronEntry[]): void {
  const slug = store.slugs.insert(plainSlug(appId, { processTypes: {}, declared: { cron: entries } }));
  const version = (store.releases.newest(appId)?.version ?? 0) + 1;
  store.releases.append(appId, userId, {
    ...{ version, slugId: slug.id, config: {}, cause: 'push', description: 'Deploy', commit: null },
  });
  store.apps.setServing(appId, version);
  cron.changed(appId);
}
const until = (clock: string): Promise<unknown> =>
  vi.advanceTimersByTimeAsync(Date.parse(`2026-01-01T${clock}Z`) - Date.now());
const status = () => cron.status(store.apps.byId(appId)!);
/** Back after a while in which no server ran. */
async function backAt(clock: string): Promise<void> {
  cron.close();
  vi.setSystemTime(Date.parse(`2026-01-01T${clock}Z`));
  cron = newServer();
  await cron.begin();
  await vi.advanceTimersByTimeAsync(0);
}

test('each entry runs when it is due, from the release that declares it to the one that does not', async () => {
  await cron.begin();
  serve(entry('often', '*/2 * * * *'), entry('seldom', '5 * * * *'));
  await until('00:05:30');
  expect(started).toEqual(['often 00:02', 'often 00:04', 'seldom 00:05']);
  expect(status().map(({ nextAt }) => nextAt)).toEqual([
    '2026-01-01T00:06:00.000Z',
    '2026-01-01T01:05:00.000Z',
  ]);
  serve(entry('seldom', '5 * * * *'));
  await until('01:05:30');
  expect(started.slice(3)).toEqual(['seldom 01:05']);
  expect(log[0]).toBe('cron: Run of id-often, due 2026-01-01T00:02:00Z: run.1');
  expect(log).toHaveLength(4);
});

test('what was due in a downtime is told once, and not made up for', async () => {
  await cron.begin();
  serve(entry('often', '*/10 * * * *'), entry('seldom', '30 0 * * *'));
  await until('00:10:30');
  expect(started).toHaveLength(1);
  await backAt('00:45:00');
  expect(started).toHaveLength(1);
  const missed = log.filter((line) => line.includes('Missed'));
  expect(missed).toEqual([
    'cron: Missed 3 runs of id-often (often) between 2026-01-01T00:20:00Z and 2026-01-01T00:40:00Z: the server was not running. Run it now: twelve cron:run id-often',
    'cron: Missed 1 run of id-seldom (seldom) due 2026-01-01T00:30:00Z: the server was not running. Run it now: twelve cron:run id-seldom',
  ]);
  expect(status()[0]!.record.missed).toMatchObject({ count: 3, from: '2026-01-01T00:20:00.000Z' });
  await backAt('00:46:00');
  expect(log.filter((line) => line.includes('Missed'))).toEqual(missed);
  await until('00:50:10');
  expect(started).toEqual(['often 00:10', 'often 00:50']);
});

test('a server that is back within half a minute starts what was due', async () => {
  await cron.begin();
  serve(entry('job', '*/10 * * * *'));
  await backAt('00:10:20');
  expect(started).toEqual(['job 00:10']);
  expect(log.some((line) => line.includes('Missed'))).toBe(false);
});

test('a clock that leaps is noticed, forward and back', async () => {
  await cron.begin();
  serve(entry('job', '0 * * * *'));
  vi.setSystemTime(Date.parse('2026-01-01T02:30:00Z'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(started).toEqual([]);
  expect(log).toEqual([
    expect.stringMatching(/^cron: Missed 2 runs .*: the clock was set, or the machine slept\./),
  ]);
  await until('03:00:10');
  vi.setSystemTime(Date.parse('2026-01-01T02:50:00Z'));
  await until('03:30:00');
  expect(started).toEqual(['job 03:00']);
  await until('04:00:10');
  expect(started).toEqual(['job 03:00', 'job 04:00']);
});

test('nothing runs, and nothing counts as missed, while it is suspended or the app is in maintenance', async () => {
  await cron.begin();
  const quiet = async (clock: string): Promise<void> => {
    cron.changed(appId);
    const before = started.length;
    await until(clock);
    expect(started).toHaveLength(before);
  };
  serve(entry('job', '*/10 * * * *'), entry('resting', '*/10 * * * *', { maintenance: true }));
  store.cron.suspend(appId, 'id-job', true);
  await quiet('00:25:00');
  expect(status().map(({ pause, nextAt }) => [pause, nextAt])).toEqual([
    ['suspended', null],
    ['suspended', null],
  ]);
  store.cron.suspend(appId, 'id-job', false);
  store.apps.setMaintenance(appId, true);
  await quiet('00:45:00');
  expect(status().map(({ pause }) => pause)).toEqual(['maintenance', 'suspended']);
  store.apps.setMaintenance(appId, false);
  store.cron.suspendAll(appId, true);
  await quiet('01:05:00');
  store.cron.suspendAll(appId, false);
  store.cron.suspend(appId, 'id-resting', false);
  cron.changed(appId);
  await until('01:10:10');
  expect(started).toEqual(['job 01:10', 'resting 01:10']);
  expect(log.filter((line) => !line.includes('Run of'))).toEqual([]);
});

test('somebody may run one that is suspended; one that is not there is named', async () => {
  await cron.begin();
  serve(entry('job', '0 0 1 1 *', { maintenance: true }));
  const app = store.apps.byId(appId)!;
  expect((await cron.run(app, 'id-job')).name).toBe('run.1');
  expect(status()[0]!.record.run).toMatchObject({ dueAt: null, process: 'run.1', endedAt: null });
  await expect(cron.run(app, 'other')).rejects.toMatchObject({
    code: 'not_found',
    message: 'hello has no cron entry "other". "twelve cron" lists those of the release that serves.',
  });
});

test('one that cannot be started is told, and the next one is tried', async () => {
  await cron.begin();
  serve(entry('job', '*/10 * * * *'));
  refusal = new Error('the engine is away');
  await until('00:10:10');
  expect(log).toEqual([
    'cron: The run of id-job due 2026-01-01T00:10:00Z was not started: the engine is away',
  ]);
  expect(status()[0]!.record.run).toMatchObject({
    failure: 'the engine is away',
    status: null,
    process: null,
  });
  refusal = null;
  await until('00:20:10');
  expect(started).toEqual(['job 00:20']);
});

test('a run of which a server before us knew the beginning alone is told', async () => {
  await cron.begin();
  serve(entry('job', '*/10 * * * *'));
  store.cron.began(appId, 'id-job', {
    ...{ id: 'r1', dueAt: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:01.000Z' },
  });
  await backAt('00:01:00');
  expect(log).toEqual([
    'cron: The run of id-job due 2026-01-01T00:00:00Z: the server was stopped before it began',
  ]);
  await backAt('00:02:00');
  expect(log).toHaveLength(1);
});

/** One of every minute whose next run is due while the run before it is being ended; the server stops meanwhile. */
async function stoppedWhileReplacing(): Promise<void> {
  await cron.begin();
  serve(entry('job', '* * * * *', { policy: 'replace' }));
  running = [{ ...{ entry: 'id-job', run: 'r1', process: 'run.7', running: true }, appId }];
  let end = (): void => undefined;
  stopping = () => new Promise((resolve) => (end = resolve));
  await until('00:02:05');
  expect(log.filter((line) => line.startsWith('run.7: Stopping'))).toHaveLength(1);
  cron.close();
  // As far as it still goes: it must not begin now what the next server takes up.
  end();
  await vi.advanceTimersByTimeAsync(0);
  expect(started).toEqual([]);
  log.length = 0;
  running = [];
}

test('runs that wait for the end of the one before, when the server stops, are told as missed by the next one', async () => {
  await stoppedWhileReplacing();
  await backAt('00:04:50');
  expect(log).toEqual([
    'cron: Missed 4 runs of id-job (job) between 2026-01-01T00:01:00Z and 2026-01-01T00:04:00Z: the server was not running. Run it now: twelve cron:run id-job',
  ]);
  expect(status()[0]!.record.missed).toMatchObject({ count: 4 });
  await backAt('00:04:55');
  expect(log).toHaveLength(1);
  await until('00:05:10');
  expect(started).toEqual(['job 00:05']);
});

test('of those the one that is late by no more than half a minute is started', async () => {
  await stoppedWhileReplacing();
  await backAt('00:02:20');
  expect(log).toEqual([
    expect.stringContaining('Missed 1 run of id-job (job) due 2026-01-01T00:01:00Z'),
    'cron: Run of id-job, due 2026-01-01T00:02:00Z: run.1',
  ]);
  expect(started).toEqual(['job 00:02']);
});

test('such a run is told also when its entry is suspended by then', async () => {
  await stoppedWhileReplacing();
  store.cron.suspend(appId, 'id-job', true);
  store.cron.watch(appId, 'id-job', null);
  await backAt('00:10:00');
  const said = (minute: number): string =>
    `cron: Missed 1 run of id-job due 2026-01-01T00:0${minute}:00Z: the server was stopped before it began`;
  expect(log).toEqual([said(1), said(2)]);
});

test('a store that fails for a while is told, fails nobody, and is asked again', async () => {
  await cron.begin();
  const { transaction } = store;
  const broken = (): never => {
    throw new Error('the disk is full');
  };
  store.transaction = broken;
  serve(entry('job', '*/10 * * * *'));
  expect(log).toEqual(['problem: Cron: the disk is full; trying again']);
  store.transaction = transaction;
  await until('00:10:10');
  expect(started).toEqual(['job 00:10']);
  store.transaction = broken;
  await until('00:20:12');
  expect(log.slice(2)).toEqual(Array(3).fill('problem: Cron entry id-job: the disk is full; trying again'));
  store.transaction = transaction;
  await until('00:20:20');
  expect(started).toEqual(['job 00:10', 'job 00:20']);
});

test('of an app that is gone nothing runs', async () => {
  await cron.begin();
  serve(entry('job', '*/10 * * * *'));
  store.apps.destroy(appId);
  store.cron.removeAll(appId);
  cron.changed(appId);
  await until('01:00:10');
  expect([...started, ...log]).toEqual([]);
});
