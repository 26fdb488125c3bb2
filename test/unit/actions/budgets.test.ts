// What is kept within its budget: by going, the oldest first, or by taking no more; what serves is never touched.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diskUse, requireRoom, tidyDisk } from '../../../platform/actions/disk.ts';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import { type Budgets, builtKinds } from '../../../platform/domain/budgets.ts';
import type { Digest } from '../../../platform/domain/slug.ts';
import { type Blobs, openBlobs } from '../../../platform/slugs/blobs.ts';
import { collect, idsOf, leftovers, manifestAt, removeImage } from '../../../platform/slugs/collect.ts';
import { imageDocuments } from '../../../platform/slugs/image.ts';
import { wholeBlobs } from '../../../platform/slugs/puller.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';
import { createGround, type Ground } from './ground.ts';

const layerBytes = 1_000_000;
let engine: MemoryEngine;
let ground: Ground;
let blobs: Blobs;
/** Milliseconds that what is built is too young to be collected. */
let youth: number;

beforeEach(async () => {
  engine = createMemoryEngine();
  youth = -1000;
  ground = createGround({ engine });
  blobs = await openBlobs(join(ground.folder, 'blobs'));
  const needs = { engine, blobs, instance: 'mine', onProblem: (text: string) => ground.problems.push(text) };
  Object.assign(ground.platform, {
    config: { ...ground.platform.config, dataFolder: ground.folder, keepReleases: 10, logBudgetBytes: 1 },
  });
  Object.assign(ground.platform.slugs, {
    blobs: (manifest: Digest) => wholeBlobs(blobs, manifest),
    collect: (keep: Digest[], dry = false) => collect({ ...needs, keep, dry, before: Date.now() - youth }),
    leftovers: (keep: Digest[]) => leftovers(blobs, keep),
    imageIds: async (manifest: Digest) => idsOf(manifest, await manifestAt(blobs, manifest)),
    dropImage: (image: Parameters<typeof removeImage>[1]) => removeImage(needs, image),
  });
});
afterEach(() => ground[Symbol.dispose]());

function setBudgets(budgets: Partial<Budgets>, minFreeBytes = 0): void {
  const { config } = ground.platform;
  Object.assign(ground.platform, {
    config: { ...config, minFreeBytes, budgets: { ...config.budgets, ...budgets } },
  });
}

/** A release of a slug with one layer of its own, which serves unless it failed. @returns the id of its image */
async function release(text: string, status: 'succeeded' | 'failed' = 'succeeded'): Promise<string> {
  const { store, app, caller } = ground;
  const bytes = Buffer.alloc(layerBytes, text);
  const layer = { digest: await blobs.putBytes(bytes), size: bytes.length, label: 'app' };
  const stack = { reference: 's', imageId: 'x', layers: [], env: [] };
  const documents = imageDocuments({ stack, layers: [layer], architecture: 'amd64', instance: 'mine' });
  await blobs.putBytes(documents.config);
  const manifest = await blobs.putBytes(documents.manifest);
  const slug = store.slugs.insert({ ...plainSlug(app.id), manifest, layers: [layer], commit: text });
  const version = (store.releases.newest(app.id)?.version ?? 0) + 1;
  const { id } = store.releases.append(app.id, caller.user.id, {
    ...{ version, slugId: slug.id, config: {}, cause: 'push', description: 'Deploy', commit: text },
  });
  store.releases.end(id, status, null);
  if (status === 'succeeded') store.apps.setServing(app.id, version);
  // The next one is younger.
  await sleep(2);
  const labels = { 'twelve.slug': 'mine' };
  return engine.addImage(`twelve-mine/hello:${text}`, labels, documents.config.toString()).id;
}

const kept = (): (string | null)[] =>
  ground.store.slugs
    .kept()
    .map(({ commit }) => commit)
    .sort();
const tags = async () => (await engine.images({})).flatMap(({ tags }) => tags).sort();

it('slugs of the oldest releases go; those of the newest two stay, and then nothing more is taken', async () => {
  for (const text of ['a', 'b', 'c', 'd']) await release(text);
  setBudgets({ slugs: 3.5 * layerBytes });
  const dry = await tidyDisk(ground.platform, true);
  expect(kept()).toEqual(['a', 'b', 'c', 'd']);
  const run = await tidyDisk(ground.platform, false);
  expect(kept()).toEqual(['b', 'c', 'd']);
  const slugs = (kinds: typeof run) => kinds.find(({ kind }) => kind === 'slugs')!;
  expect(slugs(run).removed.bytes).toBeGreaterThanOrEqual(layerBytes);
  expect(slugs(dry).removed).toEqual(slugs(run).removed);
  expect(slugs(run)).toMatchObject({ budget: 3.5 * layerBytes });
  expect(slugs(run).bytes).toBeLessThanOrEqual(3.5 * layerBytes);
  await requireRoom(ground.platform, []);

  setBudgets({ slugs: 1 });
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['c', 'd']);
  await expect(requireRoom(ground.platform, [])).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringMatching(
      /^The budget for slugs is used up: they take 2 MB of 1 MB \(TWELVE_SLUGS_BUDGET\)\. .*apps:destroy.*raise the budget/,
    ),
  });
  expect(ground.problems).toEqual([]);
});

