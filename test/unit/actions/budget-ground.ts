// What tests of budgets stand on: real blobs and slugs of one app, images of them on an in-memory engine; made anew for each.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import type { Budgets } from '../../../platform/domain/budgets.ts';
import type { Digest } from '../../../platform/domain/slug.ts';
import { type Blobs, openBlobs } from '../../../platform/slugs/blobs.ts';
import { collect, idsOf, leftovers, manifestAt, removeImage } from '../../../platform/slugs/collect.ts';
import { imageDocuments } from '../../../platform/slugs/image.ts';
import { wholeBlobs } from '../../../platform/slugs/puller.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';
import { createGround, type Ground } from './ground.ts';

export const layerBytes = 1_000_000;
export let engine: MemoryEngine;
export let ground: Ground;
let blobs: Blobs;
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

/** Milliseconds that what is built is too young to be collected. */
export function setYouth(ms: number): void {
  youth = ms;
}

export function setBudgets(budgets: Partial<Budgets>, minFreeBytes = 0): void {
  const { config } = ground.platform;
  Object.assign(ground.platform, {
    config: { ...config, minFreeBytes, budgets: { ...config.budgets, ...budgets } },
  });
}

/** A release of a slug with one layer of its own, which serves unless it failed. @returns the id of its image */
export async function release(text: string, status: 'succeeded' | 'failed' = 'succeeded'): Promise<string> {
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

/** Commits of the slugs that are. */
export const kept = (): (string | null)[] =>
  ground.store.slugs
    .kept()
    .map(({ commit }) => commit)
    .sort();
/** Of all images. */
export const tags = async (): Promise<string[]> =>
  (await engine.images({})).flatMap(({ tags }) => tags).sort();
