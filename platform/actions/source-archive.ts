// A source archive as a file: kept whole, checked, unpacked into the folder of a build.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzip } from '../archive/gunzip.ts';
import { unpack } from '../archive/unpack.ts';
import { hasCode, PlatformError } from '../domain/errors.ts';

const maxEntries = 500_000;

/** There whole or not at all. @throws PlatformError `invalid_params` when it is larger. @returns bytes */
export async function keepArchive(
  from: AsyncIterable<Buffer>,
  to: string,
  limitBytes: number,
): Promise<number> {
  const part = `${to}.${randomUUID()}.part`;
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of from) {
      bytes += piece.length;
      if (bytes > limitBytes)
        throw new PlatformError(
          'invalid_params',
          `The archive is larger than the ${Math.floor(limitBytes / 1_048_576)} MB that the files of a build may take (TWELVE_BUILD_DISK).`,
        );
      yield piece;
    }
  };
  try {
    // Open before anything can fail: a file that is made later would come after its removal.
    const file = await open(part, 'wx', 0o600);
    await pipeline(counted, file.createWriteStream());
    await rename(part, to);
    return bytes;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** @throws PlatformError `build_failed` */
export async function checkSum(path: string, wanted: string | null): Promise<void> {
  if (wanted === null) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const is = hash.digest('hex');
  if (is === wanted.replace(/^sha256:/i, '').toLowerCase()) return;
  throw new PlatformError(
    'build_failed',
    `The source is not the one that was meant: its SHA-256 is ${is}, and ${wanted} was given.`,
    { id: 'source' },
  );
}

export async function unpackFile(
  path: string,
  into: string,
  limitBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(path);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  const packed = handle.createReadStream({ start: 0 });
  const limit = { bytes: limitBytes, told: 'It unpacks to more than the files of a build may take.' };
  const isPacked = buffer[0] === 0x1f && buffer[1] === 0x8b;
  const tar = isPacked ? Readable.from(gunzip(packed, limit)) : packed;
  try {
    await unpack(tar, into, { bytes: limitBytes, entries: maxEntries }, { signal });
  } catch (error) {
    packed.destroy();
    if (!hasCode(error, 'invalid_params')) throw error;
    throw new PlatformError(
      'build_failed',
      `${error.message} A source is a tar archive, plain or packed with gzip.`,
      { id: 'source' },
      { cause: error },
    );
  }
}

/** Archives of a commit, as code hosts make them, hold one folder with everything in it. @returns its name */
export async function stripOnlyFolder(into: string): Promise<string | null> {
  const entries = await readdir(into, { withFileTypes: true });
  const [only] = entries;
  if (entries.length !== 1 || !only?.isDirectory()) return null;
  const aside = `${into}.only`;
  await rename(join(into, only.name), aside);
  await rm(into, { recursive: true });
  await rename(aside, into);
  return JSON.stringify(only.name.slice(0, 100)).slice(1, -1);
}
