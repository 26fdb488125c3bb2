// Live readers: history, then what comes, each line once; slow ones are told what they missed.
import { afterEach, expect, it } from 'vitest';
import type { StoredLine } from '../../../platform/domain/log-line.ts';
import { type AppLog, openAppLog } from '../../../platform/logs/app-log.ts';
import { createFrameBuilder } from '../../../platform/logs/format.ts';
import { gatherObjects } from '../../../platform/logs/reader.ts';
import { openTail, type Tail, type TailQuery } from '../../../platform/logs/tail.ts';
import { temporaryFolder } from './engine-files.ts';

const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
const opened: AppLog[] = [];
afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
});

function openLog(folder: string, budgetBytes = 50 << 20): AppLog {
  const log = openAppLog({ folder, budgetBytes, routerShare: 0.25, builders });
  opened.push(log);
  return log;
}

function write(log: AppLog, process: string, from: number, to: number, fill = ''): void {
  log.append((batch) => {
    for (let i = from; i <= to; i++) batch.text('app', process, `${i}${fill}`, 1);
  });
}

async function take(tail: Tail<StoredLine[]>, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const batch = await tail.next();
    if (!('lines' in batch)) throw new Error(`expected lines, got ${JSON.stringify(batch)}`);
    found.push(...batch.lines.map((line) => Number.parseInt(line.text, 10)));
  }
  return found;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

it.each<[string, Omit<TailQuery, 'filter'>, number]>([
  ['the newest lines', { lines: 10 }, 991],
  ['everything', { lines: 1e6 }, 1],
  ['nothing old', { lines: 0 }, 1001],
  ['all after a number', { lines: 10, after: 700 }, 701],
  ['all after a number that was never given', { lines: 10, after: 1e9 }, 1001],
])('gives %s, then what comes', async (_, query, first) => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  write(log, 'web.1', 1, 1000);
  const tail = openTail(log, { ...query, filter: {} }, gatherObjects());
  write(log, 'web.1', 1001, 1003);
  expect(await take(tail, 1003 - first + 1)).toEqual(range(first, 1003));
  const next = take(tail, 3);
  write(log, 'web.1', 1004, 1006);
  expect(await next).toEqual([1004, 1005, 1006]);
  tail.close();
  expect(await tail.next()).toEqual({ end: true });
});

it('filters, and wakes only for what it shows', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const tail = openTail(log, { lines: 5, filter: { process: 'web' } }, gatherObjects());
  const first = tail.next();
  write(log, 'worker.1', 1, 5);
  await new Promise((resolve) => setTimeout(resolve, 20));
  write(log, 'web.2', 6, 6);
  expect(await first).toEqual({
    lines: [expect.objectContaining({ text: '6', process: 'web.2', sequence: 6 })],
    at: 6,
  });
  tail.close();
});

it('ends a waiting reader', async () => {
  using folder = temporaryFolder();
  const tail = openTail(openLog(folder.path), { lines: 5, filter: {} }, gatherObjects());
  const waiting = tail.next();
  await new Promise((resolve) => setTimeout(resolve, 10));
  tail.close();
  expect(await waiting).toEqual({ end: true });
});

it('looks no further through the log for a reader that has left', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  for (let i = 0; i < 24; i++) write(log, 'web.1', i * 1000 + 1, i * 1000 + 1000, 'x'.repeat(1000));
  const turnsUntil = async (waiting: Promise<unknown>): Promise<number> => {
    let done = false;
    void waiting.then(() => {
      done = true;
    });
    let turns = 0;
    for (; !done; turns++) await new Promise(setImmediate);
    return turns;
  };
  const search = () => openTail(log, { lines: 5, filter: { text: 'nowhere' }, once: true }, gatherObjects());
  const patient = search();
  expect(await turnsUntil(patient.next())).toBeGreaterThan(10);
  patient.close();
  const tail = search();
  const waiting = tail.next();
  await new Promise(setImmediate);
  tail.close();
  expect(await turnsUntil(waiting)).toBeLessThan(5);
  expect(await waiting).toEqual({ end: true });
});

