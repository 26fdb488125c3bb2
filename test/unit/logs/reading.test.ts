// Which lines a query gets: the same as a look at every line would give, from files as they were written and compressed ones.
import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { LogFilter, StoredLine } from '../../../platform/domain/log-line.ts';
import { type AppLog, openAppLog } from '../../../platform/logs/app-log.ts';
import { createFrameBuilder, nameOf } from '../../../platform/logs/format.ts';
import { createPresser } from '../../../platform/logs/press.ts';
import { gatherObjects } from '../../../platform/logs/reader.ts';
import { blocksOf } from '../../../platform/logs/segment-file.ts';
import { openTail } from '../../../platform/logs/tail.ts';
import { temporaryFolder } from './engine-files.ts';

const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
const start = 1_795_000_000_000_000;
const second = 1_000_000;
const count = 8000;
const names = ['web.1', 'web.2', 'web.11', 'worker.1', 'router', 'api', 'website.1'];

/** One line a second, a little out of order, of several processes and releases. */
function lineOf(number: number): StoredLine {
  const process = names[(number * 7919) % names.length]!;
  return {
    sequence: number,
    time: start + number * second + ((number * 31) % 7) * second,
    source: process === 'router' || process === 'api' ? 'twelve' : 'app',
    process,
    text: `line ${number} ${number % 1000 === 7 ? 'nädel ' : ''}${'ab'.repeat((number * 13) % 60)}`,
    ...(process === 'api' ? {} : { release: 10 + Math.floor(number / 5000) }),
  };
}
const lines = Array.from({ length: count }, (_, index) => lineOf(index + 1));

async function openFilled(folder: string, pressed: boolean): Promise<AppLog> {
  const presser = createPresser();
  const needs = { folder, budgetBytes: 1 << 20, routerShare: 0.5, builders };
  const log = openAppLog(pressed ? { ...needs, presser } : needs);
  for (let from = 0; from < count; from += 250)
    log.append((batch) => {
      for (const { source, process, release, time, text } of lines.slice(from, from + 250)) {
        const bytes = Buffer.from(text);
        batch.line(source, nameOf(process, release), time, bytes, 0, bytes.length);
      }
    });
  await presser.idle();
  expect(log.general.segments.length).toBeGreaterThan(5);
  expect(log.general.segments.filter((segment) => segment.pressed)).toHaveLength(
    pressed ? log.general.segments.length - 1 : 0,
  );
  return log;
}

function expected(filter: LogFilter): StoredLine[] {
  return lines.filter(
    (line) =>
      (filter.source === undefined || line.source === filter.source) &&
      (filter.process === undefined ||
        line.process === filter.process ||
        line.process.startsWith(`${filter.process}.`)) &&
      (filter.release === undefined || line.release === filter.release) &&
      line.time >= (filter.since ?? 0) &&
      line.time <= (filter.until ?? Number.POSITIVE_INFINITY) &&
      line.text.includes(filter.text ?? ''),
  );
}

async function query(log: AppLog, filter: LogFilter, most = Number.POSITIVE_INFINITY): Promise<StoredLine[]> {
  const tail = openTail(log, { lines: most, filter, once: true }, gatherObjects());
  const found: StoredLine[] = [];
  for (;;) {
    const batch = await tail.next();
    if ('end' in batch) return found;
    if (!('lines' in batch)) throw new Error('missed lines');
    found.push(...batch.lines);
  }
}

const [early, late] = [start + 6000 * second, start + 6400 * second];
const filters: LogFilter[] = [
  {},
  { source: 'app' },
  { source: 'twelve' },
  { process: 'web' },
  { process: 'web.1' },
  { process: 'router' },
  { process: 'we' },
  { release: 11 },
  { release: 1 },
  { release: 99 },
  { text: 'nädel' },
  { text: 'line 799' },
  { text: 'abline' },
  { text: 'nowhere' },
  { since: early },
  { until: late },
  { since: early, until: late },
  { since: early, until: early },
  { since: start + 1e6 * second },
  { until: start - second },
  { source: 'app', process: 'web', release: 11, since: early, until: late, text: 'abab' },
];

it.each([false, true])(
  'every query gets what a look at every line gives (compressed: %s)',
  async (pressed) => {
    using folder = temporaryFolder();
    const log = await openFilled(folder.path, pressed);
    for (const filter of filters) {
      const all = expected(filter);
      expect(await query(log, filter)).toEqual(all);
      for (const most of [0, 1, 100, 1e9])
        expect(await query(log, filter, most)).toEqual(all.slice(-most || count));
    }
    await log.close();
    const again = openAppLog({ folder: folder.path, budgetBytes: 1 << 20, routerShare: 0.5, builders });
    for (const filter of filters)
      expect(await query(again, filter, 100)).toEqual(expected(filter).slice(-100));
    await again.close();
  },
);

it.each([false, true])('looks at no block of another time (compressed: %s)', async (pressed) => {
  using folder = temporaryFolder();
  const log = await openFilled(folder.path, pressed);
  const wanted = expected({ since: early, until: late });
  let spoiled = 0;
  for (const shelf of [log.general, log.router])
    for (const segment of shelf.segments)
      for (const block of blocksOf(segment)) {
        if (block.latest >= early && block.earliest <= late) continue;
        const file = openSync(segment.path, 'r+');
        writeSync(
          file,
          Buffer.alloc(50),
          0,
          50,
          (pressed && segment.pressed ? block.place : block.start) + 30,
        );
        closeSync(file);
        spoiled++;
      }
  expect(spoiled).toBeGreaterThan(5);
  expect(await query(log, { since: early, until: late })).toEqual(wanted);
  expect(await query(log, { since: early, until: late }, 100)).toEqual(wanted.slice(-100));
  await log.close();
});

it('a block that is damaged costs its own lines', async () => {
  using folder = temporaryFolder();
  const log = await openFilled(folder.path, true);
  const [first] = log.general.segments;
  const block = blocksOf(first!)[0]!;
  const bytes = readFileSync(first!.path);
  bytes.fill(0x55, block.place + 10, block.place + 200);
  writeFileSync(first!.path, bytes);
  expect(statSync(first!.path).size).toBe(bytes.length);
  const found = await query(log, {});
  expect(found).toHaveLength(count - block.lines);
  await log.close();
});

it('a tail tells where it is, also where nothing matches', async () => {
  using folder = temporaryFolder();
  const log = openAppLog({ folder: folder.path, budgetBytes: 1 << 20, routerShare: 0.5, builders });
  const write = (from: number, to: number): void =>
    log.append((batch) => {
      for (let number = from; number <= to; number++) batch.text('app', 'web.1', `${number}`, start + number);
    });
  write(1, 100);
  const tail = openTail(log, { lines: 0, filter: { process: 'worker' }, marks: true }, gatherObjects());
  expect(await tail.next()).toEqual({ at: 100 });
  const next = tail.next();
  for (let from = 101; from <= 15_000; from += 100) write(from, from + 99);
  const batch = await next;
  if (!('at' in batch) || 'lines' in batch) throw new Error('no place');
  expect(batch.at).toBeGreaterThanOrEqual(10_100);
  tail.close();
  const resumed = openTail(
    log,
    { lines: 0, filter: { process: 'web' }, after: 14_990, marks: true },
    gatherObjects(),
  );
  expect(await resumed.next()).toEqual({ at: 14_990 });
  const rest = await resumed.next();
  expect('lines' in rest && rest.lines.map((line) => line.text)).toEqual(
    Array.from({ length: 10 }, (_, index) => `${14_991 + index}`),
  );
  resumed.close();
  await log.close();
});
