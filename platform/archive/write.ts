// Files → a tar as it goes out, piece by piece: nothing is held in memory, and each file's checksum is known at its end.
import { createHash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

export interface TarWriter {
  stream: Readable;
  /** One after another. @returns the SHA-256 of what was written, in hex. @throws Error when it is not of that size */
  file(name: string, size: number, content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<string>;
  /** What was written is all of it. */
  end(): void;
  /** Whoever reads the stream is told. */
  fail(error: Error): void;
}

export function createTarWriter(): TarWriter {
  const tar = pack();
  // Its streams are close to Node's, but not the same.
  const stream = Readable.from(tar, { objectMode: false, highWaterMark: 256 * 1024 });
  let failed: Error | undefined;
  stream.once('close', () => tar.destroy(failed));
  return {
    stream,
    async file(name, size, content) {
      const entry = tar.entry({ name, size, mode: 0o600, mtime: new Date(0) });
      const hash = createHash('sha256');
      const hashed = async function* (): AsyncGenerator<Buffer> {
        for await (const piece of content) {
          hash.update(piece);
          yield piece;
        }
      };
      await pipeline(hashed, entry as unknown as Writable);
      return hash.digest('hex');
    },
    end: () => tar.finalize(),
    fail(error) {
      failed = error;
      tar.destroy(error);
    },
  };
}
