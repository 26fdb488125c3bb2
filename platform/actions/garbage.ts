// Garbage collection: a blob goes only when no retained release names it, an image of ours when no definition does; and of
// each kind that is over its budget, the oldest that can be missed.
import { join } from 'node:path';
import type { TrimmedKept } from '../build/kept.ts';
import type { Count } from '../domain/budgets.ts';
import { messageOf } from '../domain/errors.ts';
import type { Digest, Slug } from '../domain/slug.ts';
import type { ImageInfo } from '../engine/engine.ts';
import { serverImages } from '../engine/images.ts';
import { label } from '../engine/labels.ts';
import { removeSuperseded } from '../engine/superseded.ts';
import type { Collected } from '../slugs/collect.ts';
import { trimCopies } from '../store/copies.ts';
import { dataKinds } from '../store/usage.ts';
import type { Platform } from './context.ts';
import { withoutStacks } from './images.ts';
import { forgetTaken } from './taken.ts';
import { retiredSlugs, trimCaches, trimImages, trimSlugs } from './trim.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Longer than an upgrade takes to go back to the version before, which would have to make its images again. */
const settledMs = 15 * 60 * 1000;

let running: Promise<void> = Promise.resolve();

/**
 * Marks the slugs that an app no longer keeps, or without one all apps, as a killed server may not have come to it; then
 * removes what no app names. One at a time; never throws.
 */
export function collectGarbage(platform: Platform, appId?: string): Promise<void> {
  running = running
    .then(async () => void (await collect(platform, appId)))
    .catch((error: unknown) => platform.log.warn({ error: messageOf(error) }, 'garbage collection failed'));
  return running;
}

/** Nothing is collected while `work` goes on; what became due meanwhile is, after it. */
export function withoutCollection<T>(work: () => Promise<T>): Promise<T> {
  const result = running.then(work);
  running = result.then(
    () => undefined,
    () => undefined,
  );
  return result;
}

/** How many of an app's builds can be read. */
const keptOutputs = 20;

/** Never throws. */
export async function forgetOldOutputs(platform: Platform, appId: string): Promise<void> {
  try {
    const old = platform.store.builds.list(appId).slice(keptOutputs);
    await Promise.all(old.map(({ id }) => platform.outputs.remove(id)));
  } catch (error) {
    platform.log.warn({ error: messageOf(error) }, 'output of old builds not removed');
  }
}

/** What a collection removed, or would. */
export interface Removed extends TrimmedKept {
  slugs: Count;
  images: Count;
  caches: Count;
  copies: Count;
}

/** Of all apps, after what is under way. @param dry only says what would go @throws what went wrong */
export function collectNow(platform: Platform, dry: boolean): Promise<Removed> {
  return withoutCollection(() => collect(platform, undefined, dry));
}

async function collect(platform: Platform, appId: string | undefined, dry = false): Promise<Removed> {
  const { store, config } = platform;
  const appIds = appId ? [appId] : store.apps.list().map(({ id }) => id);
  const retired = new Set(
    store.transaction(() => {
      const ids = appIds.flatMap((id) => retiredSlugs(platform, id));
      if (!dry) for (const id of ids) store.slugs.markRemoved(id);
      return ids;
    }),
  );
  const { keep, gone } = await collectSlugs(platform, retired, dry);
  const old = await removeOldImages(platform, keep, dry);
  const freed = (await withoutStacks(platform, gone.images)) + bytesOf(old.map(({ size }) => size));
  const goneImages = new Set([...gone.images, ...old].map(({ id }) => id));
  const idle = await trimImages(platform, keep, dry ? goneImages : new Set(), dry);
  const removed: Removed = {
    slugs: { count: gone.blobs, bytes: gone.bytes },
    images: {
      count: goneImages.size + idle.count,
      bytes: freed + idle.bytes,
    },
    caches: await trimCaches(platform, dry),
    copies: trimCopies(join(config.dataFolder, dataKinds.backups), config.budgets.backups, dry),
    ...(await platform.builder.trimKept(dry)),
  };
  if (!dry) forgetTaken(platform);
  if (!dry && Object.values(removed).some(({ count }) => count > 0))
    platform.log.info(removed, 'garbage collected');
  return removed;
}

/** What no app names, and what of the rest is over the budget. */
async function collectSlugs(platform: Platform, retired: ReadonlySet<string>, dry: boolean) {
  const keep = platform.store.slugs.kept().filter(({ id }) => !retired.has(id));
  const manifests = (slugs: readonly Slug[]): Digest[] => slugs.map(({ manifest }) => manifest);
  const gone = await platform.slugs.collect(manifests(keep), dry);
  const more = await trimSlugs(platform, keep, dry);
  if (more.size === 0) return { keep, gone };
  const left = keep.filter(({ id }) => !more.has(id));
  const also = await platform.slugs.collect(manifests(left), dry);
  // A dry run has removed nothing: it finds all of it again.
  return { keep: left, gone: dry ? also : added(gone, also) };
}

function added(one: Collected, other: Collected): Collected {
  return {
    blobs: one.blobs + other.blobs,
    bytes: one.bytes + other.bytes,
    images: [...one.images, ...other.images],
  };
}

/**
 * What an upgrade leaves behind, hundreds of megabytes each. Their label names no platform, since all that share an engine
 * share them; another one may be of another version, so while there is one they stay. So they do while this server is new.
 */
async function removeOldImages(
  platform: Platform,
  kept: readonly Slug[],
  dry: boolean,
): Promise<ImageInfo[]> {
  const { engine, instance } = platform;
  if (platform.uptimeMs() < settledMs) return [];
  const shared = (await engine.list({})).some(
    ({ labels }) => labels[label.instance] !== undefined && labels[label.instance] !== instance,
  );
  if (shared) return [];
  return await removeSuperseded({
    engine,
    names: serverImages,
    keep: new Set([...(await platform.currentImages()), ...kept.map((slug) => slug.stackImage)]),
    before: new Date(Date.now() - dayMs),
    dry,
    onProblem: (message) => platform.log.warn(message),
  });
}

function bytesOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
