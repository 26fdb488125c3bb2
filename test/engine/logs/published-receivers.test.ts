// Drains to receivers made of published code: Heroku's reader of Logplex, Graylog's of GELF datagrams, VictoriaLogs for Splunk's protocol and syslog.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import type { Received } from '../../support/log-receivers.ts';
import { buildReceivers, startFileReceiver, startVictoriaLogs } from '../../support/published-receivers.ts';
import { makeCertificates } from '../../unit/logs/drains/certificates.ts';
import { createGround, type Ground, range, token, until } from '../../unit/logs/drains/ground.ts';
import { temporaryFolder } from '../../unit/logs/engine-files.ts';
import { printOver } from './print-over.ts';

const long = 'x'.repeat(10_000);
const texts = ['plain', 'ünï 漢字 🚀', '"quotes" [brackets] \\ <1>1 -', 'tab\there', long];

beforeAll(async () => {
  await buildReceivers();
}, 600_000);

/** A folder, certificates, and a log that trusts them. */
async function createPlace() {
  const folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  mkdirSync(join(folder.path, 'logs'));
  const ground = await createGround({ folder: join(folder.path, 'logs'), caFile: tls.caFile });
  return {
    folder: folder.path,
    tls,
    ground,
    async [Symbol.asyncDispose]() {
      await ground[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function printSamples(ground: Ground): void {
  ground.log.append((batch) => {
    for (const text of texts) batch.text('app', 'web.1', text);
    batch.text('twelve', 'router', 'at=info method=GET');
  });
}

/** What has to arrive of the samples. */
function samples(host: string, sequences: boolean): Received[] {
  const all = [...texts.map((text) => ['app', 'web.1', text]), ['twelve', 'router', 'at=info method=GET']];
  return all.map(([program, process, text], index) => ({
    ...{ host, program: program!, process: process!, text: text! },
    sequence: sequences ? index + 1 : null,
  }));
}

const numbersIn = (received: readonly Received[]): number[] =>
  received.map(({ text }) => Number.parseInt(text, 10));

it("Heroku's library reads every field of a batch", async () => {
  await using place = await createPlace();
  await using receiver = await startFileReceiver('logplex', place.folder, place.tls);
  place.ground.open(`https://localhost:${receiver.port}/logs`);
  printSamples(place.ground);
  await until(() => receiver.received().length + receiver.faults().length >= 6);
  expect(receiver.faults()).toEqual([]);
  // Each line ends in a newline that its length counts, as Heroku's do.
  const received = receiver.received().map((line) => ({ ...line, text: line.text.replace(/\n$/, '') }));
  expect(received).toEqual(samples(`host of ${token}`, false));
});

it('a receiver of https drains, stopped and killed in mid-stream, has each line once, in order', async () => {
  await using place = await createPlace();
  await using receiver = await startFileReceiver('logplex', place.folder, place.tls);
  place.ground.open(`https://localhost:${receiver.port}/`);
  const printed = await printOver(place.ground, receiver, ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL']);
  await until(() => place.ground.status().lag === 0);
  expect(receiver.faults()).toEqual([]);
  expect(numbersIn(receiver.received())).toEqual(range(1, printed));
  expect(place.ground.status()).toMatchObject({ delivered: printed, lost: 0, failure: null });
});

it("Graylog's library reads datagrams, alone and in pieces; what came while it was away is all that is lost", async () => {
  await using place = await createPlace();
  await using receiver = await startFileReceiver('gelf-udp', place.folder, place.tls);
  place.ground.open(`gelf+udp://localhost:${receiver.port}`);
  printSamples(place.ground);
  await until(() => receiver.received().length === 6);
  expect(receiver.received()).toEqual(samples(token, true));
  const last = (): number | null => receiver.received().at(-1)?.sequence ?? null;
  const send = async (from: number, to: number): Promise<void> => {
    // No faster than its buffer is emptied.
    for (let number = from; number <= to; number += 20) {
      place.ground.print(number, number + 19);
      await sleep(5);
    }
  };
  await send(7, 506);
  await until(() => last() === 506);
  await receiver.stop('SIGKILL');
  await send(507, 606);
  await receiver.start();
  await send(607, 1106);
  await until(() => last() === 1106);
  const sequences = receiver.received().map(({ sequence }) => sequence!);
  const away = range(507, 606);
  expect(sequences.filter((sequence) => !away.includes(sequence))).toEqual([
    ...range(1, 506),
    ...range(607, 1106),
  ]);
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
});

it.each(['splunk', 'syslog', 'syslog+tls'] as const)('VictoriaLogs reads every field of %s', async (kind) => {
  await using place = await createPlace();
  await using receiver = await startVictoriaLogs(place.folder, place.tls);
  place.ground.open(addressOf(kind, receiver.ports[kind]));
  printSamples(place.ground);
  await eventually(receiver, 6);
  expect(await receiver.received()).toEqual(samples(token, true));
});

it.each(['splunk', 'syslog', 'syslog+tls'] as const)(
  'VictoriaLogs over %s, stopped in mid-stream, lacks nothing',
  async (kind) => {
    await using place = await createPlace();
    await using receiver = await startVictoriaLogs(place.folder, place.tls);
    place.ground.open(addressOf(kind, receiver.ports[kind]));
    // It says that it has a line before that is on its disk, so killed it would lack some.
    const printed = await printOver(place.ground, receiver, ['SIGTERM', 'SIGTERM']);
    await until(() => place.ground.status().lag === 0);
    const received = await eventually(receiver, printed);
    expect([...new Set(received.map(({ sequence }) => sequence))]).toEqual(range(1, printed));
    expect(received.every(({ sequence, text }) => text === `${sequence} and more`)).toBe(true);
    expect(place.ground.status()).toMatchObject({ delivered: printed, lost: 0, failure: null });
  },
);

function addressOf(kind: 'splunk' | 'syslog' | 'syslog+tls', port: number): string {
  return kind === 'splunk' ? `splunk+https://any-token@localhost:${port}` : `${kind}://localhost:${port}`;
}

/**
 * All that can be searched, as soon as these are. Batches are on their way beside each other, and what came again after
 * a restart is searchable later than the last one; after so many tries what is missing is not on its way any more.
 */
async function eventually(receiver: { received(): Promise<Received[]> }, last: number): Promise<Received[]> {
  for (let tries = 0; ; tries++) {
    const received = await receiver.received();
    if (new Set(received.map(({ sequence }) => sequence)).size >= last || tries === 300) return received;
    await sleep(50);
  }
}
