// An app's log on disk: numbering, budget, shelves, reading from both ends, and what a full disk does.
import { closeSync, openSync, readdirSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LogFilter, StoredLine } from '../../../platform/domain/log-line.ts';
import { type AppLog, leastLines, openAppLog } from '../../../platform/logs/app-log.ts';
import { createFrameBuilder } from '../../../platform/logs/format.ts';
import { findNewest } from '../../../platform/logs/newest.ts';
import { gatherObjects, readForward } from '../../../platform/logs/reader.ts';
import { temporaryFolder } from './engine-files.ts';

const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
const rest = async (): Promise<void> => {};

function openLog(folder: string, budgetBytes = 50 << 20): AppLog {
  return openAppLog({ folder, budgetBytes, routerShare: 0.25, builders });
}

function write(log: AppLog, process: string, texts: string[]): void {
  log.append((batch) => {
    for (const text of texts) {
      batch.text(
        process === 'router' || process === 'api' ? 'twelve' : 'app',
        process,
        text,
        1_795_000_000_123_456,
      );
      if (batch.full()) batch.endFrame();
    }
  });
}

function after(
  log: AppLog,
  sequence: number,
  filter: LogFilter = {},
): { lines: StoredLine[]; missed: number } {
  const reader = readForward(log, sequence, filter, gatherObjects());
  const found: StoredLine[] = [];
  let lost = 0;
  for (;;) {
    const { lines, missed, more } = reader.pull(777);
    found.push(...lines);
    lost += missed;
    if (!more) return { lines: found, missed: lost };
  }
}

async function newest(log: AppLog, count: number, filter: LogFilter = {}): Promise<string[]> {
  const { lines } = after(log, await findNewest(log, count, filter, rest), filter);
  return lines.map((line) => line.text);
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

it('keeps lines in order under one numbering, across shelves and openings', async () => {
  using folder = temporaryFolder();
  const expected: string[] = [];
  for (let opening = 0; opening < 3; opening++) {
    const log = openLog(folder.path);
    for (let i = 0; i < 20; i++) {
      const process = ['web.1', 'router', 'api', 'worker.2'][i % 4]!;
      write(log, process, [`${process} ${opening} ${i}`, 'ünïcode 😀']);
      expected.push(`${process} ${opening} ${i}`, 'ünïcode 😀');
    }
    const { lines, missed } = after(log, 0);
    expect(lines.map((line) => line.text)).toEqual(expected);
    expect(lines.map((line) => line.sequence)).toEqual(expected.map((_, i) => i + 1));
    expect(missed).toBe(0);
    expect(lines[1]).toEqual({
      sequence: 2,
      time: 1_795_000_000_123_456,
      source: 'app',
      process: 'web.1',
      text: 'ünïcode 😀',
    });
    await log.close();
  }
});

it('finds the newest matching lines', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path, 1 << 20);
  for (let i = 1; i <= 3000; i++) {
    write(log, i % 3 === 0 ? 'router' : i % 3 === 1 ? 'web.1' : 'web.10', [`${i}`]);
  }
  expect(await newest(log, 4)).toEqual(['2997', '2998', '2999', '3000']);
  expect(await newest(log, 2, { process: 'router' })).toEqual(['2997', '3000']);
  expect(await newest(log, 2, { process: 'web.1' })).toEqual(['2995', '2998']);
  expect(await newest(log, 3, { process: 'web' })).toEqual(['2996', '2998', '2999']);
  expect(await newest(log, 2, { source: 'twelve' })).toEqual(['2997', '3000']);
  expect(await newest(log, 2, { process: 'we' })).toEqual([]);
  expect(await newest(log, 0)).toEqual([]);
  expect(await newest(log, 1e9)).toHaveLength(3000);
  expect(after(log, 2998).lines.map((line) => line.text)).toEqual(['2999', '3000']);
  await log.close();
});

it('cuts written text at line ends and at the limit', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  write(log, 'api', ['one\ntwo\r\nthree', 'y'.repeat(25_000), '']);
  const texts = await newest(log, 10);
  expect(texts.map((text) => text.length)).toEqual([3, 3, 5, 10_000, 10_000, 5000, 0]);
  await log.close();
});

