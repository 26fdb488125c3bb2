// Bytes to a receiver that reads nothing, or little at a time: what it does not have counts for nothing, whoever ends the connection.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { expect, it } from 'vitest';
import { createByteStream } from '../../../../platform/logs/drains/byte-stream.ts';
import type { Outstanding, Watcher } from '../../../../platform/logs/drains/outstanding.ts';
import { temporaryFolder } from '../engine-files.ts';
import { makeCertificates } from './certificates.ts';
import { until } from './ground.ts';
import { startReceiver } from './receiver.ts';

const never = new AbortController().signal;
/** More than the buffers of both ends hold. */
const much = Buffer.alloc(16 << 20, 'x');

/** A stream at a clock that the test moves, and what it says. */
async function createStage(tls?: { key: string; cert: string }, watcher?: Watcher) {
  const read = { bytes: 0, allowed: 0 };
  const receiver = await startReceiver({
    ...(tls ? { tls } : {}),
    accept: (socket) => (bytes) => {
      read.bytes += bytes.length;
      if (read.bytes >= read.allowed) socket.pause();
    },
  });
  receiver.pause();
  const stage = { receiver, read, clock: 100_000, broken: [] as number[], sockets: [] as Socket[] };
  const stream = createByteStream({
    connect: {
      async socket() {
        const to = { port: receiver.port, host: '127.0.0.1', rejectUnauthorized: false };
        const socket = tls ? connectSecure(to) : connect(to);
        stage.sockets.push(socket);
        await once(socket, tls ? 'secureConnect' : 'connect');
        return socket;
      },
      resolve: () => Promise.reject(new Error('not here')),
    },
    onBroken: (after) => stage.broken.push(after),
    now: () => stage.clock,
    ...(watcher ? { watcher } : {}),
  });
  return Object.assign(stage, { stream });
}

it.each(['plain', 'tls'])(
  '%s: a write that our own end of the connection cut off did not arrive',
  async (kind) => {
    using folder = temporaryFolder();
    const { stream, receiver } = await createStage(
      kind === 'tls' ? makeCertificates(folder.path) : undefined,
    );
    await using _ = receiver;
    let outcome = 'under way';
    const write = stream.write(much, 0, never).then(
      () => (outcome = 'arrived'),
      () => (outcome = 'rejected'),
    );
    await until(() => receiver.connections() === 1);
    await stream.close();
    await write;
    expect(outcome).toBe('rejected');
  },
);

it('goes back to the oldest unread when the connection breaks while a write waits for long', async () => {
  const stage = await createStage();
  await using receiver = stage.receiver;
  await stage.stream.write(Buffer.from('one'), 10, never);
  stage.clock += 100;
  await stage.stream.write(Buffer.from('two'), 20, never);
  stage.clock += 100;
  const stuck = stage.stream.write(much, 30, never).catch(() => 'rejected');
  await until(() => stage.sockets[0]!.writableLength > 0);
  // Long after everything that was written would have been thought read.
  stage.clock += 60_000;
  await receiver.stop();
  expect(await stuck).toBe('rejected');
  expect(stage.broken).toEqual([10]);
  await receiver.start();
  // The next connection's writes are not taken for as old.
  await stage.stream.write(Buffer.from('three'), 40, never);
  stage.clock += 6000;
  await until(() => receiver.open() === 1);
  await receiver.stop();
  await until(() => stage.sockets[1]!.destroyed);
  await new Promise(setImmediate);
  expect(stage.broken).toEqual([10]);
});

it('says what may be unread, also when the connection breaks while it is being closed', async () => {
  const stage = await createStage();
  await using receiver = stage.receiver;
  await stage.stream.write(Buffer.from('one'), 10, never);
  const stuck = stage.stream.write(much, 20, never).catch(() => 'rejected');
  await until(() => stage.sockets[0]!.writableLength > 0);
  const closed = stage.stream.close();
  await receiver.stop();
  await closed;
  expect(await stuck).toBe('rejected');
  expect(stage.broken).toEqual([10]);
});

