// Garbage collection beyond slugs: images of older definitions, unless another platform may need them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClaims } from '../../../platform/actions/claims.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { tidyDisk } from '../../../platform/actions/disk.ts';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import type { AppCache } from '../../../platform/build/cache-size.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { nothing, readBudgets } from '../../../platform/domain/budgets.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';

const name = (digit: number): string => `twelve/stack:${`${digit}`.repeat(12)}`;
const [current, kept, old] = [name(1), name(2), name(3)] as const;
let folder: string;
let store: Store;
let engine: MemoryEngine;
let told: string[];
let caches: AppCache[];
let uptimeMs: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-garbage-'));
  store = openStore({ folder, create: true });
  engine = createMemoryEngine();
  told = [];
  caches = [];
  uptimeMs = 3_600_000;
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
  const collected = { blobs: 0, bytes: 0, images: [] };
  return {
    engine,
    store,
    instance: 'mine',
    config: {
      keepReleases: 10,
      budgets: readBudgets((name) => (name === 'TWELVE_CACHES' ? 100 : null)),
      dataFolder: folder,
      logBudgetBytes: 50,
    },
    builder: {
      caches: async () => caches,
      purgeCache: async (appId: string) => {
        caches = caches.filter((one) => one.appId !== appId);
      },
      trimKept: async () => ({ buildpacks: nothing, debs: nothing }),
    },
    slugs: {
      collect: async () => collected,
      leftovers: async () => 0,
      primed: () => [],
      imageIds: async () => [],
    },
    claims: createClaims(Date.now),
    uptimeMs: () => uptimeMs,
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
  expect(told).toEqual(['garbage collected']);
  store.slugs.markRemoved(slug);
  await collectGarbage(platform());
  expect(await left()).toEqual([current, name(4)]);
});

it('a server that was just started removes none: an upgrade to it may go back to the version that needs them', async () => {
  const images = (kinds: Awaited<ReturnType<typeof tidyDisk>>) =>
    kinds.find(({ kind }) => kind === 'images')!;
  uptimeMs = 14 * 60_000;
  await collectGarbage(platform());
  for (const dry of [true, false])
    expect(images(await tidyDisk(platform(), dry)).removed).toMatchObject({ count: 0 });
  expect(await left()).toEqual([current, kept, old, name(4)]);
  uptimeMs = 16 * 60_000;
  expect(images(await tidyDisk(platform(), true)).removed).toMatchObject({ count: 2 });
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

it('the oldest build caches go until the others are within the budget; one of a build that runs stays', async () => {
  const platformNow = platform();
  caches = [
    { appId: 'newest', bytes: 40, savedAt: 4 },
    { appId: 'building', bytes: 30, savedAt: 1 },
    { appId: 'oldest', bytes: 50, savedAt: 2 },
    { appId: 'older', bytes: 30, savedAt: 3 },
  ];
  platformNow.claims.take({ id: 'building', name: 'building' }, 'somebody');
  const dry = await tidyDisk(platformNow, true);
  expect(caches).toHaveLength(4);
  const kinds = await tidyDisk(platformNow, false);
  expect(caches.map(({ appId }) => appId).sort()).toEqual(['building', 'newest', 'older']);
  for (const found of [dry, kinds])
    expect(found.find(({ kind }) => kind === 'build caches')).toMatchObject({
      budget: 100,
      removed: { count: 1, bytes: 50 },
    });
});

it('a dry run counts what a run removes, and every folder of the data folder has a kind', async () => {
  const slug = slugOn(kept);
  store.slugs.markRemoved(slug);
  await mkdir(join(folder, 'git'));
  await writeFile(join(folder, 'git', 'pack'), Buffer.alloc(100_000));
  const dry = await tidyDisk(platform(), true);
  expect(await left()).toEqual([current, kept, old, name(4)]);
  const run = await tidyDisk(platform(), false);
  expect(await left()).toEqual([current, name(4)]);
  const images = (kinds: typeof run) => kinds.find(({ kind }) => kind === 'images')!;
  expect(images(dry).removed).toMatchObject({ count: 2 });
  expect(images(run).removed).toEqual(images(dry).removed);
  expect(run.find(({ kind }) => kind === 'repositories')!.bytes).toBeGreaterThanOrEqual(100_000);
  expect(await tidyDisk(platform(), true)).toEqual(
    run.map((kind) => ({ ...kind, removed: { count: 0, bytes: 0 } })),
  );
});
