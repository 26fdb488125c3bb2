// Following the engine's files: rotation at any moment, long lines, torn entries, files that are gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { type AppLog, openAppLog } from '../../../platform/logs/app-log.ts';
import { createEntryDecoder } from '../../../platform/logs/entries.ts';
import { createFollower, type Follower, type Turn } from '../../../platform/logs/follow.ts';
import { createFrameBuilder } from '../../../platform/logs/format.ts';
import { gatherObjects, readForward } from '../../../platform/logs/reader.ts';
import { temporaryFolder, writeEngineFiles } from './engine-files.ts';

const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
const problems: string[] = [];
const shared = {
  decoder: createEntryDecoder(),
  chunk: Buffer.alloc(64 * 1024),
  onProblem: (message: string) => problems.push(message),
};

function openLog(folder: string): AppLog {
  return openAppLog({ folder: join(folder, 'app'), budgetBytes: 50 << 20, routerShare: 0.25, builders });
}

function followerOf(log: AppLog, logPath: string): Follower {
  return createFollower({ container: { id: 'c1', appId: 'app', process: 'web.1', logPath }, log, ...shared });
}

function toQuiet(follower: Follower): Turn {
  for (;;) {
    const turn = follower.turn();
    if (turn !== 'more') return turn;
  }
}

async function toEnd(follower: Follower): Promise<void> {
  follower.expectEnd();
  while (toQuiet(follower) !== 'ended') await new Promise((resolve) => setTimeout(resolve, 20));
  follower.close();
}