it.each([
  ['in the middle of it', 0],
  ['a while after the last lines', 30_000],
])(
  'a receiver that reads slowly all along and breaks, %s: what it has not read, and not all since the beginning',
  async (_, quietMs) => {
    const stage = await createStage();
    await using receiver = stage.receiver;
    const { stream, read } = stage;
    const batch = Buffer.alloc(1 << 20, 'x');
    const batches = 64;
    let waits = 0;
    for (let i = 0; i < batches; i++) {
      let done = false;
      // Sequence numbers are bytes here.
      const write = stream.write(batch, i * batch.length, never).then(() => {
        done = true;
      });
      await until(() => done || stage.sockets[0]!.writableLength > 0);
      stage.clock += 100;
      if (!done) waits += 1;
      while (!done) {
        stage.clock += 1000;
        read.allowed = read.bytes + (1 << 20);
        receiver.resume();
        await until(() => done || read.bytes >= read.allowed);
      }
      await write;
    }
    expect(waits).toBeGreaterThan(10);
    stage.clock += quietMs;
    receiver.pause();
    const unread = batches * batch.length - read.bytes;
    await receiver.stop();
    await until(() => stage.broken.length > 0);
    expect(unread).toBeGreaterThan(0);
    expect(stage.broken).toHaveLength(1);
    expect(stage.broken[0]).toBeLessThanOrEqual(read.bytes);
    expect(stage.broken[0]).toBeGreaterThanOrEqual((batches - 41) * batch.length);
  },
);

it('goes back to all that a receiver may not have read that does not answer our end of the connection', async () => {
  const stage = await createStage();
  await using receiver = stage.receiver;
  await stage.stream.write(Buffer.from('one'), 10, never);
  stage.clock += 60_000;
  await stage.stream.write(Buffer.from('two'), 20, never);
  stage.clock += 60_000;
  await until(() => receiver.open() === 1);
  await stage.stream.close();
  expect(stage.broken).toEqual([10]);
});

it.each(['plain', 'tls'])(
  '%s: goes back to nothing when a receiver that reads answered our end',
  async (kind) => {
    using folder = temporaryFolder();
    const stage = await createStage(kind === 'tls' ? makeCertificates(folder.path) : undefined);
    await using receiver = stage.receiver;
    stage.read.allowed = Number.POSITIVE_INFINITY;
    receiver.resume();
    await stage.stream.write(Buffer.from('one'), 10, never);
    await stage.stream.close();
    expect(stage.read.bytes).toBe(3);
    expect(stage.broken).toEqual([]);
  },
);

it("gives up a connection whose receiver's machine answers nothing, and goes back to what it did not acknowledge", async () => {
  const watched = new Set<Parameters<Watcher['watch']>[1]>();
  const stage = await createStage(undefined, {
    watch(_, ask) {
      watched.add(ask);
      return () => void watched.delete(ask);
    },
  });
  await using _ = stage.receiver;
  const say = (outstanding: Outstanding): void => {
    for (const ask of watched) ask()(outstanding);
  };
  // As much as is kept together.
  await stage.stream.write(Buffer.alloc(64 * 1024, 'x'), 10, never);
  say({ bytes: 0, unanswered: false });
  // All is acknowledged: there is nothing to ask for.
  expect(watched.size).toBe(0);
  for (let i = 0; i < 50; i++) {
    await stage.stream.write(Buffer.from('lines'), 20 + i, never);
    say({ bytes: (i + 1) * 5, unanswered: i % 2 === 0 });
    stage.clock += 2000;
  }
  // It answered now and then.
  expect(stage.sockets[0]!.destroyed).toBe(false);
  const from = stage.clock;
  for (; !stage.sockets[0]!.destroyed; stage.clock += 2000) say({ bytes: 250, unanswered: true });
  expect(stage.clock - from).toBe(62_000);
  await until(() => stage.broken.length > 0);
  expect(stage.broken).toEqual([20]);
  expect(watched.size).toBe(0);
});
