// Whether the caller at the other end of a WebSocket is still there, also while one of us makes the other wait.
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { messageOf } from '../domain/errors.ts';

export const usualBeatMs = 30_000;
const mayMiss = 2;

/** A machine that vanishes while nothing is read from it is noticed by the kernel. */
export function keepAlive(socket: Duplex, beatMs: number): void {
  if (socket instanceof Socket) socket.setKeepAlive(true, beatMs);
}

/**
 * A caller whose machine went to sleep never says so: two beats without a sign of life, and it is gone. No answer can
 * come through while we do not read, nor while ours still waits to be sent: those beats do not count.
 * @param also is done at each beat; where it fails that is told, and the next one tries again
 */
export function beat(
  client: WebSocket,
  beatMs: number,
  also: () => void,
  onProblem: (message: string) => void,
): { end(): void } {
  let missed = 0;
  const alive = (): void => {
    missed = 0;
  };
  // A pong may come unasked: from a caller that reads nothing for now.
  client.on('pong', alive).on('message', alive);
  const timer = setInterval(() => {
    try {
      also();
    } catch (error) {
      // A disk that cannot be read for now: nobody catches what a timer throws, and the server would end.
      onProblem(`run: ${messageOf(error)}`);
    }
    if (client.isPaused || client.bufferedAmount > 0) missed = 0;
    else if (missed++ >= mayMiss) return client.terminate();
    // Also when it does not count: only who writes to a connection that is gone learns of it.
    if (client.readyState === client.OPEN) client.ping();
  }, beatMs);
  return { end: () => clearInterval(timer) };
}
