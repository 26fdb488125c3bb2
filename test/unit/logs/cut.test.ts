// Any file of a log is cut at any byte: it opens with everything up to the last whole line, and goes on without a repeat.
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AppLog, openAppLog } from '../../../platform/logs/app-log.ts';
import { createAccount } from '../../../platform/logs/drains/account.ts';
import { writeCursor } from '../../../platform/logs/drains/cursor-file.ts';
import { createFrameBuilder, readFrame } from '../../../platform/logs/format.ts';
import { createPresser, type Presser } from '../../../platform/logs/press.ts';
import { gatherObjects, readForward } from '../../../platform/logs/reader.ts';
import { blocksOf, type Segment } from '../../../platform/logs/segment-file.ts';
import { type TemporaryFolder, temporaryFolder } from './engine-files.ts';

const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
const printed = 10_000;

interface LogFile {
  name: string;
  pressed: boolean;
  isNewest: boolean;
  router: boolean;
  /** Up to which byte which of its lines are whole. */
  wholes: { end: number; lines: number }[];
  /** The numbers its lines tell. */
  numbers: number[];
  bytes: number;
}

let folder: TemporaryFolder;
let whole: string;
let files: LogFile[];

const openLog = (path: string, presser?: Presser): AppLog =>
  openAppLog({
    ...{ folder: path, budgetBytes: 16 << 20, routerShare: 0.5, builders },
    ...(presser ? { presser } : {}),
  });

/** Long and hardly to be compressed, so that a segment has several blocks. */
function textOf(number: number): string {
  const known = texts[number];
  if (known) return known;
  let text = `${number} `;
  for (let value = number; text.length < 300; text += value.toString(36))
    value = (value * 1_103_515 + 12_345) % 2_147_483_648;
  texts[number] = text;
  return text;
}
const texts: string[] = [];

/** What an app printed from a number on, stored as its follower does it: together with how far that is. */
function follow(log: AppLog, from: number, to: number, alsoRouter = false): void {
  for (let first = from; first <= to; first += 50)
    log.append((batch) => {
      const last = Math.min(to, first + 49);
      for (let number = first; number <= last; number++) {
        batch.text('app', 'web.1', textOf(number), number);
        if (alsoRouter && number % 3 === 0) batch.text('twelve', 'router', textOf(number), number);
      }
      const file = { container: 'c1', logPath: '/', fingerprint: 'f', firstBytes: 1, carry: {} };
      batch.cursor({ ...file, offset: last });
    });
}

/** In the order of the stream. @throws Error when a line is not as it was printed, or out of order */
function stored(log: AppLog): { app: number[]; router: number[] } {
  const reader = readForward(log, 0, {}, gatherObjects());
  const found = { app: [] as number[], router: [] as number[] };
  let before = 0;
  for (;;) {
    const { lines, more } = reader.pull(10_000);
    for (const { sequence, process, text } of lines) {
      const number = Number.parseInt(text, 10);
      if (sequence <= before || text !== textOf(number))
        throw new Error(`${sequence} ${text} after ${before}`);
      before = sequence;
      found[process === 'router' ? 'router' : 'app'].push(number);
    }
    if (!more) return found;
  }
}

function wholesOf(segment: Segment): LogFile['wholes'] {
  const wholes: LogFile['wholes'] = [];
  let lines = 0;
  const add = (end: number, more: number): void => {
    lines += more;
    wholes.push({ end, lines });
  };
  if (segment.pressed) {
    for (const block of blocksOf(segment)) add(block.place + block.pressed, block.lines);
    return wholes;
  }
  const bytes = readFileSync(segment.path);
  for (let at = 0; at < bytes.length; ) {
    const frame = readFrame(bytes, at, bytes.length);
    if (!frame || 'needs' in frame) throw new Error(`no frame at ${at}`);
    at += frame.length;
    add(at, frame.lines);
  }
  return wholes;
}