it('what deploys that failed just built neither takes the place of older slugs nor refuses a push', async () => {
  youth = 3_600_000;
  for (const text of ['a', 'b', 'c']) await release(text);
  for (const text of ['x', 'y']) await release(text, 'failed');
  const take = (kinds: Awaited<ReturnType<typeof diskUse>>, kind: string) =>
    kinds!.find((one) => one.kind === kind)!.bytes / layerBytes;
  setBudgets({ slugs: 3.5 * layerBytes });
  const tidied = await tidyDisk(ground.platform, false);
  expect(kept()).toEqual(['a', 'b', 'c']);
  expect(take(tidied, 'slugs')).toBeCloseTo(3, 0);
  expect(take(tidied, 'leftovers')).toBeCloseTo(2, 0);
  await requireRoom(ground.platform, []);

  // Nor does what went for the budget itself.
  setBudgets({ slugs: 2.5 * layerBytes });
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['b', 'c']);
  expect(take(await diskUse(ground.platform), 'leftovers')).toBeCloseTo(3, 0);
  await requireRoom(ground.platform, []);
  await release('d');
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['c', 'd']);
  setBudgets({ slugs: 1.5 * layerBytes });
  await collectGarbage(ground.platform);
  await expect(requireRoom(ground.platform, [])).rejects.toThrow(/budget for slugs .* take 2 MB of 2 MB/);

  youth = -1000;
  await collectGarbage(ground.platform);
  expect(take(await diskUse(ground.platform), 'leftovers')).toBe(0);
  expect(kept()).toEqual(['c', 'd']);
});

it('the slugs of an app that is being deployed stay until that has ended', async () => {
  for (const text of ['a', 'b', 'c']) await release(text);
  setBudgets({ slugs: 1 });
  const claim = ground.platform.claims.take(ground.app, 'ada');
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['a', 'b', 'c']);
  claim.release();
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['b', 'c']);
});

it('images of releases that do not serve go, unless a container uses them; their slugs stay', async () => {
  await release('a');
  const image = await release('b');
  await release('c');
  await engine.create({ name: 'old', image, labels: { 'twelve.instance': 'mine' }, env: {} });
  setBudgets({ images: 2.5 * layerBytes });
  const find = (kinds: Awaited<ReturnType<typeof tidyDisk>>) => kinds.find(({ kind }) => kind === 'images')!;
  const dry = find(await tidyDisk(ground.platform, true));
  expect(dry).toMatchObject({ bytes: 3 * layerBytes, removed: { count: 1, bytes: layerBytes } });
  const run = find(await tidyDisk(ground.platform, false));
  expect(run).toMatchObject({ bytes: 2 * layerBytes, removed: dry.removed });
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:c']);
  setBudgets({ images: 1 });
  await collectGarbage(ground.platform);
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:c']);
  expect(kept()).toEqual(['a', 'b', 'c']);
  await expect(requireRoom(ground.platform, [])).rejects.toThrow(/budget for images .*TWELVE_IMAGES_BUDGET/);
});

it('of one that serves again from an older slug neither the slug nor its image goes', async () => {
  await release('a');
  const image = await release('b');
  const { store, app, caller } = ground;
  // As a redeploy of the same tree makes it: another slug with the same manifest.
  const [, slug] = store.slugs.ofApp(app.id);
  const again = store.slugs.insert({ ...slug!, commit: 'again' });
  for (const version of [3, 4]) {
    const { id } = store.releases.append(app.id, caller.user.id, {
      ...{ version, slugId: again.id, config: {}, cause: 'redeploy', description: 'Deploy', commit: 'again' },
    });
    store.releases.end(id, 'succeeded', null);
    store.apps.setServing(app.id, version);
  }
  setBudgets({ images: 1, slugs: 1 });
  await collectGarbage(ground.platform);
  // Nothing runs that would keep it from going.
  expect((await engine.images({})).map(({ id }) => id)).toEqual([image]);
  expect(kept()).toEqual(['again', 'b']);
});

