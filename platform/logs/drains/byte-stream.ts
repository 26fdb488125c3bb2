// Bytes over a connection whose receiver acknowledges nothing: what it may not have read when it went away is sent again.
import type { Socket } from 'node:net';
import { steadyMs } from '../../domain/time-limit.ts';
import type { Connect } from './connect.ts';
import { kernel, type Outstanding, type Watcher } from './outstanding.ts';
import { createUnread } from './unread.ts';

export interface ByteStream {
  /**
   * Resolves when the kernel has taken them; rejects when the connection ends first.
   * @param before the sequence number before the first line in them
   */
  write(bytes: Buffer, before: number, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface ByteStreamNeeds {
  connect: Connect;
  onBroken(after: number): void;
  now?: () => number;
  watcher?: Watcher;
}

/** Whoever reads sees the end of our side within it, and ends the other. */
const farewellMs = 1000;
/** So long its machine may leave unanswered what was sent to it. */
const unansweredMs = 60_000;

export function createByteStream(needs: ByteStreamNeeds): ByteStream {
  const { connect, onBroken, now = steadyMs, watcher = kernel } = needs;
  let socket: Socket | undefined;
  let unwatch: (() => void) | undefined;
  let failure: Error | undefined;
  /** Whether the receiver ended its side after ours, having read all, or not in time. */
  let farewell: 'none' | 'answered' | 'unanswered' = 'none';
  let unread = createUnread(now);

  async function open(signal: AbortSignal): Promise<Socket> {
    if (socket) return socket;
    const made = await connect.socket(signal);
    failure = undefined;
    unread = createUnread(now);
    made.on('error', (error) => {
      failure = error;
    });
    made.once('close', () => broken(made));
    // Nothing is said to us, and the end of it means that nobody listens any more.
    made.once('end', () => {
      if (made.writableFinished) farewell = 'answered';
      made.destroy();
    });
    made.resume();
    made.setKeepAlive(true, 30_000);
    if (made.destroyed) throw new Error('The receiver closed the connection.');
    socket = made;
    return made;
  }

  function broken(which: Socket): void {
    if (socket !== which) return;
    socket = undefined;
    rest();
    // What was ended well by us was read to its end.
    if (farewell === 'answered' && !failure) return;
    // The kernel may still deliver what lies there; a receiver that hangs does not read it before it is restarted.
    const after = farewell === 'unanswered' ? unread.sinceHung() : unread.since();
    if (after !== undefined) onBroken(after);
  }

  async function write(bytes: Buffer, before: number, signal: AbortSignal): Promise<void> {
    const to = await open(signal);
    unread.writing(bytes.length, before);
    await written(to, bytes);
    unread.written();
    if (socket === to) unwatch ??= watcher.watch(to, watchFor(to));
  }

  function rest(): void {
    unwatch?.();
    unwatch = undefined;
  }

  /** Until its machine has acknowledged all. One that went away without a word is not waited for as long as TCP does. */
  function watchFor(which: Socket): () => (outstanding: Outstanding | undefined) => void {
    let unansweredSince: number | undefined;
    return () => {
      const answered = unread.asking();
      return (outstanding) => {
        if (!outstanding || answered(outstanding)) return rest();
        if (!outstanding.unanswered) {
          unansweredSince = undefined;
          return;
        }
        unansweredSince ??= now();
        if (now() - unansweredSince >= unansweredMs)
          which.destroy(new Error(`its machine has not answered for ${unansweredMs / 1000} s`));
      };
    };
  }

  function written(to: Socket, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const closed = (): void =>
        reject(new Error(`The connection ended: ${failure?.message ?? 'the receiver closed it'}.`));
      to.once('close', closed);
      to.write(bytes, (error) => {
        // The end of the connection tells more, and comes next. On one that we destroyed ourselves a write that was
        // under way ends without an error.
        if (error || to.destroyed) return;
        to.off('close', closed);
        resolve();
      });
    });
  }

  return {
    write,
    async close() {
      const last = socket;
      if (!last) return;
      await new Promise<void>((resolve) => {
        const late = setTimeout(() => {
          farewell = 'unanswered';
          last.destroy();
        }, farewellMs);
        last.once('close', () => {
          clearTimeout(late);
          resolve();
        });
        last.end();
      });
    },
  };
}