function texts(log: AppLog, source?: 'app' | 'twelve'): string[] {
  const reader = readForward(log, 0, source ? { source } : {}, gatherObjects());
  const found: string[] = [];
  for (;;) {
    const { lines, more } = reader.pull(10_000);
    found.push(...lines.map((line) => line.text));
    if (!more) return found;
  }
}

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i + 1}`);

it.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'loses and repeats nothing through rotations and restarts (seed %i)',
  (seed) => {
    using folder = temporaryFolder();
    const random = seeded(seed);
    const files = writeEngineFiles(join(folder.path, 'c1'));
    let log = openLog(folder.path);
    let follower = followerOf(log, files.path);
    let printed = 0;
    let rotations = 0;
    for (let step = 0; step < 1500; step++) {
      const dice = random();
      if (dice < 0.6) files.print(`line ${++printed}`, { stream: dice < 0.3 ? 'stdout' : 'stderr' });
      else if (dice < 0.75 && rotations < 2) {
        files.rotate();
        rotations++;
      } else if (dice < 0.97) {
        follower.turn();
        rotations = 0;
      } else {
        // A restart must have read all but what the engine still keeps.
        toQuiet(follower);
        follower.close();
        log = openLog(folder.path);
        follower = followerOf(log, files.path);
        follower.turn();
        rotations = 0;
      }
    }
    toQuiet(follower);
    expect(texts(log)).toEqual(numbered(printed));
    follower.close();
  },
);

it('reads on while another process writes and rotates as fast as it can', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const fixture = fileURLToPath(new URL('./engine-files.ts', import.meta.url));
  const count = 30_000;
  const writer = spawn(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    `import { writeEngineFiles } from ${JSON.stringify(fixture)};
     const files = writeEngineFiles(${JSON.stringify(join(folder.path, 'c1'))}, { maxBytes: 20_000, maxFiles: 1000 });
     for (let i = 1; i <= ${count}; i++) files.print('line ' + i);`,
  ]);
  let ended = false;
  const exit = once(writer, 'exit').then(([code]) => {
    ended = true;
    return code;
  });
  const follower = followerOf(log, join(folder.path, 'c1', 'container-json.log'));
  while (!ended) {
    for (let i = 0; i < 50; i++) follower.turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await exit).toBe(0);
  await toEnd(follower);
  expect(texts(log)).toEqual(numbered(count));
});

it('says in the stream that rotation overtook it, and goes on', () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxFiles: 3 });
  const log = openLog(folder.path);
  const follower = followerOf(log, files.path);
  files.print('before');
  toQuiet(follower);
  for (let i = 1; i <= 5; i++) {
    files.rotate();
    files.print(`file ${i}`);
  }
  toQuiet(follower);
  const lines = texts(log);
  expect(lines).toEqual([
    'before',
    expect.stringMatching(/^Lines lost: .*rotated/),
    'file 3',
    'file 4',
    'file 5',
  ]);
  follower.close();

  // The same while nothing of ours ran; the loss is said once, not again at the next start.
  for (let i = 6; i <= 9; i++) {
    files.rotate();
    files.print(`file ${i}`);
  }
  for (let start = 0; start < 2; start++) {
    const again = openLog(folder.path);
    const follower = followerOf(again, files.path);
    toQuiet(follower);
    follower.close();
    expect(texts(again).slice(5)).toEqual([
      expect.stringMatching(/^Lines lost/),
      'file 7',
      'file 8',
      'file 9',
    ]);
  }
});

it('knows a file by its first bytes, not by name or inode', () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  files.print('old', { time: '2026-11-23T04:00:00.000000001Z' });
  const follower = followerOf(openLog(folder.path), files.path);
  toQuiet(follower);
  follower.close();
  rmSync(join(folder.path, 'c1'), { recursive: true });
  const others = writeEngineFiles(join(folder.path, 'c1'));
  others.print('new', { time: '2026-11-23T04:00:00.000000002Z' });
  const log = openLog(folder.path);
  toQuiet(followerOf(log, others.path));
  expect(texts(log, 'app')).toEqual(['old', 'new']);
});

it('notices a file that the engine emptied instead of renaming', () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxFiles: 1 });
  const log = openLog(folder.path);
  const follower = followerOf(log, files.path);
  for (let i = 0; i < 10; i++) files.print(`a${i}`);
  toQuiet(follower);
  files.rotate();
  files.print('b');
  toQuiet(follower);
  expect(texts(log).slice(9)).toEqual(['a9', expect.stringMatching(/^Lines lost/), 'b']);
});

it('joins what the engine cut, also across a restart, and flushes it at the end', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const long = 'x'.repeat(16_384);
  files.print(long, { end: '' });
  files.print('other', { stream: 'stderr' });
  let log = openLog(folder.path);
  let follower = followerOf(log, files.path);
  toQuiet(follower);
  expect(texts(log)).toEqual(['x'.repeat(10_000), 'other']);
  follower.close();

  log = openLog(folder.path);
  follower = followerOf(log, files.path);
  files.rotate();
  files.print('end');
  files.print('no newline', { end: '' });
  await toEnd(follower);
  expect(texts(log)).toEqual(['x'.repeat(10_000), 'other', `${'x'.repeat(6384)}end`, 'no newline']);

  // Followed once more, as after a kill between the end and the removal of the container: nothing is repeated.
  log = openLog(folder.path);
  await toEnd(followerOf(log, files.path));
  expect(texts(log)).toHaveLength(4);
});

it('waits for an entry that is half written', () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const log = openLog(folder.path);
  const follower = followerOf(log, files.path);
  const entry = '{"log":"split\\n","stream":"stdout","time":"2026-11-23T04:00:00.5Z"}\n';
  for (const byte of entry) {
    expect(texts(log)).toEqual([]);
    files.raw(byte);
    toQuiet(follower);
  }
  expect(texts(log)).toEqual(['split']);
});

it('says what it could not read, and keeps what follows', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const log = openLog(folder.path);
  files.raw('{"log":"torn by a kill');
  files.print('next');
  files.raw(Buffer.alloc(200_000));
  files.print('after a power cut');
  files.print('good');
  files.raw('{"log":"half');
  await toEnd(followerOf(log, files.path));
  expect(texts(log, 'app')).toEqual(['next', 'good']);
  const said = texts(log, 'twelve');
  expect(said.length).toBeGreaterThanOrEqual(3);
  for (const text of said) expect(text).toMatch(/^1 line lost: the engine's log/);
});

it('ends with an announcement when there is no file', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  await toEnd(followerOf(log, join(folder.path, 'nothing', 'x-json.log')));
  expect(texts(log)).toEqual([expect.stringMatching(/^All lines lost: the engine's log is gone/)]);
});

it('tells whether there is more to read at once: a whole chunk was there, the engine has moved on, or the end is near', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const log = openLog(folder.path);
  const follower = followerOf(log, files.path);
  expect(follower.turn()).toBe('quiet');
  files.print('a');
  expect([follower.turn(), follower.turn()]).toEqual(['some', 'quiet']);
  const long = 'x'.repeat(2000);
  for (let line = 0; line < 40; line++) files.print(long);
  expect([follower.turn(), follower.turn(), follower.turn()]).toEqual(['more', 'some', 'quiet']);
  files.print('b');
  files.rotate();
  files.print('c');
  expect([follower.turn(), follower.turn(), follower.turn()]).toEqual(['more', 'more', 'some']);
  files.print('d');
  follower.expectEnd();
  expect([follower.turn(), follower.turn()]).toEqual(['more', 'ended']);
  follower.close();
  expect(texts(log).filter((text) => text !== long)).toEqual(['a', 'b', 'c', 'd']);
});

it('reads a deleted file to its end', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const log = openLog(folder.path);
  const follower = followerOf(log, files.path);
  files.print('one');
  follower.turn();
  files.print('two');
  files.remove();
  await toEnd(follower);
  expect(texts(log)).toEqual(['one', 'two']);
});

it('tells once that a log does not appear, and reads it when it does', () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const path = join(folder.path, 'c1', 'container-json.log');
  const follower = followerOf(log, path);
  vi.useFakeTimers();
  try {
    for (let i = 0; i < 30; i++) {
      follower.turn();
      vi.advanceTimersByTime(1000);
    }
  } finally {
    vi.useRealTimers();
  }
  expect(problems).toEqual([expect.stringContaining(`not at ${path}`)]);
  writeEngineFiles(join(folder.path, 'c1')).print('late');
  toQuiet(follower);
  expect(texts(log)).toEqual(['late']);
});
