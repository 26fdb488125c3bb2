// What a gzip stream holds, up to a limit: a few megabytes can stand for more zeros than anybody has time for.
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { PlatformError } from '../domain/errors.ts';

/**
 * @param limit.bytes of the files that a tar in it may have; their headers come on top
 * @throws PlatformError `invalid_params` with `limit.told` when there is more; what the stream or zlib says
 */
export async function* gunzip(
  packed: Readable,
  limit: { bytes: number; told: string },
): AsyncGenerator<Buffer> {
  let left = 2 * limit.bytes + 1_048_576;
  const unzipped = createGunzip();
  // What breaks either ends both; it is met where the pieces are read.
  pipeline(packed, unzipped).catch(() => undefined);
  for await (const piece of unzipped as AsyncIterable<Buffer>) {
    left -= piece.length;
    if (left < 0) throw new PlatformError('invalid_params', limit.told);
    yield piece;
  }
}
