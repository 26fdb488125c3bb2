// A buildpack that comes as a .tgz: checked against its checksum before anything of it is written as a file.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzip } from '../archive/gunzip.ts';
import { unpack } from '../archive/unpack.ts';
import { PlatformError } from '../domain/errors.ts';

interface Limits {
  /** Of the files together. */
  maxBytes: number;
  signal: AbortSignal;
  /** `sha256:<hex>`; null: any. */
  expected: string | null;
}

const maxEntries = 50_000;

/**
 * @param into an empty folder
 * @returns the archive's checksum, and the folder in which the buildpack is: GitHub's archives have one around it
 * @throws PlatformError `build_failed`, `invalid_params`
 */
export async function unpackBuildpack(
  content: AsyncIterable<Buffer>,
  into: string,
  { maxBytes, signal, expected }: Limits,
): Promise<{ checksum: string; top: string }> {
  const file = `${into}.tgz`;
  try {
    const checksum = await writeHashed(content, file, signal);
    if (expected !== null && expected !== checksum) {
      throw new PlatformError(
        'build_failed',
        `What is at that URL now is another archive (${checksum}) than the one it was fixed to (${expected}). If that is meant, fix it to the new one: twelve buildpacks:update.`,
      );
    }
    const limit = { bytes: maxBytes, told: 'It holds more than a buildpack may have.' };
    const tar = Readable.from(gunzip(createReadStream(file), limit));
    await unpack(tar, into, { bytes: maxBytes, entries: maxEntries }, { signal });
    return { checksum, top: await topOf(into) };
  } finally {
    await rm(file, { force: true });
  }
}

async function writeHashed(
  content: AsyncIterable<Buffer>,
  file: string,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
  }
  // Open before anything can fail: a file that is made later would come after its removal.
  const opened = await open(file, 'wx', 0o600);
  await pipeline(hashed, opened.createWriteStream(), { signal });
  return `sha256:${hash.digest('hex')}`;
}

async function topOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === 'bin')) return folder;
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.length === 1 ? join(folder, folders[0]!.name) : folder;
}
