// Collection by reference, over a real blob store and an engine that only has images.
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import type { Digest, Layer } from '../../../platform/domain/slug.ts';
import type { Engine, ImageInfo } from '../../../platform/engine/engine.ts';
import { type Blobs, openBlobs } from '../../../platform/slugs/blobs.ts';
import { type Collected, collect, leftovers, manifestAt } from '../../../platform/slugs/collect.ts';
import { imageDocuments, readManifest } from '../../../platform/slugs/image.ts';

let folder: string;
let blobs: Blobs;
let images: Map<string, ImageInfo>;
/** Ids of the images that containers have. */
let used: string[];
const hourAgo = (): number => Date.now() - 3_600_000;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-collect-'));
  blobs = await openBlobs(folder);
  images = new Map();
  used = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A slug of these layer contents, with an image on the engine under the id that either store would give it. */
async function slug(contents: string[], store: 'classic' | 'containerd' = 'classic'): Promise<Digest> {
  const layers: Layer[] = [];
  for (const content of contents) {
    layers.push({ digest: await blobs.putBytes(Buffer.from(content)), size: content.length, label: 'app' });
  }
  const stack = { reference: 's', imageId: 'x', layers: [], env: [] };
  const documents = imageDocuments({ stack, layers, architecture: 'amd64', instance: 'mine' });
  const config = await blobs.putBytes(documents.config);
  const manifest = await blobs.putBytes(documents.manifest);
  const id = store === 'classic' ? config : manifest;
  const name = contents.join('-');
  images.set(id, {
    id,
    tags: [`twelve-mine/${name}:1`],
    digests: [`127.0.0.1:1/mine/${name}@${manifest}`],
    labels: { 'twelve.slug': 'mine' },
    size: 1,
    createdAt: '1970-01-01T00:00:01Z',
  });
  return manifest;
}

async function age(): Promise<void> {
  const old = new Date(hourAgo() - 1000);
  for (const blob of await blobs.list()) {
    await utimes(join(folder, 'sha256', blob.digest.slice(7)), old, old);
  }
}

function gc(keep: Digest[], onProblem = (_: string): void => undefined, dry = false): Promise<Collected> {
  const engine = {
    list: async () => used.map((imageId) => ({ imageId })),
    images: async (labels: Record<string, string>) =>
      [...images.values()].filter((image) =>
        Object.entries(labels).every(([name, value]) => image.labels[name] === value),
      ),
    removeImage: async (name: string) => {
      for (const [id, image] of images) {
        if (![...image.tags, ...image.digests].includes(name)) continue;
        if (image.labels['in-use']) throw new PlatformError('conflict', 'a container uses it');
        image.tags = image.tags.filter((tag) => tag !== name);
        image.digests = image.digests.filter((digest) => digest !== name);
        if (image.tags.length + image.digests.length === 0) images.delete(id);
      }
    },
  } as unknown as Engine;
  return collect({ engine, blobs, instance: 'mine', keep, before: hourAgo(), dry, onProblem });
}

test('what a kept slug names stays, shared layers included; the rest goes', async () => {
  const kept = await slug(['deps', 'v2']);
  const containerd = await slug(['deps', 'v3'], 'containerd');
  await slug(['deps', 'v1']);
  await age();
  const dry = await gc([kept, containerd], undefined, true);
  expect(images.size).toBe(3);
  expect(await blobs.list()).toHaveLength(10);
  expect(await gc([kept, containerd])).toEqual(dry);
  expect(dry).toEqual({
    blobs: 3,
    bytes: expect.any(Number),
    images: [expect.objectContaining({ size: 1 })],
  });
  const left = new Set((await blobs.list()).map((blob) => blob.digest));
  for (const digest of [kept, containerd]) {
    const manifest = readManifest(await blobs.bytes(digest))!;
    expect(left.has(manifest.config.digest)).toBe(true);
    expect(manifest.layers.every((layer) => left.has(layer.digest))).toBe(true);
  }
  expect(images.size).toBe(2);
  expect(await gc([kept, containerd])).toEqual({ blobs: 0, bytes: 0, images: [] });
  expect(await gc([])).toMatchObject({ blobs: 7, images: [{ size: 1 }, { size: 1 }] });
  expect(await blobs.list()).toEqual([]);
});

test('an image that a container uses keeps all its names until that is gone', async () => {
  await slug(['mine']);
  await age();
  const [[id, image]] = [...images] as [[string, ImageInfo]];
  const names = [...image.tags, ...image.digests];
  used = [id];
  for (const dry of [true, false]) expect(await gc([], undefined, dry)).toMatchObject({ images: [] });
  expect([...image.tags, ...image.digests]).toEqual(names);
  used = [];
  expect(await gc([])).toMatchObject({ images: [{ id }] });
  expect(images.size).toBe(0);
});

test('what is young stays with all it names, however old that is', async () => {
  const fresh = await slug(['old-deps', 'new']);
  await age();
  blobs.touch(fresh);
  const half = await blobs.putBytes(Buffer.from('a layer whose pack is still running'));
  expect(await gc([])).toEqual({ blobs: 0, bytes: 0, images: [] });
  expect(await blobs.size(half)).not.toBeNull();
});

test('what nobody names is counted as it lies on the disk, young or not; what is shared with a kept slug is not', async () => {
  const kept = await slug(['deps', 'v2']);
  expect(await leftovers(blobs, [kept])).toBe(0);
  await slug(['deps', 'v1']);
  const onDisk = async () => (await blobs.list()).reduce((sum, blob) => sum + blob.onDisk, 0);
  const before = await onDisk();
  expect(await leftovers(blobs, [])).toBe(before);
  await gc([kept]);
  const left = await leftovers(blobs, [kept]);
  expect(left).toBeGreaterThan(0);
  await age();
  expect(await leftovers(blobs, [kept])).toBe(left);
  // Its manifest, its config and the layer of its own.
  expect(await gc([kept])).toMatchObject({ blobs: 3 });
  expect(before - (await onDisk())).toBe(left);
  expect(await leftovers(blobs, [kept])).toBe(0);
});

test('what is collected while somebody looks at it is gone for them, and no failure', async () => {
  const taken = await slug(['v1']);
  await age();
  const meanwhile: Blobs = {
    ...blobs,
    async size(digest) {
      const size = await blobs.size(digest);
      await gc([]);
      return size;
    },
  };
  expect(await manifestAt(meanwhile, taken)).toBeNull();
  const again = await slug(['v1']);
  await age();
  expect(await leftovers(meanwhile, [again])).toBeGreaterThan(0);
  expect(await blobs.list()).toEqual([]);
});

test("others' images and those in use stay, without noise; another failure is told", async () => {
  await slug(['mine']);
  await age();
  const [id] = images.keys();
  const image = images.get(id!)!;
  const gone = { ...image, id: 'sha256:other', tags: ['debian:1'], labels: { 'twelve.slug': 'another' } };
  images.set('sha256:other', gone);
  image.labels['in-use'] = 'yes';
  const problems: string[] = [];
  expect(await gc([], (message) => problems.push(message))).toMatchObject({ images: [] });
  expect(problems).toEqual([]);
  expect([...images.keys()]).toEqual([id, 'sha256:other']);
});
