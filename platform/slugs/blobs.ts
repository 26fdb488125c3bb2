// Content-addressed files: `sha256/<hex>`, each written once, complete or not there at all.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream, statSync, unlinkSync, utimesSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../domain/errors.ts';
import type { Digest } from '../domain/slug.ts';

export interface BlobFacts {
  digest: Digest;
  size: number;
  /** What it takes there: more than its size, or less where the file system compresses. */
  onDisk: number;
  /** Milliseconds; when it was last put or touched. */
  touchedAt: number;
}

export interface Blobs {
  /** A path for a file that is to become a blob; what is left there by a crash is swept at the next start. */
  temporary(): string;
  /** The file becomes the blob of that digest (which the caller computed from its bytes); when there is one, it stays. */
  put(temporary: string, digest: Digest): Promise<void>;
  putBytes(bytes: Buffer): Promise<Digest>;
  /** Null when there is none. */
  size(digest: Digest): Promise<number | null>;
  stream(digest: Digest, range?: { start: number; end: number }): ReadStream;
  /** Small ones only, such as manifests. */
  bytes(digest: Digest): Promise<Buffer>;
  /** Makes it young again for the collection; false when it is not there. */
  touch(digest: Digest): boolean;
  list(): Promise<BlobFacts[]>;
  /** Removes it unless it was touched since; true when it went. */
  removeOlder(digest: Digest, before: number): boolean;
}

export async function openBlobs(folder: string): Promise<Blobs> {
  const store = join(folder, 'sha256');
  const incoming = join(folder, 'incoming');
  await mkdir(store, { recursive: true, mode: 0o700 });
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { mode: 0o700 });
  const pathOf = (digest: Digest): string => join(store, parseDigest(digest).slice('sha256:'.length));
  const temporary = (): string => join(incoming, randomUUID());

  // Touching and removing are synchronous, each in one turn, so that one cannot slip between the other's look and deed.
  const touch = (digest: Digest): boolean => {
    try {
      const now = new Date();
      utimesSync(pathOf(digest), now, now);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  };

  const put = async (path: string, digest: Digest): Promise<void> => {
    if (touch(digest)) return await rm(path, { force: true });
    await forceToDisk(path);
    await rename(path, pathOf(digest));
    touch(digest);
    await forceToDisk(store);
  };

  return {
    temporary,
    put,
    touch,

    async putBytes(bytes) {
      const digest = digestOf(bytes);
      const path = temporary();
      await writeFile(path, bytes, { mode: 0o600 });
      await put(path, digest);
      return digest;
    },

    async size(digest) {
      return (await stat(pathOf(digest)).catch(nullWhenMissing))?.size ?? null;
    },

    stream(digest, range) {
      return createReadStream(pathOf(digest), { ...range, highWaterMark: 512 * 1024 });
    },

    async bytes(digest) {
      return await readFile(pathOf(digest));
    },

    async list() {
      const facts: BlobFacts[] = [];
      for (const name of await readdir(store)) {
        const found = await stat(join(store, name)).catch(nullWhenMissing);
        if (!found) continue;
        facts.push({
          digest: `sha256:${name}` as Digest,
          size: found.size,
          onDisk: found.blocks * 512,
          touchedAt: found.mtimeMs,
        });
      }
      return facts;
    },

    removeOlder(digest, before) {
      const path = pathOf(digest);
      try {
        if (statSync(path).mtimeMs >= before) return false;
        unlinkSync(path);
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
  };
}

export function digestOf(bytes: Buffer | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** @throws PlatformError `bad_request`: what names files must be nothing but a digest */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw new PlatformError('bad_request', `"${text.slice(0, 80)}" is not a sha256 digest.`);
  return text;
}

async function forceToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Of a blob that was collected meanwhile. */
export function nullWhenMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