it('reads all that is kept at its own pace, and tells what the budget dropped before', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path, 1 << 20);
  write(log, 'web.1', 1, 10);
  const tail = openTail(log, { lines: 10, filter: {} }, gatherObjects());
  expect(await take(tail, 10)).toEqual(range(1, 10));
  for (let at = 11; at <= 10_000; at += 10) write(log, 'web.1', at, at + 9, 'x'.repeat(300));
  const batch = await tail.next();
  if (!('missed' in batch)) throw new Error('nothing missed');
  const first = 11 + batch.missed;
  expect(first).toBeGreaterThan(5000);
  expect(await take(tail, 10_000 - first + 1)).toEqual(range(first, 10_000));
  tail.close();
});

it('goes on after a reopening, from the last number it gave', async () => {
  using folder = temporaryFolder();
  const seen: number[] = [];
  for (let opening = 1; opening <= 4; opening++) {
    const log = openLog(folder.path);
    const tail = openTail(log, { lines: 0, filter: {}, after: seen.length }, gatherObjects());
    write(log, 'web.1', (opening - 1) * 1000 + 1, opening * 1000);
    // All but the last reader go away in the middle.
    const wanted = opening < 4 ? opening * 600 : 4000;
    while (seen.length < wanted) seen.push(...(await take(tail, 1)));
    tail.close();
    await log.close();
  }
  expect(seen).toEqual(range(1, 4000));
});

/** What a query of all from a time on is told at its beginning; lines have their number as time. */
async function toldOf(log: AppLog, query: Partial<TailQuery>) {
  const tail = openTail(
    log,
    { lines: Number.POSITIVE_INFINITY, filter: {}, once: true, ...query },
    gatherObjects(),
  );
  const batch = await tail.next();
  tail.close();
  return 'missed' in batch ? batch : undefined;
}

it('says from when on lines are kept, where a query of all from a time on begins before', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path, 1 << 20);
  const put = (process: string, from: number, to: number): void =>
    log.append((batch) => {
      for (let i = from; i <= to; i++)
        batch.text(process === 'router' ? 'twelve' : 'app', process, `${i}${'x'.repeat(300)}`, i);
    });
  put('web.1', 1, 100);
  expect(await toldOf(log, { filter: { since: 0 } })).toBeUndefined();
  for (let at = 101; at <= 5100; at += 50) put('router', at, at + 49);
  const requests = log.router.segments[0]!.first;
  expect(requests).toBeGreaterThan(101);
  expect(await toldOf(log, { filter: { since: 50 } })).toEqual({ missed: 0, at: 0, gone: { requests } });
  expect(await toldOf(log, { filter: { since: 50, source: 'app' } })).toBeUndefined();
  expect(await toldOf(log, { filter: { since: 50, process: 'web' } })).toBeUndefined();
  expect(await toldOf(log, { filter: { since: requests } })).toBeUndefined();
  for (let at = 5101; at <= 9100; at += 50) put('web.1', at, at + 49);
  const others = log.general.segments[0]!.first;
  expect(others).toBeGreaterThan(5101);
  const gone = { requests, others };
  expect(await toldOf(log, { filter: { since: 50 } })).toMatchObject({ missed: 0, gone });
  expect(await toldOf(log, { filter: { since: 50, until: 60 } })).toMatchObject({ gone });
  expect(await toldOf(log, { filter: { since: others - 1 } })).toMatchObject({ gone: { others } });
  expect(await toldOf(log, { filter: { since: 50, process: 'router' } })).toMatchObject({
    gone: { requests },
  });
  expect(await toldOf(log, { filter: { since: 50, process: 'web' } })).toMatchObject({ gone: { others } });
  expect(await toldOf(log, { lines: 10, filter: { since: 50 } })).toBeUndefined();
  expect(await toldOf(log, { filter: { since: 50 }, after: 0, once: false })).not.toHaveProperty('gone');
  expect(await toldOf(log, {})).toBeUndefined();
  const tail = openTail(
    log,
    { lines: Number.POSITIVE_INFINITY, filter: { since: others - 1 }, marks: true },
    gatherObjects(),
  );
  expect(await tail.next()).toEqual({ missed: 0, at: others - 1, gone: { others } });
  expect((await take(tail, 1))[0]).toBe(others);
  tail.close();
});
