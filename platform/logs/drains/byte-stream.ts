// Bytes over a connection whose receiver acknowledges nothing: what it may not have read when it went away is sent again.
import type { Socket } from 'node:net';
import type { Connect } from './connect.ts';

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
}

/** A receiver that reads has read what it was given so long before. */
const doubtMs = 5000;
/** A write that takes longer says that it did not read. */
const stallMs = 1000;
const farewellMs = 1000;

export function createByteStream({ connect, onBroken, now = Date.now }: ByteStreamNeeds): ByteStream {
  let socket: Socket | undefined;
  let failure: Error | undefined;
  let closing = false;
  /** What was written of late on this connection. */
  let marks: { before: number; at: number }[] = [];

  async function open(signal: AbortSignal): Promise<Socket> {
    if (socket) return socket;
    const made = await connect.socket(signal);
    failure = undefined;
    marks = [];
    made.on('error', (error) => {
      failure = error;
    });
    made.once('close', () => broken(made));
    // Nothing is said to us, and the end of it means that nobody listens any more.
    made.once('end', () => made.destroy());
    made.resume();
    made.setKeepAlive(true, 30_000);
    if (made.destroyed) throw new Error('The receiver closed the connection.');
    socket = made;
    return made;
  }

  function broken(which: Socket): void {
    if (socket !== which) return;
    socket = undefined;
    const oldest = marks.find(({ at }) => at >= now() - doubtMs);
    marks = [];
    if (oldest && !closing) onBroken(oldest.before);
  }

  async function write(bytes: Buffer, before: number, signal: AbortSignal): Promise<void> {
    const to = await open(signal);
    const begun = now();
    marks.push({ before, at: begun });
    await new Promise<void>((resolve, reject) => {
      const closed = (): void =>
        reject(new Error(`The connection ended: ${failure?.message ?? 'the receiver closed it'}.`));
      to.once('close', closed);
      to.write(bytes, (error) => {
        // The end of the connection tells more, and comes next.
        if (error) return;
        to.off('close', closed);
        resolve();
      });
    });
    const done = now();
    if (done - begun > stallMs) for (const mark of marks) mark.at = done;
    const doubtful = marks.findIndex(({ at }) => at >= done - doubtMs);
    marks.splice(0, doubtful < 0 ? marks.length : doubtful);
  }

  return {
    write,
    async close() {
      closing = true;
      const last = socket;
      if (!last) return;
      await new Promise<void>((resolve) => {
        const late = setTimeout(() => last.destroy(), farewellMs);
        last.once('close', () => {
          clearTimeout(late);
          resolve();
        });
        last.end();
      });
    },
  };
}
