// The log router as the platform uses it: in its own thread, through its public interface.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { StoredLine } from '../../../platform/domain/log-line.ts';
import { createLogs, type Logs } from '../../../platform/logs/logs.ts';
import { temporaryFolder, writeEngineFiles } from './engine-files.ts';
import { linesOf, whole } from './tailed.ts';

interface Opened extends Logs {
  problems: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

async function openLogs(folder: string): Promise<Opened> {
  const problems: string[] = [];
  const logs = await createLogs({
    folder: join(folder, 'logs'),
    budgetBytes: 50 << 20,
    onProblem: (message) => problems.push(message),
  });
  return { ...logs, problems, [Symbol.asyncDispose]: logs.close };
}

const api = (text: string) => ({ source: 'twelve' as const, process: 'api', text });
const shown = (lines: StoredLine[]): string[] =>
  lines.map((line) => `${line.source}[${line.process}]: ${line.text}`);
const all = { lines: 1e6, filter: {} };

async function collect(logs: Logs, query: { after?: number }, until: string): Promise<StoredLine[]> {
  const found: StoredLine[] = [];
  const stop = new AbortController();
  const wanted = { ...all, shape: whole, ...query, signal: stop.signal };
  for await (const part of logs.tail('app', wanted)) {
    const lines = linesOf(part);
    found.push(...lines);
    if (lines.some((line) => line.text === until)) stop.abort();
  }
  return found;
}

it('joins what apps print and what the platform says into one stream, kept across restarts', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const container = { id: 'c1', appId: 'app', process: 'web.1', logPath: files.path };
  {
    await using logs = await openLogs(folder.path);
    logs.write('app', api('Release v1 created'));
    logs.follow(container);
    logs.follow(container);
    files.print('listening');
    files.print('oops', { stream: 'stderr' });
    await logs.drained('c1');
    logs.write('app', { source: 'twelve', process: 'web.1', text: 'Process exited with status 1', time: 5 });
    logs.write('other', api('not yours'));
    const lines = await logs.read('app', all);
    expect(shown(lines)).toEqual([
      'twelve[api]: Release v1 created',
      'app[web.1]: listening',
      'app[web.1]: oops',
      'twelve[web.1]: Process exited with status 1',
    ]);
    expect(lines.map((line) => line.sequence)).toEqual([1, 2, 3, 4]);
    expect(lines[3]!.time).toBe(5);
    expect(Math.abs(lines[0]!.time / 1000 - Date.now())).toBeLessThan(60_000);
    await logs.drained('c1');
    await logs.drained('never followed');
    expect(logs.problems).toEqual([]);
  }
  await using logs = await openLogs(folder.path);
  logs.follow(container);
  files.print('again');
  await logs.drained('c1');
  expect(shown(await logs.read('app', { lines: 2, filter: {} }))).toEqual([
    'twelve[web.1]: Process exited with status 1',
    'app[web.1]: again',
  ]);
  expect(shown(await logs.read('app', { lines: 9, filter: { source: 'twelve', process: 'api' } }))).toEqual([
    'twelve[api]: Release v1 created',
  ]);
});

it('tails without gap or repeat, for several readers, across a restart of the platform', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxBytes: 100_000, maxFiles: 100 });
  const container = { id: 'c1', appId: 'app', process: 'web.1', logPath: files.path };
  const seen: StoredLine[][] = [];
  for (let run = 0; run < 3; run++) {
    await using logs = await openLogs(folder.path);
    const from = (reader: number) => seen[reader]?.at(-1)?.sequence;
    const readers = [0, 1, 2].map((reader) => {
      const after = from(reader);
      return collect(logs, after === undefined ? {} : { after }, `last of run ${run}`);
    });
    logs.follow(container);
    for (let i = 0; i < 2000; i++) {
      files.print(`${run} ${i}`);
      if (i % 100 === 0) logs.write('app', api(`at ${i}`));
      if (i % 50 === 0) await sleep(1);
    }
    await logs.drained('c1');
    logs.write('app', api(`last of run ${run}`));
    for (const [reader, lines] of (await Promise.all(readers)).entries()) {
      seen[reader] = [...(seen[reader] ?? []), ...lines];
    }
  }
  await using logs = await openLogs(folder.path);
  const stored = await logs.read('app', all);
  expect(stored).toHaveLength(3 * 2021);
  expect(stored.map((line) => line.sequence)).toEqual(stored.map((_, i) => i + 1));
  for (const lines of seen) expect(lines).toEqual(stored);
});

