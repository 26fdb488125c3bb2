// The log router's thread dies in mid-stream: its drains go on where they were, and what comes twice is known by its number or frame.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { temporaryFolder, writeEngineFiles } from '../engine-files.ts';
import { openLogs } from '../opened-logs.ts';
import { makeCertificates } from './certificates.ts';
import { distinct, numbers, range, token, until } from './ground.ts';
import { startHttpReceiver } from './http-receiver.ts';
import { startSyslogReceiver, takeFrames } from './syslog-receiver.ts';

/** Heroku's https drains, with what their frame ids promise: the same one is the same batch. */
async function startFrameReceiver(tls: { key: string; cert: string }) {
  const frames = new Map<string, string[]>();
  const receiver = await startHttpReceiver(tls, ({ headers, body }) => {
    const id = String(headers['logplex-frame-id']);
    const texts: string[] = [];
    takeFrames(body, (frame) => texts.push(/ - (\d+)\n$/.exec(frame)?.[1] ?? frame));
    if (frames.has(id)) expect(texts).toEqual(frames.get(id));
    frames.set(id, texts);
    return { status: 200 };
  });
  return Object.assign(receiver, { numbers: () => numbers([...frames.values()].flat()) });
}

it('nothing is lost, and nothing comes twice unmarked', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using https = await startFrameReceiver(tls);
  await using syslog = await startSyslogReceiver();
  await using logs = await openLogs(folder.path, {
    caFile: tls.caFile,
    resolve: async (url) => ({ host: url.hostname, port: 0, addresses: ['127.0.0.1'] }),
  });
  const drain = { appId: 'app', token, insecure: false };
  logs.openDrain({ ...drain, id: 'frames', url: `https://localhost:${https.port}/` });
  logs.openDrain({ ...drain, id: 'octets', url: `syslog://localhost:${syslog.port}` });
  while ((await logs.drainsOf('app')).length < 2) await sleep(10);
  const files = writeEngineFiles(join(folder.path, 'c1'), { maxBytes: 1 << 20, maxFiles: 10 });
  logs.follow({ id: 'c1', appId: 'app', process: 'web.1', logPath: files.path });
  let printed = 0;
  const print = async (parts: number): Promise<void> => {
    for (let part = 0; part < parts; part++) {
      for (let line = 0; line < 100; line++) files.print(`${++printed}`);
      await sleep(1);
    }
  };
  const arrived = (): number => Math.min(https.numbers().length, syslog.messages.length);
  for (let death = 0; death < 2; death++) {
    const before = arrived();
    await print(20);
    await until(() => arrived() > before);
    const dead = logs.thread();
    await Promise.all([print(40), dead.terminate()]);
    await until(() => logs.thread() !== dead);
  }
  await print(1);
  await logs.drained('c1');
  await until(() => https.numbers().at(-1) === printed && syslog.messages.at(-1)?.text === `${printed}`);

  expect(https.numbers()).toEqual(range(1, printed));
  expect(distinct(syslog.messages.map(({ sequence }) => sequence!))).toEqual(range(1, printed));
  expect(syslog.messages.every(({ sequence, text }) => text === `${sequence}`)).toBe(true);
  expect(syslog.faults).toEqual([]);
  for (;;) {
    const drains = await logs.drainsOf('app');
    if (drains.some(({ lag }) => lag > 0)) await sleep(10);
    else {
      expect(drains.map(({ delivered, lost, failure }) => ({ delivered, lost, failure }))).toEqual(
        drains.map(() => ({ delivered: printed, lost: 0, failure: null })),
      );
      break;
    }
  }
});
