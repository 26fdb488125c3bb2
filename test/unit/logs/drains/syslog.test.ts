// syslog over TCP and TLS, to a strict receiver that is restarted in mid-stream.
import { expect, it } from 'vitest';
import type { LogLine } from '../../../../platform/domain/log-line.ts';
import { counted, syslogMessage } from '../../../../platform/logs/drains/syslog.ts';
import { temporaryFolder } from '../engine-files.ts';
import { makeCertificates } from './certificates.ts';
import { createGround, distinct, numbers, range, token, until } from './ground.ts';
import { readMessage, startSyslogReceiver, takeFrames } from './syslog-receiver.ts';

const line = (more: Partial<LogLine> & { sequence?: number | null }) => ({
  ...{ time: 1_700_000_000_123_456, source: 'app' as const, process: 'web.1', text: 'hello', sequence: 7 },
  ...more,
});

it.each([
  [{}, `<190>1 2023-11-14T22:13:20.123456+00:00 ${token} app web.1 - [meta sequenceId="7"] hello`],
  [
    { source: 'twelve' as const, process: 'router', text: 'at=info' },
    `<158>1 2023-11-14T22:13:20.123456+00:00 ${token} twelve router - [meta sequenceId="7"] at=info`,
  ],
  [
    { source: 'twelve' as const, text: 'State changed', sequence: null },
    `<45>1 2023-11-14T22:13:20.123456+00:00 ${token} twelve web.1 - - State changed`,
  ],
  [
    { sequence: 2_147_483_648, process: 'wéb 1', text: '' },
    `<190>1 2023-11-14T22:13:20.123456+00:00 ${token} app w?b?1 - [meta sequenceId="1"] `,
  ],
])('writes %j', (more, message) => {
  expect(syslogMessage(line(more), token)).toBe(message);
  expect(readMessage(message)).toMatchObject({ host: token });
});

it('counts bytes and not characters, so that nothing in a line can end it', () => {
  const texts = ['plain', 'ünï 🚀', 'a\nb\0c', '5 <1>1 fake', ''];
  const frames = counted(texts.map((text) => syslogMessage(line({ text }), token)));
  const read: string[] = [];
  expect(takeFrames(frames, (text) => read.push(readMessage(text).text))).toHaveLength(0);
  expect(read).toEqual(texts);
});

