// The log router is killed in mid-work, again and again, and its newest file cut at any byte: nothing lost, nothing twice.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type AppLog, openAppLog } from '../../../platform/logs/app-log.ts';
import { createLogCore, type LogCore } from '../../../platform/logs/core.ts';
import { createEntryDecoder } from '../../../platform/logs/entries.ts';
import { createFollower } from '../../../platform/logs/follow.ts';
import { createFrameBuilder } from '../../../platform/logs/format.ts';
import { gatherObjects, readForward } from '../../../platform/logs/reader.ts';
import { temporaryFolder, writeEngineFiles } from './engine-files.ts';

const container = (logPath: string) => ({ id: 'c1', appId: 'app', process: 'web.1', logPath });

function openCore(folder: string): LogCore {
  return createLogCore({
    folder,
    budgetBytes: 50 << 20,
    routerShare: 0.25,
    onProblem: unexpected,
  });
}

async function storedTexts(folder: string): Promise<string[]> {
  const core = openCore(folder);
  const lines = await core.read('app', { lines: 1e9, filter: {} });
  await core.close();
  return lines.map((line) => line.text);
}

/** A line that tells its number, of any length, and now and then long enough to be cut by the engine. */
const textOf = (number: number): string => `line ${number} ${'.'.repeat((number * 7919) % 200)}`;

function newestSegment(folder: string): string {
  const names = readdirSync(join(folder, 'app')).filter((name) => name.endsWith('.lines'));
  return join(folder, 'app', names.sort().at(-1)!);
}

it('loses and repeats nothing when it is killed at any moment', async () => {
  using folder = temporaryFolder();
  const logs = join(folder.path, 'logs');
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxBytes: 200_000, maxFiles: 500 });
  const child = fileURLToPath(new URL('./kill-child.ts', import.meta.url));
  let printed = 0;
  const problems: unknown[] = [];
  async function start(): Promise<ChildProcess> {
    const started = fork(child, [logs, files.path], { execArgv: ['--import', 'tsx'] });
    started.on('message', (message: { problem?: string }) => {
      if (message.problem) problems.push(message.problem);
    });
    await once(started, 'message');
    return started;
  }
  async function print(forMs: number): Promise<void> {
    const end = Date.now() + forMs;
    do {
      for (let i = 0; i < 300; i++)
        files.print(textOf(++printed), { stream: i % 5 === 0 ? 'stderr' : 'stdout' });
      await sleep(1);
    } while (Date.now() < end);
  }
  for (let round = 0; round < 7; round++) {
    const running = await start();
    await print(round * 15);
    running.kill('SIGKILL');
    await once(running, 'exit');
    await print(0);
  }
  const last = await start();
  last.send('end');
  await once(last, 'exit');
  expect(problems).toEqual([]);
  const texts = await storedTexts(logs);
  expect(texts).toHaveLength(printed);
  expect(texts).toEqual(Array.from({ length: printed }, (_, i) => textOf(i + 1)));
});

it('loses and repeats nothing when its newest file was cut at any byte', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxFiles: 10 });
  const logs = join(folder.path, 'logs');
  const expected: string[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const core = openCore(logs);
    core.follow(container(files.path));
    for (let i = 0; i < 5; i++) {
      expected.push(`${turn} ${i}`);
      files.print(`${turn} ${i}`);
    }
    // The beginning of a long line is carried over.
    if (turn % 2 === 0) files.print('begin ', { end: '' });
    else expected[turn * 5] = `begin ${expected[turn * 5]}`;
    await waitFor(
      async () => (await core.read('app', { lines: 1000, filter: {} })).length === expected.length,
    );
    if (turn % 3 === 0) files.rotate();
    await core.close();
  }
  const size = statSync(newestSegment(logs)).size;
  for (let cut = 0; cut < size; cut += 1 + (cut % 29)) {
    const copy = join(folder.path, 'copy', String(cut));
    cpSync(logs, copy, { recursive: true });
    truncateSync(newestSegment(copy), cut);
    const core = openCore(copy);
    core.follow(container(files.path));
    await core.drained('c1');
    await core.close();
    expect(await storedTexts(copy)).toEqual(expected);
  }
});

it('opens with everything up to the last complete line when it was cut at every byte of its last lines, and goes on', () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxFiles: 10 });
  const shared = { decoder: createEntryDecoder(), chunk: Buffer.alloc(64 * 1024), onProblem: unexpected };
  const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
  const app = join(folder.path, 'logs', 'app');
  const open = () => openAppLog({ folder: app, budgetBytes: 1 << 20, routerShare: 0.25, builders });
  const readOn = (log: AppLog): void => {
    const follower = createFollower({ container: container(files.path), log, ...shared });
    while (follower.turn() === 'more');
    follower.close();
  };
  const log = open();
  // Each turn of the follower one frame: of one line, of several, and of a part of one.
  for (let turn = 1; turn <= 30; turn++) {
    for (let line = 0; line < turn % 4; line++) files.print(`turn ${turn} ${line} ünd`);
    files.print(`turn ${turn} last`, { end: turn % 5 === 0 ? '' : '\n' });
    readOn(log);
  }
  const whole = numberedTexts(log);
  const segment = log.general.segments.at(-1)!;
  const bytes = readFileSync(segment.path);
  for (let cut = bytes.length; cut > bytes.length - 2500; cut--) {
    writeFileSync(segment.path, bytes.subarray(0, cut));
    const again = open();
    const kept = numberedTexts(again);
    expect(kept).toEqual(whole.slice(0, kept.length));
    // A frame holds the lines of one turn, at most four.
    if (cut === bytes.length - 1) expect(kept.length).toBeGreaterThanOrEqual(whole.length - 4);
    readOn(again);
    expect(numberedTexts(again)).toEqual(whole);
  }
});

function unexpected(message: string): never {
  throw new Error(message);
}

function numberedTexts(log: AppLog): string[] {
  const { lines } = readForward(log, 0, {}, gatherObjects()).pull(1e6);
  return lines.map(({ sequence, text }) => `${sequence} ${text}`);
}

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5);
}
