// Drains to Debian's rsyslog and syslog-ng, over TCP and TLS, and to rsyslog as a reader of GELF, which are stopped and killed in mid-stream.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startLogReceiver } from '../../support/log-receivers.ts';
import { makeCertificates } from '../../unit/logs/drains/certificates.ts';
import { createGround, range, token, until } from '../../unit/logs/drains/ground.ts';
import { temporaryFolder } from '../../unit/logs/engine-files.ts';
import { printOver } from './print-over.ts';

const each = [
  ['rsyslog', 'syslog'],
  ['rsyslog', 'syslog+tls'],
  ['syslog-ng', 'syslog'],
  ['syslog-ng', 'syslog+tls'],
  ['gelf', 'gelf+tcp'],
] as const;

it.each(each)(
  '%s reads what %s sends, every field of it, long lines and other alphabets too',
  async (name, scheme) => {
    using folder = temporaryFolder();
    const tls = scheme === 'syslog+tls' ? makeCertificates(folder.path) : undefined;
    await using receiver = await startLogReceiver(name, folder.path, tls);
    await using ground = await createGround({
      folder: join(folder.path, 'logs'),
      ...(tls ? { caFile: tls.caFile } : {}),
    });
    ground.open(`${scheme}://localhost:${receiver.port}`);
    const long = 'x'.repeat(10_000);
    ground.log.append((batch) => {
      for (const text of ['plain', 'ünï 漢字 🚀', ' "quotes" [brackets] \\ <1>1 -', 'tab\there', long])
        batch.text('app', 'web.1', text);
      batch.text('twelve', 'router', 'at=info method=GET');
    });
    await until(() => receiver.received().length === 6);
    const fields = receiver.received().map(({ text, ...rest }) => ({ ...rest, text: text.trimStart() }));
    const of = (sequence: number, program: string, process: string, text: string) => ({
      ...{ host: token, program, process, sequence, text },
    });
    expect(fields).toEqual([
      of(1, 'app', 'web.1', 'plain'),
      of(2, 'app', 'web.1', 'ünï 漢字 🚀'),
      of(3, 'app', 'web.1', '"quotes" [brackets] \\ <1>1 -'),
      of(4, 'app', 'web.1', 'tab\there'),
      of(5, 'app', 'web.1', long),
      of(6, 'twelve', 'router', 'at=info method=GET'),
    ]);
  },
);

it.each(each)('%s over %s, stopped and killed in mid-stream, lacks nothing', async (name, scheme) => {
  using folder = temporaryFolder();
  const tls = scheme === 'syslog+tls' ? makeCertificates(folder.path) : undefined;
  await using receiver = await startLogReceiver(name, folder.path, tls);
  await using ground = await createGround({
    folder: join(folder.path, 'logs'),
    ...(tls ? { caFile: tls.caFile } : {}),
  });
  ground.open(`${scheme}://localhost:${receiver.port}`);
  const has = (last: number): boolean => receiver.received().some(({ sequence }) => sequence === last);
  // What a killed one had read but not written is its own loss, so it is killed in a pause, with nothing but unread lines.
  const signals = ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const;
  const printed = await printOver(ground, receiver, signals, async (signal, last) => {
    if (signal === 'SIGKILL') await until(() => has(last));
  });
  await until(() => has(printed));
  const received = receiver.received();
  expect([...new Set(received.map(({ sequence }) => sequence))].sort((a, b) => a! - b!)).toEqual(
    range(1, printed),
  );
  expect(received.every(({ sequence, text }) => Number.parseInt(text, 10) === sequence)).toBe(true);
  await until(() => ground.status().lag === 0);
  expect(ground.status()).toMatchObject({ delivered: printed, lost: 0, failure: null });
});

it.each(['rsyslog', 'syslog-ng'] as const)(
  '%s with a certificate that nobody knows gets nothing',
  async (name) => {
    using folder = temporaryFolder();
    await using receiver = await startLogReceiver(name, folder.path, makeCertificates(folder.path));
    await using ground = await createGround({ folder: join(folder.path, 'logs') });
    ground.open(`syslog+tls://localhost:${receiver.port}`);
    ground.print(1, 10);
    await until(() => ground.status().failure !== null);
    expect(ground.status().failure).toContain('certificate is not trusted');
    expect(receiver.received()).toEqual([]);
  },
);
