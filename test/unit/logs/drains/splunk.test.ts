// Splunk's HTTP event collector: a batch has arrived when the indexer says so, and not when the collector took it.
import { expect, it } from 'vitest';
import { temporaryFolder } from '../engine-files.ts';
import { makeCertificates } from './certificates.ts';
import { createGround, numbers, range, token, until } from './ground.ts';
import { type HttpAsked, startHttpReceiver } from './http-receiver.ts';

interface Event {
  time: number;
  host: string;
  source: string;
  event: string;
  fields: Record<string, string | number>;
  [name: string]: unknown;
}

/** One after another, without anything between them but blanks. */
function eventsIn(body: string): Event[] {
  const events = body.split('\n').map((text) => JSON.parse(text) as Event);
  for (const { event, fields } of events) {
    if (typeof event !== 'string' || event.trim() === '') throw new Error('Event field cannot be blank');
    for (const value of Object.values(fields))
      if (typeof value === 'object') throw new Error('fields are flat');
  }
  return events;
}

/** Indexes what it took at a later question; what it had not indexed when it is killed is gone, with all it knew of channels. */
async function startCollector(tls: { key: string; cert: string }, { withAcks = true } = {}) {
  const indexed: Event[] = [];
  const asked: HttpAsked[] = [];
  let channels = new Map<string, { events: Event[]; done: boolean }[]>();
  let indexing = true;
  const answer = (one: HttpAsked) => {
    asked.push(one);
    if (one.headers.authorization !== 'Splunk 0a1b-2c3d')
      return { status: 403, body: { text: 'Invalid token', code: 4 } };
    const channel = String(one.headers['x-splunk-request-channel'] ?? '');
    if (withAcks && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(channel))
      return { status: 400, body: { text: 'Data channel is missing', code: 10 } };
    if (one.path === '/services/collector/event') {
      const events = eventsIn(one.body.toString());
      if (!withAcks) {
        indexed.push(...events);
        return { status: 200, body: { text: 'Success', code: 0 } };
      }
      const batches = channels.get(channel) ?? [];
      channels.set(channel, batches);
      return {
        status: 200,
        body: { text: 'Success', code: 0, ackId: batches.push({ events, done: false }) - 1 },
      };
    }
    if (one.path !== '/services/collector/ack') return { status: 404 };
    const { acks } = JSON.parse(one.body.toString()) as { acks: number[] };
    const batches = channels.get(channel) ?? [];
    for (const batch of indexing ? batches : []) {
      if (!batch.done) indexed.push(...batch.events);
      batch.done = true;
    }
    return {
      status: 200,
      body: { acks: Object.fromEntries(acks.map((id) => [id, batches[id]?.done === true])) },
    };
  };
  const receiver = await startHttpReceiver(tls, answer);
  return Object.assign(receiver, {
    indexed,
    asked,
    taken: () => [...channels.values()].flat().length,
    setIndexing(on: boolean) {
      indexing = on;
    },
    async kill() {
      await receiver.stop();
      channels = new Map();
    },
  });
}

it('delivers each line once, as an event with what is known of it', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using collector = await startCollector(tls);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  // Behind a slash at its end there would be no place to ask for acknowledgements.
  const path = '/services/collector/event/';
  ground.open(`splunk+https://0a1b-2c3d@localhost:${collector.port}${path}?index=main&sourcetype=twelve`);
  ground.print(1, 3000);
  await until(() => ground.status().lag === 0);
  expect(numbers(collector.indexed.map(({ event }) => event)).sort((a, b) => a - b)).toEqual(range(1, 3000));
  expect(collector.indexed.find(({ event }) => event === '7')).toEqual({
    ...{ time: 1_700_000_000.000007, host: token, source: 'app[web.1]', sourcetype: 'twelve', index: 'main' },
    event: '7',
    fields: { kind: 'app', process: 'web.1', drain: token, sequence: 7 },
  });
});

it('counts nothing as delivered before the indexer has it, and keeps only so much on its way', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using collector = await startCollector(tls);
  collector.setIndexing(false);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`splunk+https://0a1b-2c3d@localhost:${collector.port}`);
  ground.print(1, 10_000);
  await until(() => collector.taken() === 8);
  expect(ground.status()).toMatchObject({ lag: 10_000, delivered: 0 });
  collector.setIndexing(true);
  await until(() => ground.status().lag === 0);
  expect(ground.status()).toMatchObject({ delivered: 10_000, lost: 0, failure: null });
});

it('loses and doubles nothing when the collector is killed with what it took but had not indexed', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using collector = await startCollector(tls);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`splunk+https://:0a1b-2c3d@localhost:${collector.port}`);
  for (let round = 0; round < 3; round++) {
    collector.setIndexing(false);
    ground.print(round * 2000 + 1, round * 2000 + 2000);
    await until(() => collector.taken() > 0);
    await collector.kill();
    collector.setIndexing(true);
    await collector.start();
    await until(() => ground.status().lag === 0);
  }
  expect(numbers(collector.indexed.map(({ event }) => event)).sort((a, b) => a - b)).toEqual(range(1, 6000));
});

it('takes the answer for it where the token has no acknowledgement', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using collector = await startCollector(tls, { withAcks: false });
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`splunk+https://0a1b-2c3d@localhost:${collector.port}/services/collector/event`);
  ground.print(1, 100);
  await until(() => ground.status().lag === 0);
  expect(numbers(collector.indexed.map(({ event }) => event))).toEqual(range(1, 100));
  expect(collector.asked.every(({ path }) => path === '/services/collector/event')).toBe(true);
});

it('says what the collector says, and not the token', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using collector = await startCollector(tls);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`splunk+https://wrong-token@localhost:${collector.port}`);
  ground.print(1, 1);
  await until(() => ground.problems.length > 0);
  expect(ground.status().failure).toBe('The collector answers with status 403 (Invalid token).');
  expect(ground.problems.join()).not.toContain('wrong-token');
});
