// Segments that are full are compressed beside everything else: nothing of it is seen but the room it takes.
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type AppLog, openAppLog } from '../../../platform/logs/app-log.ts';
import { createFrameBuilder } from '../../../platform/logs/format.ts';
import { findNewest } from '../../../platform/logs/newest.ts';
import { createPresser, type Presser } from '../../../platform/logs/press.ts';
import { gatherObjects, readForward } from '../../../platform/logs/reader.ts';
import { openTail } from '../../../platform/logs/tail.ts';
import { temporaryFolder } from './engine-files.ts';

const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
const budgetBytes = 2 << 20;

function openLog(folder: string, presser?: Presser): AppLog {
  return openAppLog({ folder, budgetBytes, routerShare: 0.25, builders, ...(presser ? { presser } : {}) });
}

const textOf = (number: number): string =>
  `${number} GET /products/${number % 97} 200 in ${number % 31} ms ${'.'.repeat(50)}`;

function write(log: AppLog, from: number, to: number, text = textOf): void {
  log.append((batch) => {
    for (let number = from; number <= to; number++) batch.text('app', 'web.1', text(number), number);
    batch.cursor(cursorAt(to));
  });
}

const cursorAt = (offset: number) => ({
  container: 'c1',
  logPath: '/',
  fingerprint: 'f',
  firstBytes: 1,
  offset,
  carry: {},
});

