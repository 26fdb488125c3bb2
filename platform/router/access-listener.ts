// The stream HAProxy sends its log to: a unix socket of ours, frames of `<length> <line>`.
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { type AccessLine, accessLine } from './access-log.ts';

export interface AccessListener {
  /** Whether HAProxy is connected. */
  connected(): boolean;
  /** How long nothing has come, nor anybody to send it. */
  silentMs(): number;
  close(): Promise<void>;
}

export interface AccessListenerNeeds {
  path: string;
  onAccess(line: AccessLine): void;
  onProblem(message: string): void;
}

/** A frame's length has few digits; anything else means that we lost our place in the stream. */
const longestFrame = 16_384;

export async function listenForAccess(needs: AccessListenerNeeds): Promise<AccessListener> {
  const fresh = `${needs.path}.new`;
  // One left by a killed process; two processes on one folder are refused long before.
  rmSync(fresh, { force: true });
  const sockets = new Set<Socket>();
  const take = createIntake(needs);
  let closing = false;
  let lastAt = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    lastAt = performance.now();
    const frames = createFrames(take);
    socket.on('data', (chunk) => {
      lastAt = performance.now();
      if (frames.push(chunk)) return void (!closing && chunk.length >= muchBytes && rest(socket));
      needs.onProblem('The router sent a log that cannot be read; it is asked to begin again.');
      socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(fresh, resolve);
  });
  // HAProxy's workers run as a user of their own; the folder is on nobody else's way.
  chmodSync(fresh, 0o666);
  // A name that stays when we end: HAProxy tries again where it is refused, but not where there is no such file.
  renameSync(fresh, needs.path);
  return {
    connected: () => sockets.size > 0,
    silentMs: () => performance.now() - lastAt,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // What a socket holds has left HAProxy and would be lost: read until nothing more comes.
      closing = true;
      lastAt = performance.now();
      for (const socket of sockets) socket.resume();
      const until = lastAt + patienceMs;
      while (sockets.size > 0 && performance.now() < Math.min(until, lastAt + quietMs)) await delay(restMs);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** So much at once comes only under load: some ten lines. */
const muchBytes = 2048;
const restMs = 2;
/** At our end: nothing came for so long, or it comes without end. */
const quietMs = 20;
const patienceMs = 500;

/** Lets lines gather in the socket meanwhile: being woken for each few of them costs both sides more than the lines do. */
function rest(socket: Socket): void {
  socket.pause();
  setTimeout(() => socket.resume(), restMs);
}

function createIntake({ onAccess, onProblem }: AccessListenerNeeds): (raw: string) => void {
  const losses = createLosses(onProblem);
  return (raw) => {
    const line = accessLine(raw);
    if (!line) {
      const dropped = /^(\d+) events? dropped/.exec(raw);
      if (dropped) losses.add(Number(dropped[1]));
      return;
    }
    try {
      onAccess(line);
    } catch (error) {
      onProblem(`A router line was not taken: ${messageOf(error)}`);
    }
  };
}

/** HAProxy says what it dropped in many small portions; we say it once a second. */
function createLosses(onProblem: (message: string) => void): { add(count: number): void } {
  let lost = 0;
  return {
    add(count) {
      if (lost === 0) {
        const tell = (): void => {
          onProblem(`The router's log could not be kept while nobody read it: ${lost} lines were lost.`);
          lost = 0;
        };
        setTimeout(tell, 1000).unref();
      }
      lost += count;
    },
  };
}

/** Cuts a stream into frames. @returns push, which answers false once the stream makes no sense */
export function createFrames(onFrame: (text: string) => void): { push(chunk: Buffer): boolean } {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (;;) {
        const head = readLength(data, from);
        if (head === 'broken') return false;
        if (!head || head.start + head.length > data.length) break;
        from = head.start + head.length;
        onFrame(data.toString('latin1', head.start, from).trimEnd());
      }
      rest = data.subarray(from);
      return true;
    },
  };
}

function readLength(data: Buffer, from: number): { start: number; length: number } | 'broken' | undefined {
  let length = 0;
  for (let at = from; at < data.length; at += 1) {
    const byte = data[at]!;
    if (byte === 32 && at > from) return { start: at + 1, length };
    if (byte < 48 || byte > 57) return 'broken';
    length = length * 10 + (byte - 48);
    if (length > longestFrame) return 'broken';
  }
  return undefined;
}
