// Garbage collection: a blob goes only when no retained release names it, an image of ours when no definition does, and the
// oldest build caches when all of them are over their budget.
import type { AppCache } from '../build/cache-size.ts';
import { messageOf } from '../domain/errors.ts';
import type { Slug } from '../domain/slug.ts';
import type { ImageInfo } from '../engine/engine.ts';
import { serverImages } from '../engine/images.ts';
import { label } from '../engine/labels.ts';
import { removeSuperseded } from '../engine/superseded.ts';
import type { Platform } from './context.ts';

const dayMs = 24 * 60 * 60 * 1000;

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

/** What a collection removed, or would: by kind how many, and how many bytes. */
export interface Removed {
  slugs: Count;
  images: Count;
  caches: Count;
}
export interface Count {
  count: number;
  bytes: number;
}

/** Of all apps, after what is under way. @param dry only says what would go @throws what went wrong */
export function collectNow(platform: Platform, dry: boolean): Promise<Removed> {
  return withoutCollection(() => collect(platform, undefined, dry));
}

async function collect(platform: Platform, appId: string | undefined, dry = false): Promise<Removed> {
  const { store } = platform;
  const appIds = appId ? [appId] : store.apps.list().map(({ id }) => id);
  const retired = new Set(
    store.transaction(() => {
      const ids = appIds.flatMap((id) => retiredSlugs(platform, id));
      if (!dry) for (const id of ids) store.slugs.markRemoved(id);
      return ids;
    }),
  );
  const keep = store.slugs.kept().filter(({ id }) => !retired.has(id));
  const gone = await platform.slugs.collect(
    keep.map((slug) => slug.manifest),
    dry,
  );
  const old = await removeOldImages(platform, keep, dry);
  const caches = await trimCaches(platform, dry);
  const removed: Removed = {
    slugs: { count: gone.blobs, bytes: gone.bytes },
    images: {
      count: gone.images + old.length,
      bytes: gone.imageBytes + bytesOf(old.map(({ size }) => size)),
    },
    caches: { count: caches.length, bytes: bytesOf(caches.map(({ bytes }) => bytes)) },
  };
  if (!dry && Object.values(removed).some(({ count }) => count > 0))
    platform.log.info(removed, 'garbage collected');
  return removed;
}

/**
 * What an upgrade leaves behind, hundreds of megabytes each. Their label names no platform, since all that share an engine
 * share them; another one may be of another version, so while there is one they stay.
 */
async function removeOldImages(
  platform: Platform,
  kept: readonly Slug[],
  dry: boolean,
): Promise<ImageInfo[]> {
  const { engine, instance } = platform;
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

/** Those that were left the longest time ago go, until the others are within the budget of all. A build keeps its own. */
async function trimCaches(platform: Platform, dry: boolean): Promise<AppCache[]> {
  const { config, builder, claims } = platform;
  const caches = (await builder.caches()).sort((a, b) => a.savedAt - b.savedAt);
  let left = bytesOf(caches.map(({ bytes }) => bytes));
  const gone: AppCache[] = [];
  for (const cache of caches) {
    if (left <= config.cachesBytes) break;
    if (claims.isHeld(cache.appId)) continue;
    if (!dry) await builder.purgeCache(cache.appId);
    left -= cache.bytes;
    gone.push(cache);
  }
  return gone;
}

function bytesOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** All but those of the newest releases that served, of the serving one and of what is pending or will be. */
function retiredSlugs(platform: Platform, appId: string): string[] {
  const { store } = platform;
  const serving = store.apps.byId(appId)?.servingVersion ?? null;
  const releases = store.releases.list(appId);
  const served = releases
    .filter((release) => release.status === 'succeeded' && release.slugId)
    .slice(0, platform.config.keepReleases);
  const needed = releases.filter((release) => release.status === 'pending' || release.version === serving);
  // The newest that serves or still may is what the next release is made from.
  const base = store.releases.base(appId);
  const keep = new Set([...served, ...needed, ...(base ? [base] : [])].map((release) => release.slugId));
  // The slug of a deploy that is under way has no release yet; of one that failed it goes when that deploy has ended.
  const named = new Set(releases.map((release) => release.slugId));
  const mayGo = (id: string): boolean => named.has(id) || !platform.claims.isHeld(appId);
  return store.slugs
    .ofApp(appId)
    .filter((slug) => !slug.removedAt && !keep.has(slug.id) && mayGo(slug.id))
    .map(({ id }) => id);
}
