// GELF over TCP and UDP, to receivers that put messages together as the format's page says.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { datagrams, gelfMessage } from '../../../../platform/logs/drains/gelf.ts';
import { temporaryFolder } from '../engine-files.ts';
import { createGround, distinct, numbers, range, token, until } from './ground.ts';
import { startReceiver } from './receiver.ts';

interface Gelf {
  short_message: string;
  timestamp: number;
  host: string;
  [field: string]: unknown;
}

/** @throws Error naming what the format does not allow */
function readGelf(bytes: Buffer): Gelf {
  const message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Gelf;
  const { version, host, short_message, timestamp, level, ...more } = message;
  if (version !== '1.1') throw new Error(`version ${String(version)}`);
  if (typeof host !== 'string' || host === '') throw new Error('no host');
  if (typeof short_message !== 'string' || short_message.trim() === '') throw new Error('no short_message');
  if (typeof timestamp !== 'number') throw new Error('no timestamp');
  if (![0, 1, 2, 3, 4, 5, 6, 7].includes(level as number)) throw new Error(`level ${String(level)}`);
  for (const [name, value] of Object.entries(more)) {
    if (!/^_[\w.-]+$/.test(name) || name === '_id') throw new Error(`field ${name}`);
    if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`field ${name} is no text`);
  }
  return message;
}

async function startGelfReceiver() {
  const messages: Gelf[] = [];
  const receiver = await startReceiver({
    accept() {
      let left: Buffer = Buffer.alloc(0);
      return (bytes) => {
        left = Buffer.concat([left, bytes]);
        for (let end = left.indexOf(0); end >= 0; end = left.indexOf(0)) {
          messages.push(readGelf(left.subarray(0, end)));
          left = left.subarray(end + 1);
        }
      };
    },
  });
  return Object.assign(receiver, { messages });
}

/** Whole messages of what comes in pieces, whatever their order. */
function createAssembler(take: (message: Buffer) => void): (datagram: Buffer) => void {
  const open = new Map<string, (Buffer | undefined)[]>();
  return (datagram) => {
    if (datagram.length > 1420) throw new Error(`a datagram of ${datagram.length} bytes`);
    if (datagram[0] !== 0x1e || datagram[1] !== 0x0f) return take(datagram);
    const [id, index, count] = [datagram.toString('hex', 2, 10), datagram[10]!, datagram[11]!];
    if (count > 128 || index >= count) throw new Error(`piece ${index} of ${count}`);
    const parts = open.get(id) ?? Array.from<undefined>({ length: count });
    parts[index] = datagram.subarray(12);
    open.set(id, parts);
    if (!parts.every((part) => part !== undefined)) return;
    open.delete(id);
    take(Buffer.concat(parts as Buffer[]));
  };
}

const line = { time: 1_700_000_000_123_456, source: 'app' as const, process: 'web.1', sequence: 7 };

it('writes version 1.1, with what else is known as fields', () => {
  expect(readGelf(Buffer.from(gelfMessage({ ...line, text: 'a\0b' }, 'hello', token)))).toEqual({
    ...{ version: '1.1', host: 'hello', short_message: 'a\0b', timestamp: 1_700_000_000.123456, level: 6 },
    ...{ _source_kind: 'app', _process: 'web.1', _drain: token, _sequence: 7 },
  });
  expect(readGelf(Buffer.from(gelfMessage({ ...line, text: ' ' }, 'hello', token))).short_message).toBe(
    '(blank line)',
  );
});

it.each([0, 1420, 1421, 2816, 2817, 60_500])('cuts %i bytes so that they can be put together', (length) => {
  const message = Buffer.alloc(length, 'ü');
  const whole: Buffer[] = [];
  const take = createAssembler((one) => whole.push(one));
  for (const datagram of datagrams(message).reverse()) take(datagram);
  expect(whole).toEqual([message]);
});

it('tcp: loses nothing when the receiver is restarted in mid-stream', async () => {
  using folder = temporaryFolder();
  await using receiver = await startGelfReceiver();
  await using ground = await createGround({ folder: folder.path });
  ground.open(`gelf+tcp://localhost:${receiver.port}?host=hello`);
  for (let round = 0; round < 3; round++) {
    const before = receiver.messages.length;
    ground.print(round * 1000 + 1, round * 1000 + 1000);
    await until(() => receiver.messages.length > before);
    await receiver.stop();
    await receiver.start();
  }
  await until(() => receiver.messages.some(({ _sequence }) => _sequence === 3000));
  const texts = receiver.messages.map(({ short_message }) => short_message);
  expect(distinct(numbers(texts)).sort((a, b) => a - b)).toEqual(range(1, 3000));
  expect(receiver.messages[0]!.host).toBe('hello');
});

it('udp: sends every line, long ones in pieces', async () => {
  using folder = temporaryFolder();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const messages: Gelf[] = [];
  socket.on(
    'message',
    createAssembler((message) => messages.push(readGelf(message))),
  );
  await using ground = await createGround({ folder: folder.path });
  ground.open(`gelf+udp://localhost:${socket.address().port}`);
  for (let i = 0; i < 20; i++) {
    ground.print(i * 5 + 1, i * 5 + 5, '\u0001'.repeat(i % 2 === 0 ? 1600 : 10));
    // A receiver's buffer is small, and what does not fit into it is gone.
    await until(() => messages.length === (i + 1) * 5);
  }
  expect(numbers(messages.map(({ short_message }) => short_message))).toEqual(range(1, 100));
  expect(messages[0]).toMatchObject({ host: token });
  socket.close();
});