/** A receiver, and a ground that trusts its certificate where there is one. */
async function createStage(scheme: string) {
  const folder = temporaryFolder();
  const tls = scheme === 'syslog+tls' ? makeCertificates(folder.path) : undefined;
  const receiver = await startSyslogReceiver(tls);
  const ground = await createGround({ folder: folder.path, ...(tls ? { caFile: tls.caFile } : {}) });
  return {
    ...{ receiver, ground, url: `${scheme}://localhost:${receiver.port}` },
    async [Symbol.asyncDispose]() {
      await ground[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

it.each(['syslog', 'syslog+tls'])('%s: delivers what comes after it was added, in order', async (scheme) => {
  await using stage = await createStage(scheme);
  const { receiver, ground, url } = stage;
  ground.print(1, 10);
  ground.open(url);
  ground.print(11, 5000);
  await until(() => receiver.messages.length >= 4990);
  expect(numbers(receiver.messages.map(({ text }) => text))).toEqual(range(11, 5000));
  expect(receiver.messages.map(({ sequence }) => sequence)).toEqual(range(11, 5000));
  expect(receiver.faults).toEqual([]);
  await until(() => ground.status().lag === 0);
  expect(ground.status()).toEqual({ id: 'one', lag: 0, delivered: 4990, lost: 0, failure: null });
});

it.each(['syslog', 'syslog+tls'])(
  '%s: loses nothing over restarts of the receiver in mid-stream',
  async (scheme) => {
    await using stage = await createStage(scheme);
    const { receiver, ground, url } = stage;
    ground.open(url);
    let printed = 0;
    for (let round = 1; round <= 3; round++) {
      const before = receiver.messages.length;
      for (let part = 0; part < 15; part++) {
        ground.print(printed + 1, printed + 200, ' '.repeat(100));
        printed += 200;
        if (part === 5) await until(() => receiver.messages.length > before);
        if (part === 6) await receiver.stop();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await receiver.start();
    }
    const last = printed;
    await until(() => receiver.messages.some(({ sequence }) => sequence === last));
    // Each came; those that came twice have the sequence number they had.
    expect(distinct(numbers(receiver.messages.map(({ text }) => text))).sort((a, b) => a - b)).toEqual(
      range(1, last),
    );
    expect(receiver.messages.every(({ sequence, text }) => sequence === Number.parseInt(text, 10))).toBe(
      true,
    );
    await until(() => ground.status().lag === 0);
    expect(ground.status()).toMatchObject({ delivered: last, lost: 0, failure: null });
  },
);

it.each(['syslog', 'syslog+tls'])(
  '%s: goes on where it was after a restart of ours, and repeats nothing',
  async (scheme) => {
    await using stage = await createStage(scheme);
    const { receiver, ground, url } = stage;
    ground.open(url);
    for (let round = 0; round < 5; round++) {
      ground.print(round * 1000 + 1, round * 1000 + 1000);
      await ground.restart();
    }
    await until(() => receiver.messages.length >= 5000);
    expect(numbers(receiver.messages.map(({ text }) => text))).toEqual(range(1, 5000));
  },
);

it.each(['syslog', 'syslog+tls'])(
  '%s: loses nothing to a receiver that hangs over a restart of ours and is then restarted',
  async (scheme) => {
    await using stage = await createStage(scheme);
    const { receiver, ground, url } = stage;
    ground.open(url);
    ground.print(1, 100);
    await until(() => receiver.messages.length === 100);
    receiver.pause();
    ground.print(101, 5000);
    await until(() => ground.status().lag === 0);
    await ground.restart();
    await receiver.stop();
    receiver.resume();
    await receiver.start();
    ground.print(5001, 5100);
    await until(() => receiver.messages.at(-1)?.sequence === 5100 && ground.status().lag === 0);
    expect(distinct(numbers(receiver.messages.map(({ text }) => text)))).toEqual(range(1, 5100));
    expect(ground.status()).toMatchObject({ delivered: 5100, lost: 0, failure: null });
  },
);

it('keeps what a receiver that is away misses, through restarts of ours', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path });
  await receiver.stop();
  ground.open(`syslog://user.example:${receiver.port}`);
  ground.print(1, 3000);
  await until(() => ground.status().failure !== null);
  expect(ground.status()).toMatchObject({ lag: 3000, delivered: 0, lost: 0 });
  expect(ground.status().failure).toContain('ECONNREFUSED');
  await ground.restart();
  ground.print(3001, 3010);
  await receiver.start();
  await until(() => receiver.messages.length >= 3010);
  expect(numbers(receiver.messages.map(({ text }) => text))).toEqual(range(1, 3010));
  expect(ground.status()).toMatchObject({ lag: 0, delivered: 3010, failure: null });
  expect(ground.problems).toHaveLength(2);
});

it('waits for a receiver that does not read, without keeping the lines in memory', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path });
  receiver.pause();
  ground.open(`syslog://localhost:${receiver.port}`);
  for (let i = 0; i < 25; i++) ground.print(i * 1000 + 1, i * 1000 + 1000, 'x'.repeat(900));
  await until(() => receiver.connections() > 0 && ground.status().delivered > 0);
  expect(ground.status().lag).toBeGreaterThan(5_000);
  receiver.resume();
  await until(() => ground.status().lag === 0);
  await until(() => receiver.messages.length === 25_000);
  expect(numbers(receiver.messages.map(({ text }) => text))).toEqual(range(1, 25_000));
});

it('refuses a certificate that it cannot verify, unless any may be taken', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using receiver = await startSyslogReceiver(tls);
  await using ground = await createGround({ folder: folder.path });
  const url = `syslog+tls://localhost:${receiver.port}`;
  ground.open(url);
  ground.print(1, 10);
  await until(() => ground.status().failure !== null);
  expect(ground.status().failure).toMatch(/certificate is not trusted.*TWELVE_CA_FILE.*--insecure/);
  expect(receiver.messages).toEqual([]);
  await ground.drains.remove('one');
  ground.open(url, { id: 'two', insecure: true });
  ground.print(11, 20);
  await until(() => receiver.messages.length === 10);
  expect(numbers(receiver.messages.map(({ text }) => text))).toEqual(range(11, 20));
});

it('refuses a certificate of another name', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using receiver = await startSyslogReceiver(tls);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`syslog+tls://other.example:${receiver.port}`);
  ground.print(1, 1);
  await until(() => ground.status().failure !== null);
  expect(ground.status().failure).toContain('certificate is not trusted');
  expect(receiver.messages).toEqual([]);
});
