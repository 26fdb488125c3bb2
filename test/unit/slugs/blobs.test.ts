// The blob store: complete or not there, once, and only removed when nobody touched it since.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../../platform/domain/slug.ts';
import { digestOf, openBlobs } from '../../../platform/slugs/blobs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-blobs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what is put can be read by its digest, in parts too', async () => {
  const blobs = await openBlobs(folder);
  const digest = await blobs.putBytes(Buffer.from('hello layers'));
  expect(digest).toBe(digestOf('hello layers'));
  expect(await blobs.size(digest)).toBe(12);
  expect(await text(blobs.stream(digest))).toBe('hello layers');
  expect(await text(blobs.stream(digest, { start: 6, end: 8 }))).toBe('lay');
  expect(await blobs.size(digestOf('other'))).toBeNull();
  expect((await blobs.list()).map((blob) => [blob.digest, blob.size])).toEqual([[digest, 12]]);
});

test('the same content put many times at once is there once, and nothing half done is left', async () => {
  const blobs = await openBlobs(folder);
  const digests = await Promise.all(Array.from({ length: 20 }, () => blobs.putBytes(Buffer.from('same'))));
  expect(new Set(digests).size).toBe(1);
  expect(await blobs.list()).toHaveLength(1);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('leftovers of a crash are swept at start, blobs stay', async () => {
  const before = await openBlobs(folder);
  await writeFile(before.temporary(), 'half a lay');
  const digest = await before.putBytes(Buffer.from('whole'));
  const after = await openBlobs(folder);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  expect(await after.size(digest)).toBe(5);
});

test('removal respects a touch, and says what it did', async () => {
  const blobs = await openBlobs(folder);
  const digest = await blobs.putBytes(Buffer.from('x'));
  expect(blobs.removeOlder(digest, Date.now() - 60_000)).toBe(false);
  expect(blobs.touch(digest)).toBe(true);
  expect(blobs.removeOlder(digest, Date.now() + 60_000)).toBe(true);
  expect(blobs.removeOlder(digest, Date.now() + 60_000)).toBe(false);
  expect(blobs.touch(digest)).toBe(false);
});

test('nothing but a digest names a file', async () => {
  const blobs = await openBlobs(folder);
  for (const bad of ['sha256:../../etc/passwd', 'sha256:ABC', '../x', `sha256:${'a'.repeat(63)}`]) {
    expect(() => blobs.touch(bad as Digest)).toThrow(/not a sha256 digest/);
    await expect(blobs.size(bad as Digest)).rejects.toThrow(/not a sha256 digest/);
  }
});
