// Garbage collection beyond slugs: images of older definitions, unless another platform may need them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClaims } from '../../../platform/actions/claims.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';

const name = (digit: number): string => `twelve/stack:${`${digit}`.repeat(12)}`;
const [current, kept, old] = [name(1), name(2), name(3)] as const;
let folder: string;
let store: Store;
let engine: MemoryEngine;
let told: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-garbage-'));
  store = openStore({ folder, create: true });
  engine = createMemoryEngine();
  told = [];
  // Of a week ago, but for one that was made just now.
  for (const reference of [current, kept, old])
    engine.addImage(reference, { 'twelve.image': 'stack' }).createdAt = new Date(
      Date.now() - 7 * 24 * 3_600_000,
    ).toISOString();
  engine.addImage(name(4), { 'twelve.image': 'stack' });
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

function platform(): Platform {
  const collected = { blobs: 0, bytes: 0, images: 0 };
  return {
    engine,
    store,
    instance: 'mine',
    config: { keepReleases: 10 },
    slugs: { collect: async () => collected },
    claims: createClaims(Date.now),
    currentImages: async () => [current],
    log: {
      info: (_: unknown, what: string) => told.push(what),
      warn: (...what: unknown[]) => told.push(...what.map(String)),
    },
  } as unknown as Platform;
}

const left = async () => (await engine.images({})).flatMap((image) => image.tags).sort();

function slugOn(stackImage: string): string {
  const user = store.users.create('a@example.com');
  const app = store.apps.create(parseAppName('hello'), user.id, 'debian-13');
  const slug = store.slugs.insert(plainSlug(app.id, { processTypes: { web: 'run' }, stackImage }));
  // Without a release that names it, it would be what a killed server left.
  store.releases.append(app.id, user.id, {
    version: 1,
    slugId: slug.id,
    config: {},
    cause: 'push',
    description: 'Deploy',
    commit: null,
  });
  return slug.id;
}

it('an image that no definition and no kept slug names goes, once it is a day old', async () => {
  const slug = slugOn(kept);
  await collectGarbage(platform());
  expect(await left()).toEqual([current, kept, name(4)]);
  expect(told).toEqual(['images of older definitions removed']);
  store.slugs.markRemoved(slug);
  await collectGarbage(platform());
  expect(await left()).toEqual([current, name(4)]);
});

it('while another platform has a container on the engine all stay; its end frees them', async () => {
  const other = await engine.create({
    name: 'other-router',
    image: current,
    labels: { 'twelve.instance': 'other' },
    env: {},
  });
  await engine.create({ name: 'own', image: current, labels: { 'twelve.instance': 'mine' }, env: {} });
  await engine.create({ name: 'somebody', image: current, labels: {}, env: {} });
  await collectGarbage(platform());
  expect(await left()).toEqual([current, kept, old, name(4)]);
  await engine.remove(other);
  await collectGarbage(platform());
  expect(await left()).toEqual([current, name(4)]);
});