it('ends tails by their signal and when it closes', async () => {
  using folder = temporaryFolder();
  const logs = await openLogs(folder.path);
  const stop = new AbortController();
  const ended: string[] = [];
  async function run(name: string, signal: AbortSignal): Promise<void> {
    for await (const batch of logs.tail('app', { lines: 5, filter: {}, shape: whole, signal })) void batch;
    ended.push(name);
  }
  const first = run('by signal', stop.signal);
  const second = run('by close', new AbortController().signal);
  await run('before it began', AbortSignal.abort());
  await sleep(20);
  stop.abort();
  await first;
  await logs.close();
  await second;
  expect(ended).toEqual(['before it began', 'by signal', 'by close']);
});

it('removes the log of an app, and takes nothing more for it', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  const files = writeEngineFiles(join(folder.path, 'c1'));
  files.print('hello');
  logs.follow({ id: 'c1', appId: 'app', process: 'web.1', logPath: files.path });
  logs.write('app', api('x'));
  const tail = collect(logs, {}, 'never');
  expect(await logs.read('app', all)).not.toEqual([]);
  await logs.remove('app');
  await tail;
  logs.write('app', api('late'));
  await logs.drained('c1');
  expect(await logs.read('app', all)).toEqual([]);
  expect(existsSync(join(folder.path, 'logs', 'app'))).toBe(false);
  await expect(logs.read('../escape', all)).rejects.toThrow('is not the id of an app');
  expect(logs.problems).toEqual([]);
});

it('says that it cannot store, keeps trying, and loses nothing the engine has', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  const files = writeEngineFiles(join(folder.path, 'c1'));
  // A file where the app's folder has to be, as a stand-in for a disk that takes nothing.
  mkdirSync(join(folder.path, 'logs'), { recursive: true });
  logs.follow({ id: 'c1', appId: 'app', process: 'web.1', logPath: files.path });
  await logs.read('app', all);
  writeFileSync(join(folder.path, 'logs', 'app'), '');
  logs.write('app', api('cannot be stored'));
  for (let i = 0; i < 100; i++) files.print(`${i}`);
  while (logs.problems.length < 2) await sleep(10);
  const said = logs.problems.join('\n');
  expect(said).toContain('Lines of the platform cannot be stored');
  expect(said).toContain('The log of web.1 cannot be followed');
  rmSync(join(folder.path, 'logs', 'app'));
  await logs.drained('c1');
  logs.write('app', api('stored again'));
  const lines = shown(await logs.read('app', all));
  expect(lines).toEqual([
    ...Array.from({ length: 100 }, (_, i) => `app[web.1]: ${i}`),
    'twelve[logs]: 1 line lost: the disk took nothing.',
    'twelve[api]: stored again',
  ]);
});

it('never waits for what is written, and says how many lines were too many', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  const count = 120_000;
  for (let i = 0; i < count; i++) logs.write('app', { source: 'twelve', process: 'router', text: `${i}` });
  let lines: StoredLine[] = [];
  while (!lines.at(-1)?.text.includes('lines lost')) lines = await logs.read('app', all);
  const lost = Number.parseInt(lines.at(-1)!.text, 10);
  expect(lost).toBeGreaterThan(0);
  expect(lines.length - 1 + lost).toBe(count);
  expect(lines.slice(0, -1).map((line) => Number(line.text))).toEqual(
    Array.from({ length: lines.length - 1 }, (_, i) => i),
  );
});