it('an image goes for none to which somebody is going back meanwhile', async () => {
  await release('a');
  await release('b');
  await release('c');
  setBudgets({ images: 1 });
  const { slugs, store } = { ...ground.platform, store: ground.store };
  const { dropImage } = slugs;
  Object.assign(slugs, {
    dropImage: (image: Parameters<typeof dropImage>[0]) => {
      const [, second] = store.slugs.ofApp(ground.app.id);
      const rollback = { cause: 'rollback', description: 'Rollback to v2', commit: 'b' } as const;
      const order = { version: 4, slugId: second!.id, config: {}, ...rollback };
      if (store.releases.newest(ground.app.id)?.version === 3)
        store.releases.append(ground.app.id, ground.caller.user.id, order);
      return dropImage(image);
    },
  });
  await collectGarbage(ground.platform);
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:c']);
  expect(ground.problems).not.toContain('garbage collection failed');
});

it('an image that a container keeps from being collected is counted without the stack', async () => {
  engine.addImage('twelve/stack:0123456789ab', { 'twelve.image': 'stack' });
  const labels = { 'twelve.slug': 'mine' };
  for (const name of ['one', 'two']) engine.addImage(`twelve-mine/gone:${name}`, labels);
  const { images } = engine;
  const sized = async (...asked: Parameters<typeof images>) =>
    (await images(...asked)).map((one) => ({ ...one, size: one.labels['twelve.slug'] ? 260 : 250 }));
  Object.assign(engine, { images: sized });
  const used = await diskUse(ground.platform);
  expect(used!.find(({ kind }) => kind === 'images')).toMatchObject({ bytes: 270 });
  const tidied = await tidyDisk(ground.platform, false);
  const found = tidied.find(({ kind }) => kind === 'images');
  expect(found).toMatchObject({ bytes: 250, removed: { count: 2, bytes: 20 } });
});

it('what is used up refuses what adds to it, and is looked at again after something went', async () => {
  mkdirSync(join(ground.folder, 'git', 'app'), { recursive: true });
  const pack = join(ground.folder, 'git', 'app', 'pack');
  writeFileSync(pack, Buffer.alloc(3_000_000));
  setBudgets({ repositories: 2_000_000 });
  await requireRoom(ground.platform, [], builtKinds);
  await requireRoom(ground.platform, [], []);
  const asked = await Promise.allSettled([1, 2].map(() => requireRoom(ground.platform, [])));
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  rmSync(pack);
  await collectGarbage(ground.platform);
  await requireRoom(ground.platform, []);
});

it('repositories are only added to within theirs; a kind without one is not looked at', async () => {
  mkdirSync(join(ground.folder, 'git'));
  writeFileSync(join(ground.folder, 'git', 'pack'), Buffer.alloc(3_000_000));
  setBudgets({});
  await requireRoom(ground.platform, [ground.folder]);
  setBudgets({ repositories: 4_000_000 });
  await requireRoom(ground.platform, [ground.folder]);
  setBudgets({ repositories: 2_000_000 });
  await expect(requireRoom(ground.platform, [ground.folder])).rejects.toMatchObject({
    message: expect.stringMatching(/^The budget for repositories is used up: they take 3 MB of 2 MB/),
    details: { budget: 'repositories' },
  });
  setBudgets({ repositories: null }, 2 ** 60);
  await expect(requireRoom(ground.platform, [ground.folder])).rejects.toThrow(/TWELVE_MIN_FREE/);
});

it('the older copies of the database go for theirs, the newest stays', async () => {
  const folder = join(ground.folder, 'backups');
  mkdirSync(folder);
  for (const day of [1, 2, 3])
    writeFileSync(join(folder, `twelve-schema-${day}-2026-01-0${day}T00-00-00-000Z.db`), Buffer.alloc(1000));
  const removed = async (budget: number | null) => {
    setBudgets({ backups: budget });
    const kinds = await tidyDisk(ground.platform, false);
    return kinds.find(({ kind }) => kind === 'backups')!.removed;
  };
  expect(await removed(null)).toEqual({ count: 0, bytes: 0 });
  expect(await removed(2500)).toEqual({ count: 1, bytes: 1000 });
  expect(await removed(1)).toEqual({ count: 1, bytes: 1000 });
  expect(await removed(1)).toEqual({ count: 0, bytes: 0 });
});

it('while the engine is away what lies in the data folder is told without the images', async () => {
  engine.goAway();
  try {
    const found = await diskUse(ground.platform);
    expect(found!.map(({ kind }) => kind)).not.toContain('images');
    expect(found!.find(({ kind }) => kind === 'database')!.bytes).toBeGreaterThan(0);
  } finally {
    engine.comeBack();
  }
});
