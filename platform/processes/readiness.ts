// When is a process ready? A web process when it listens on $PORT, any other when it stayed up a while.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { webPort } from '../domain/process.ts';
import type { Engine } from '../engine/engine.ts';
import type { ProcessNeeds } from './needs.ts';
import { createAsk } from './probe.ts';

/** Other types count as up after this long. */
const settleMs = 5000;

/** How a server finds out; tests have ways of their own. */
export function realReadiness(engine: Engine): Pick<ProcessNeeds, 'settleMs' | 'listening' | 'ask'> {
  return { settleMs, listening: untilListening, ask: createAsk(engine) };
}

/** Whether something accepts connections there, within `ms`. */
export function accepts(host: string, port: number, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ms });
    const end = (yes: boolean) => () => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

/** Resolves true when $PORT is bound, false at the deadline or when `signal` aborts (the process ended). */
export async function untilListening(
  address: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  // Pauses are a twentieth of the time waited so far: that much later at most than it could have been told.
  for (let pause = 2; !signal.aborted && Date.now() < deadline; pause = Math.min(pause * 1.05, 500)) {
    if (await accepts(address, webPort, 1000)) return true;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** Why $PORT is not bound, for the E20 message: what the container listens on instead. */
export async function explainSilence(engine: Engine, containerId: string): Promise<string> {
  const sockets = await engine
    .exec(containerId, ['cat', '/proc/net/tcp', '/proc/net/tcp6'])
    .then((result) => listeningSockets(result.output))
    .catch(() => []);
  const own = sockets.find((socket) => socket.port === webPort && socket.loopback);
  if (own) return 'It listens on 127.0.0.1 only';
  const others = [
    ...new Set(
      sockets.filter((socket) => !(socket.loopback && socket.port > 32_767)).map((socket) => socket.port),
    ),
  ];
  if (others.length > 0) return `It listens on ${others.join(', ')} instead`;
  return 'It listens on no port';
}

/** Listening TCP sockets in the text of /proc/net/tcp and tcp6. */
export function listeningSockets(text: string): { port: number; loopback: boolean }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ 0A /.exec(line);
    if (!match) return [];
    const [, address, port] = match as unknown as [string, string, string];
    // Docker's own resolver listens on 127.0.0.11.
    if (address === '0B00007F') return [];
    const loopback = address.endsWith('7F') || address === '00000000000000000000000001000000';
    return [{ port: Number.parseInt(port, 16), loopback }];
  });
}
