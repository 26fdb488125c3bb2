// gelf+tcp:// and gelf+udp://: Graylog's extended log format 1.1.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { setImmediate as breathe } from 'node:timers/promises';
import { createByteStream } from './byte-stream.ts';
import type { DrainLine, DrainTarget, TargetNeeds } from './target.ts';

/** A message without text is refused by the format. */
const blank = '(blank line)';
/** syslog's notice and informational. */
const levels = { app: 6, twelve: 5 } as const;
/** Fits through what is between most machines; Graylog's own libraries use it. */
const datagramBytes = 1420;
const chunkHead = 12;
const mostChunks = 128;
/** Datagrams in a row, after which others get a turn. */
const burst = 64;

export function createGelfTcpTarget({ address, token, connect, onBroken }: TargetNeeds): DrainTarget {
  const stream = createByteStream({ connect, onBroken });
  const host = address.url.searchParams.get('host') || token;
  return {
    window: 1,
    lingerMs: 20,
    repeatable: false,
    send: ({ lines, before }, signal) =>
      // JSON has no null byte in it.
      stream.write(
        Buffer.from(lines.map((line) => `${gelfMessage(line, host, token)}\0`).join('')),
        before,
        signal,
      ),
    close: stream.close,
  };
}

export function createGelfUdpTarget({ address, token, connect }: TargetNeeds): DrainTarget {
  const host = address.url.searchParams.get('host') || token;
  let socket: Socket | undefined;
  return {
    window: 1,
    lingerMs: 20,
    repeatable: false,
    async send({ lines }, signal) {
      const to = (await connect.resolve(signal)).addresses[0]!;
      socket ??= openSocket(to);
      let sent = 0;
      for (const line of lines)
        for (const datagram of datagrams(Buffer.from(gelfMessage(line, host, token)))) {
          await handOver(socket, datagram, address.port, to);
          if (++sent % burst === 0) await breathe();
        }
    },
    async close() {
      socket?.close();
    },
  };
}

function openSocket(to: string): Socket {
  const made = createSocket(to.includes(':') ? 'udp6' : 'udp4');
  // That nobody listens is all that could be learnt, and not for sure.
  made.on('error', () => {});
  return made;
}

function handOver(socket: Socket, datagram: Buffer, port: number, to: string): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(datagram, port, to, (error) => (error ? reject(error) : resolve())),
  );
}

export function gelfMessage(line: DrainLine, host: string, token: string): string {
  return JSON.stringify({
    version: '1.1',
    host,
    short_message: line.text.trim() === '' ? blank : line.text,
    timestamp: Number((line.time / 1e6).toFixed(6)),
    level: levels[line.source],
    _source_kind: line.source,
    _process: line.process,
    _drain: token,
    ...(line.sequence === null ? {} : { _sequence: line.sequence }),
  });
}

/** One datagram, or several with what is needed to put them together. */
export function datagrams(message: Buffer, id = randomBytes(8)): Buffer[] {
  if (message.length <= datagramBytes) return [message];
  const room = datagramBytes - chunkHead;
  // A longest line, each byte of it escaped, takes 43.
  const count = Math.min(mostChunks, Math.ceil(message.length / room));
  return Array.from({ length: count }, (_, index) =>
    Buffer.concat([
      Buffer.of(0x1e, 0x0f),
      id,
      Buffer.of(index, count),
      message.subarray(index * room, (index + 1) * room),
    ]),
  );
}