beforeAll(async () => {
  folder = temporaryFolder();
  whole = join(folder.path, 'whole');
  const presser = createPresser();
  const log = openLog(whole, presser);
  follow(log, 1, printed, true);
  await presser.idle();
  const all = stored(log);
  files = [log.general, log.router].flatMap((shelf) => {
    const numbers = shelf === log.router ? all.router : all.app;
    return shelf.segments.map((segment, index) => {
      const from = segment.before;
      const to = shelf.segments[index + 1]?.before ?? shelf.lines();
      return {
        ...{ name: basename(segment.path), pressed: segment.pressed, bytes: segment.bytes },
        ...{ isNewest: index === shelf.segments.length - 1, router: shelf === log.router },
        ...{ wholes: wholesOf(segment), numbers: numbers.slice(from, to) },
      };
    });
  });
  await log.close();
  await presser.close();
});
afterAll(() => folder?.[Symbol.dispose]());

/** From 0 to 1, the same for the same seed, and another for the next. */
function chance(seed: number): number {
  return createHash('sha256').update(`${seed}`).digest().readUInt32LE() / 2 ** 32;
}

it('files of both kinds are there, some with several blocks', () => {
  const kinds = files.map(({ router, pressed, isNewest }) => `${router} ${pressed} ${isNewest}`);
  expect(new Set(kinds).size).toBe(4);
  expect(files.filter(({ pressed, wholes }) => pressed && wholes.length > 3).length).toBeGreaterThan(2);
  expect(files.reduce((sum, { numbers }) => sum + numbers.length, 0)).toBe(printed + Math.floor(printed / 3));
});

const seeds = Array.from({ length: 24 }, (_, index) => index + 1);
it.each(seeds)('is whole up to the cut, and goes on (seed %i)', async (seed) => {
  // Each in its turn, and the place by chance.
  const file = files[seed % files.length]!;
  const cut = Math.floor(chance(seed) * file.bytes);
  const path = join(folder.path, `${seed}`);
  cpSync(whole, path, { recursive: true });
  truncateSync(join(path, file.name), cut);
  const kept = file.wholes.filter(({ end }) => end <= cut).at(-1)?.lines ?? 0;

  const log = openLog(path);
  const found = stored(log);
  const [mine, others] = file.router ? [found.router, found.app] : [found.app, found.router];
  const all = Array.from({ length: printed }, (_, index) => index + 1);
  expect(others).toEqual(file.router ? all : all.filter((number) => number % 3 === 0));
  const ofFile = new Set(file.numbers);
  const left = mine.filter((number) => ofFile.has(number));
  expect(left).toEqual(file.numbers.slice(0, left.length));
  if (file.pressed) expect(left.length).toBeGreaterThanOrEqual(kept);
  else expect(left.length).toBe(kept);

  const cursor = log.cursor('c1')!.offset;
  expect(cursor).toBe(found.app.at(-1));
  follow(log, cursor + 1, printed + 70);
  const lost = file.router || file.isNewest ? new Set() : new Set(file.numbers.slice(left.length));
  const wanted = [...all, ...all.slice(0, 70).map((number) => printed + number)];
  const after = wanted.filter((number) => !lost.has(number));
  expect(stored(log).app).toEqual(after);
  await log.close();
  const again = openLog(path);
  expect(stored(again).app).toEqual(after);
  await again.close();
});

it('a drain whose cursor was cut at any byte is never further than it was', async () => {
  const path = join(folder.path, 'one.drain');
  const cursor = { sequence: 4321, delivered: 4000, lost: 7, told: 0, sending: 4400, handed: 4350 };
  writeCursor(path, cursor);
  const text = readFileSync(path);
  const log = openLog(whole);
  for (let cut = text.length; cut >= 0; cut--) {
    writeFileSync(path, text.subarray(0, cut));
    const problems: string[] = [];
    const account = createAccount({ log, path, onProblem: (message) => problems.push(message) });
    // Behind what it tells stand spaces.
    const isWhole = cut >= text.toString().trimEnd().length;
    expect(account.sequence()).toBe(isWhole ? 4321 : 0);
    expect(problems).toHaveLength(isWhole ? 0 : 1);
    // The next one that opens it reads what this one kept.
    account.close();
    expect(createAccount({ log, path, onProblem: (message) => problems.push(message) }).sequence()).toBe(
      account.sequence(),
    );
  }
  await log.close();
});
