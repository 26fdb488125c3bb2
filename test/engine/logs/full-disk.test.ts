// The disk under the logs is full to its last byte: nothing stalls, what is lost is said, and it goes on when there is room.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createMemoryDisk } from '../../support/small-disk.ts';
import { startSyslogReceiver } from '../../unit/logs/drains/syslog-receiver.ts';
import { temporaryFolder, writeEngineFiles } from '../../unit/logs/engine-files.ts';
import { openLogs } from '../../unit/logs/opened-logs.ts';

const all = { lines: 1e7, filter: {} };

it('keeps what fits, says once that it cannot store, counts what it lost, and lets readers and drains go on', async () => {
  using folder = temporaryFolder();
  using disk = createMemoryDisk(join(folder.path, 'disk'), 8 << 20);
  await using receiver = await startSyslogReceiver();
  await using logs = await openLogs(disk.folder, {
    resolve: async (url) => ({ host: url.hostname, port: 0, addresses: ['127.0.0.1'] }),
  });
  logs.openDrain({
    ...{ id: 'one', appId: 'app', token: 'd.one', insecure: false },
    url: `syslog://localhost:${receiver.port}`,
  });
  // What the engine keeps of each: all, and the newest of much more.
  const little = writeEngineFiles(join(folder.path, 'little'));
  const much = writeEngineFiles(join(folder.path, 'much'), { maxBytes: 200_000, maxFiles: 2 });
  logs.follow({ id: 'little', appId: 'app', process: 'web.1', logPath: little.path });
  logs.follow({ id: 'much', appId: 'app', process: 'web.2', logPath: much.path });
  const print = (files: typeof little, from: number, to: number): void => {
    for (let number = from; number <= to; number++) files.print(`${number} ${'.'.repeat(200)}`);
  };
  print(little, 1, 100);
  print(much, 1, 100);
  while ((await logs.read('app', all)).length < 200) await sleep(10);

  disk.fill(0);
  expect(disk.free()).toBe(0);
  print(little, 101, 300);
  for (let number = 101; number < 20_000; number += 500) {
    print(much, number, Math.min(20_000, number + 499));
    await sleep(5);
  }
  for (let request = 0; request < 100; request++)
    logs.write('app', { source: 'twelve', process: 'router', text: `${request} ${'.'.repeat(200)}` });
  const ofDrain = / \(d\.one\): How far it has delivered cannot be kept: ENOSPC/;
  const others = (): string[] => logs.problems.filter((problem) => !ofDrain.test(problem)).sort();
  while (others().length < 3) await sleep(10);
  expect(others()).toEqual([
    expect.stringMatching(/^Lines of the platform cannot be stored: ENOSPC/),
    expect.stringMatching(/^The log of web\.1 cannot be followed for now: ENOSPC/),
    expect.stringMatching(/^The log of web\.2 cannot be followed for now: ENOSPC/),
  ]);
  expect((await logs.read('app', { lines: 5, filter: {} })).length).toBe(5);

  disk.empty();
  await Promise.all([logs.drained('little'), logs.drained('much')]);
  logs.write('app', { source: 'twelve', process: 'api', text: 'room again' });
  let lines = await logs.read('app', all);
  for (; lines.at(-1)?.text !== 'room again'; lines = await logs.read('app', all)) await sleep(10);

  const of = (name: string): string[] =>
    lines.filter(({ process }) => process === name).map(({ text }) => text);
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `${from + index} ${'.'.repeat(200)}`);
  expect(of('web.1')).toEqual(numbered(1, 300));
  const gap = of('web.2').indexOf('Lines lost: the engine rotated its log away before it could be read.');
  expect(of('web.2').slice(0, gap)).toEqual(numbered(1, gap));
  expect(of('web.2').slice(gap + 1)).toEqual(numbered(20_000 - of('web.2').length + gap + 2, 20_000));
  const stored = of('router').length;
  expect(of('logs')).toEqual([`${100 - stored} lines lost: the disk took nothing.`]);
  expect(stored).toBeLessThan(100);
  while (receiver.messages.at(-1)?.text !== 'room again') await sleep(10);
  expect(receiver.messages.map(({ text }) => text)).toEqual(lines.map(({ text }) => text));
  expect(others()).toHaveLength(3);
  // A line or two may have fit behind what was there, and been delivered.
  expect(logs.problems.length).toBeLessThan(5);
});