it('stays within its budget, router lines within a quarter, and tells readers what is gone', async () => {
  using folder = temporaryFolder();
  const budget = 2 << 20;
  const log = openLog(folder.path, budget);
  const text = 'z'.repeat(500);
  const counts = { 'web.1': 0, router: 0 };
  for (let i = 0; i < 200; i++) {
    for (const process of ['web.1', 'router'] as const) {
      write(
        log,
        process,
        Array.from({ length: 50 }, () => `${process} ${counts[process]++} ${text}`),
      );
    }
    expect(bytesIn(folder.path)).toBeLessThanOrEqual(budget);
    expect(log.router.bytes()).toBeLessThanOrEqual(budget / 4);
  }
  expect(bytesIn(folder.path)).toBeGreaterThan(budget * 0.85);
  expect(bytesIn(folder.path)).toBe(log.general.bytes() + log.router.bytes());
  const { lines, missed } = after(log, 0);
  expect(missed + lines.length).toBe(20_000);
  expect(log.last()).toBe(20_000);
  for (const process of ['web.1', 'router'] as const) {
    const numbers = lines
      .filter((line) => line.process === process)
      .map((line) => Number(line.text.split(' ')[1]));
    expect(numbers.at(-1)).toBe(9999);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 10_000 - numbers.length + i));
  }
  await log.close();
  const again = openLog(folder.path, budget);
  expect(again.last()).toBe(20_000);
  expect(after(again, 0)).toEqual({ lines, missed });
  await again.close();
});

it('keeps at least 1,500 lines, however long they are', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path, 1 << 20);
  for (let i = 0; i < 2500; i++) write(log, 'web.1', [`${i}${'w'.repeat(9000)}`]);
  const kept = (await newest(log, 1e9)).length;
  expect(kept).toBeGreaterThanOrEqual(leastLines);
  expect(kept).toBeLessThan(leastLines + 20);
  await log.close();
});

it('stores all of a batch or nothing, and uses the same numbers again', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  write(log, 'web.1', ['one']);
  expect(() =>
    log.append((batch) => {
      batch.text('app', 'web.1', 'lost');
      batch.text('twelve', 'router', 'lost');
      batch.endFrame();
      throw new Error('no space left');
    }),
  ).toThrow('no space left');
  write(log, 'router', ['two']);
  expect(after(log, 0).lines.map((line) => [line.sequence, line.text])).toEqual([
    [1, 'one'],
    [2, 'two'],
  ]);
  await log.close();
});

it('opens with all whole frames after the file was cut or damaged at any byte', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  for (let i = 1; i <= 12; i++) write(log, 'web.1', [`line ${i}`, `more ${i}`]);
  await log.close();
  const path = join(folder.path, readdirSync(folder.path)[0]!);
  let whole = 24;
  for (let size = statSync(path).size - 1; size >= 0; size--) {
    truncateSync(path, size);
    // Bytes that were allocated but never written are zeros.
    if (size % 3 === 0) truncateSync(path, size + 50);
    const opened = openLog(folder.path);
    const { lines } = after(opened, 0);
    expect(lines.length % 2).toBe(0);
    expect(lines.length).toBeLessThanOrEqual(whole);
    expect(lines.map((line) => line.sequence)).toEqual(lines.map((_, i) => i + 1));
    whole = lines.length;
    await opened.close();
    if (whole === 0) break;
  }
  expect(whole).toBe(0);
  const again = openLog(folder.path);
  write(again, 'web.1', ['goes on']);
  expect(await newest(again, 5)).toEqual(['goes on']);
  await again.close();
});

it('reads around a segment that is damaged in its middle', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path, 1 << 20);
  for (let i = 0; i < 4000; i++) write(log, 'web.1', [`${i} ${'v'.repeat(100)}`]);
  const [first, second] = log.general.segments;
  expect(log.general.segments.length).toBeGreaterThan(4);
  const file = openSync(second!.path, 'r+');
  writeSync(file, Buffer.alloc(100, 7), 0, 100, 20_000);
  closeSync(file);
  const { lines, missed } = after(log, 0);
  expect(missed).toBeGreaterThan(0);
  expect(lines.length + missed).toBe(4000);
  expect(lines[0]!.sequence).toBe(first!.first);
  expect((await newest(log, 4000)).at(-1)).toMatch(/^3999 /);
  await log.close();
});