function numbers(log: AppLog): number[] {
  const reader = readForward(log, 0, {}, gatherObjects());
  const found: number[] = [];
  for (;;) {
    const { lines, more } = reader.pull(10_000);
    found.push(...lines.map((line) => line.sequence));
    for (const line of lines) expect(line.text).toBe(textOf(line.sequence));
    if (!more) return found;
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

async function filled(folder: string, lines: number): Promise<AppLog> {
  const presser = createPresser();
  const log = openLog(folder, presser);
  for (let from = 1; from <= lines; from += 100) write(log, from, from + 99);
  await presser.idle();
  return log;
}

it('keeps several times as many lines in the same budget, which is one of bytes on the disk', async () => {
  using folder = temporaryFolder();
  const presser = createPresser();
  const log = openLog(folder.path, presser);
  for (let from = 1; from <= 200_000; from += 100) {
    write(log, from, from + 99);
    expect(log.general.bytes()).toBeLessThanOrEqual(budgetBytes);
    // At no greater pace than a compressor could keep up with.
    if (from % 2000 === 1) await presser.idle();
    if (from % 700 === 1) {
      await breathe();
      // One that is about to be written counts already.
      expect(bytesIn(folder.path)).toBeLessThanOrEqual(log.general.bytes());
    }
  }
  await presser.idle();
  expect(bytesIn(folder.path)).toBe(log.general.bytes());
  const kept = numbers(log);
  expect(kept).toEqual(range(kept[0]!, 200_000));
  expect(kept.length * textOf(100_000).length).toBeGreaterThan(3 * budgetBytes);
  await log.close();
  await presser.close();
});

it('a reader goes on from one form to the other', async () => {
  using folder = temporaryFolder();
  const presser = createPresser();
  const log = openLog(folder.path, presser);
  const tail = openTail(log, { lines: 1e9, filter: {} }, gatherObjects());
  const seen: number[] = [];
  for (let from = 1; from <= 12_000; from += 100) {
    write(log, from, from + 99);
    const batch = await tail.next();
    if (!('lines' in batch)) throw new Error('missed');
    seen.push(...batch.lines.map((line) => line.sequence));
    await breathe();
  }
  await presser.idle();
  while (seen.length < 12_000) {
    const batch = await tail.next();
    if (!('lines' in batch)) throw new Error('missed');
    seen.push(...batch.lines.map((line) => line.sequence));
  }
  expect(seen).toEqual(range(1, 12_000));
  expect(log.general.segments.some((segment) => segment.pressed)).toBe(true);
  tail.close();
  await log.close();
  await presser.close();
});

it.each(['begun', 'renamed'])('a kill while one is compressed changes nothing (%s)', async (moment) => {
  using folder = temporaryFolder();
  const raw = openLog(folder.path);
  for (let from = 1; from <= 4000; from += 100) write(raw, from, from + 99);
  await raw.close();
  const [first] = readdirSync(folder.path).sort();
  const path = join(folder.path, first!);
  if (moment === 'begun') writeFileSync(`${path}-pressing`, 'half');
  else {
    copyFileSync(path, `${path}.kept`);
    const presser = createPresser();
    const log = openLog(folder.path, presser);
    await presser.idle();
    await log.close();
    copyFileSync(`${path}.kept`, path);
    rmSync(`${path}.kept`);
  }
  const log = openLog(folder.path);
  expect(numbers(log)).toEqual(range(1, 4000));
  const names = readdirSync(folder.path);
  expect(names.filter((name) => name.includes('pressing'))).toEqual([]);
  expect(names.filter((name) => name.startsWith(first!))).toHaveLength(1);
  expect(bytesIn(folder.path)).toBe(log.general.bytes());
  write(log, 4001, 4002);
  expect(numbers(log)).toEqual(range(1, 4002));
  await log.close();
});

it('goes on after the newest file was lost, with the cursor of the compressed one before it', async () => {
  using folder = temporaryFolder();
  const log = await filled(folder.path, 4000);
  await log.close();
  const names = readdirSync(folder.path).sort();
  truncateSync(join(folder.path, names.at(-1)!), 10);
  const again = openLog(folder.path);
  const kept = numbers(again);
  expect(kept).toEqual(range(1, kept.length));
  expect(kept.length).toBeGreaterThan(1000);
  expect(again.cursor('c1')?.offset).toBe(kept.length);
  const last = kept.length;
  write(again, last + 1, last + 5);
  expect(numbers(again)).toEqual(range(1, last + 5));
  await again.close();
  expect(numbers(openLog(folder.path))).toEqual(range(1, last + 5));
});

it('opens so too where that one is damaged itself, and uses none of its numbers again', async () => {
  using folder = temporaryFolder();
  const log = await filled(folder.path, 12_000);
  await log.close();
  const { pressed, path, index } = log.general.segments.at(-2)!;
  expect(pressed).toBe(true);
  const spoiled = index!.at(-1)!;
  const bytes = readFileSync(path);
  bytes.fill(0xff, spoiled.place, spoiled.place + spoiled.pressed);
  writeFileSync(path, bytes);
  truncateSync(log.general.segments.at(-1)!.path, 10);
  const { last } = spoiled;
  const again = openLog(folder.path);
  expect(again.last()).toBe(last);
  write(again, last + 1, last + 5);
  const kept = range(1, last + 5).filter((number) => number < spoiled.first || number > spoiled.last);
  expect(numbers(again)).toEqual(kept);
  await again.close();
});

it('reads on behind a file that somebody took away, as if the budget had dropped it', async () => {
  using folder = temporaryFolder();
  const presser = createPresser();
  const written = openLog(folder.path, presser);
  for (let i = 0; i < 20; i++) write(written, i * 1000 + 1, i * 1000 + 1000);
  await presser.idle();
  await written.close();
  const [, gone, next] = readdirSync(folder.path).sort();
  expect(gone).toMatch(/-pressed$/);
  const log = openLog(folder.path);
  rmSync(join(folder.path, gone!));
  const [first, behind] = [Number.parseInt(gone!, 10), Number.parseInt(next!, 10)];
  expect(numbers(log)).toEqual([...range(1, first - 1), ...range(behind, log.last())]);
  await log.close();
});

it('lets go of a log that is removed', async () => {
  using folder = temporaryFolder();
  const presser = createPresser();
  const log = openLog(join(folder.path, 'app'), presser);
  for (let from = 1; from <= 12_000; from += 100) write(log, from, from + 99);
  await log.remove();
  await presser.close();
  expect(readdirSync(folder.path)).toEqual([]);
});

it('goes on with the next segment when one can neither be compressed nor cleared away', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  for (let from = 1; from <= 10_000; from += 100) write(log, from, from + 99);
  const [first, ...rest] = log.general.segments.slice(0, -1);
  expect(rest.length).toBeGreaterThan(1);
  mkdirSync(`${first!.path}-pressing`);
  const presser = createPresser();
  log.general.pressClosed(presser);
  await presser.idle();
  expect(first!.pressed).toBe(false);
  expect(rest.map(({ pressed }) => pressed)).toEqual(rest.map(() => true));
  expect(numbers(log)).toEqual(range(1, 10_000));
  await log.close();
  await presser.close();
});

it('one that cannot be read is told to whoever reads, however many are being unpacked', async () => {
  using folder = temporaryFolder();
  const log = await filled(folder.path, 12_000);
  const pressed = log.general.segments.filter((segment) => segment.pressed);
  expect(pressed.length).toBeGreaterThan(4);
  // What a disk's fault would do to an older one while a newer one is unpacked.
  const { path } = pressed.at(-2)!;
  rmSync(path);
  mkdirSync(path);
  const unhandled: unknown[] = [];
  const note = (error: unknown): unknown => unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    await expect(findNewest(log, 1e9, {}, breathe)).rejects.toThrow('EISDIR');
    await breathe();
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
  await log.close();
});
