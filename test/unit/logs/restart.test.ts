// The log router's thread dies: the server goes on, a new thread takes over, and what was lost with the old one is told.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { hasCode } from '../../../platform/domain/errors.ts';
import type { Logs } from '../../../platform/logs/logs.ts';
import { temporaryFolder, writeEngineFiles } from './engine-files.ts';
import { openLogs } from './opened-logs.ts';

const all = { lines: 1e9, filter: {} };
/** Taking it apart fails where nobody waits for it, and the thread dies of that. */
const noMessage = null;

/** As soon as there is a thread to ask. */
async function stored(logs: Logs, app: string): Promise<string[]> {
  for (;;)
    try {
      return (await logs.read(app, all)).map(({ text }) => text);
    } catch (error) {
      if (!hasCode(error, 'service_unavailable')) throw error;
      await sleep(20);
    }
}

const router = (text: string) => ({ source: 'twelve' as const, process: 'router', text });

it('lines that are written while it is down are stored, and those it died with are told', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  logs.write('app', router('stored'));
  expect(await stored(logs, 'app')).toEqual(['stored']);
  logs.thread().postMessage(noMessage);
  for (let i = 0; i < 1000; i++) logs.write('app', router(`on the way ${i}`));
  logs.write('other', router('on the way'));
  await expect(logs.read('app', all)).rejects.toThrow('not available at this moment');
  for (let i = 0; i < 100; i++) {
    logs.write('app', router(`down ${i}`));
    if (i % 10 === 0) await sleep(1);
  }
  expect(await stored(logs, 'app')).toEqual([
    'stored',
    'Up to 1000 lines lost: the log router failed while it stored them.',
    ...Array.from({ length: 100 }, (_, i) => `down ${i}`),
  ]);
  expect(await stored(logs, 'other')).toEqual([
    'Up to 1 line lost: the log router failed while it stored them.',
  ]);
});

it('a failure that nothing in the thread awaits is told, and what was followed is followed on', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  const files = writeEngineFiles(join(folder.path, 'c1'));
  logs.follow({ id: 'c1', appId: 'app', process: 'web.1', logPath: files.path });
  files.print('one');
  while ((await stored(logs, 'app')).length < 1) await sleep(10);
  logs.thread().postMessage(noMessage);
  while (logs.problems.length === 0) await sleep(10);
  files.print('two');
  await logs.drained('c1');
  expect(await stored(logs, 'app')).toEqual(['one', 'two']);
  expect(logs.problems).toEqual([expect.stringMatching(/^The log router failed: .+\. It starts again\.$/)]);
});

it('a thread that cannot start is tried again until it can', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  logs.write('app', router('before'));
  expect(await stored(logs, 'app')).toEqual(['before']);
  const path = join(folder.path, 'logs');
  renameSync(path, `${path}.away`);
  writeFileSync(path, '');
  await logs.thread().terminate();
  logs.write('app', router('down'));
  while (logs.problems.length < 1) await sleep(10);
  rmSync(path);
  renameSync(`${path}.away`, path);
  expect(await stored(logs, 'app')).toEqual(['before', 'down']);
  expect(logs.problems[0]).toMatch(/^The log router does not start: .+\.$/);
});

it('what the new thread is told again and cannot do is a problem of the log, and not the end of the server', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  logs.openDrain({ id: 'one', appId: 'app', url: 'no drain at all', token: 'd.1', insecure: false });
  const refused = () => logs.problems.filter((problem) => problem.includes('It has no scheme')).length;
  while (refused() === 0) await sleep(10);
  await logs.thread().terminate();
  while (refused() === 1) await sleep(10);
  logs.write('app', router('after'));
  expect(await stored(logs, 'app')).toEqual(['after']);
});

/** A drain `one` of the app `app`, to where nobody listens. @returns the file of its place, which is there */
async function openedDrain(logs: Logs, folder: string): Promise<string> {
  logs.openDrain({ id: 'one', appId: 'app', url: 'syslog://127.0.0.1:9', token: 'd.1', insecure: false });
  const cursor = join(folder, 'logs', 'app', 'one.drain');
  while (!existsSync(cursor)) await sleep(10);
  return cursor;
}

it('a removal that the thread died over is done by the next one', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  logs.write('other', router('stored'));
  const cursor = await openedDrain(logs, folder.path);
  await logs.thread().terminate();
  await Promise.all([logs.removeDrain('one'), logs.remove('other')]);
  expect(existsSync(cursor)).toBe(false);
  expect(await logs.drainsOf('app')).toEqual([]);
  expect(await stored(logs, 'other')).toEqual([]);
});

it('a drain whose file cannot be taken away is closed for good all the same', async () => {
  using folder = temporaryFolder();
  await using logs = await openLogs(folder.path);
  const cursor = await openedDrain(logs, folder.path);
  rmSync(cursor);
  mkdirSync(cursor);
  await expect(logs.removeDrain('one')).rejects.toThrow();
  await logs.thread().terminate();
  await stored(logs, 'other');
  expect(await logs.drainsOf('app')).toEqual([]);
});

it('what was not read when it was closed is not drained, and is read by the next server', async () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(join(folder.path, 'c1'));
  const container = { id: 'c1', appId: 'app', process: 'web.1', logPath: files.path };
  await using logs = await openLogs(folder.path);
  logs.follow(container);
  files.print('one');
  while ((await stored(logs, 'app')).length < 1) await sleep(10);
  // The rest of an entry is waited for.
  const last = JSON.stringify({ log: 'two\n', stream: 'stdout', time: new Date().toISOString() });
  files.raw(last.slice(0, 10));
  let drained = 0;
  const wait = (): void => void logs.drained('c1').then(() => drained++);
  wait();
  const closed = logs.close();
  wait();
  await closed;
  wait();
  // Longer than a new thread is waited for.
  await sleep(1500);
  expect(drained).toBe(0);
  files.raw(`${last.slice(10)}\n`);
  await using next = await openLogs(folder.path);
  next.follow(container);
  await next.drained('c1');
  expect(await stored(next, 'app')).toEqual(['one', 'two']);
});
