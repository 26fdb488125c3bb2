// gelf+tcp:// and gelf+udp://: Graylog's extended log format 1.1.
import { randomBytes } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { createByteStream } from './byte-stream.ts';
import { createDatagramSender } from './datagrams.ts';
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
  const sender = createDatagramSender({ connect, port: address.port });
  return {
    window: 1,
    lingerMs: 20,
    repeatable: false,
    async send({ lines }, signal) {
      const left = [...lines];
      await sender.toOne(signal, async (hand) => {
        let sent = 0;
        // What one address took is not sent to the next.
        for (let line = left[0]; line; line = left[0]) {
          for (const datagram of datagrams(Buffer.from(gelfMessage(line, host, token)))) {
            await hand(datagram);
            if (++sent % burst === 0) await breathe();
          }
          left.shift();
        }
      });
    },
    close: async () => sender.close(),
  };
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
