// What goes so that a kind stays within its budget, the oldest first, and which slugs an app keeps at all.
import { type Count, type Holder, nothing, surplus } from '../domain/budgets.ts';
import type { Digest, Slug } from '../domain/slug.ts';
import type { ImageInfo } from '../engine/engine.ts';
import { imagesInUse } from '../engine/images-in-use.ts';
import type { Platform } from './context.ts';
import { type ImagesOnEngine, imagesOnEngine } from './images.ts';
import { slugBytes } from './taken.ts';

/** What no budget takes: the release that serves, and the one before it. */
const leastReleases = 2;

/**
 * All but those of the newest releases that served, of the serving one and of what is pending or will be.
 * @param releases how many of those that served
 */
export function retiredSlugs(
  platform: Platform,
  appId: string,
  releases = platform.config.keepReleases,
): string[] {
  const { store } = platform;
  const serving = store.apps.byId(appId)?.servingVersion ?? null;
  const all = store.releases.list(appId);
  const served = all.filter((release) => release.status === 'succeeded' && release.slugId).slice(0, releases);
  const needed = all.filter((release) => release.status === 'pending' || release.version === serving);
  // The newest that serves or still may is what the next release is made from.
  const base = store.releases.base(appId);
  const keep = new Set([...served, ...needed, ...(base ? [base] : [])].map((release) => release.slugId));
  // The slug of a deploy that is under way has no release yet; of one that failed it goes when that deploy has ended.
  const named = new Set(all.map((release) => release.slugId));
  const mayGo = (id: string): boolean => named.has(id) || !platform.claims.isHeld(appId);
  return store.slugs
    .ofApp(appId)
    .filter((slug) => !slug.removedAt && !keep.has(slug.id) && mayGo(slug.id))
    .map(({ id }) => id);
}

/** Marks those that go for the budget; their blobs are collected by the caller. */
export async function trimSlugs(
  platform: Platform,
  kept: readonly Slug[],
  dry: boolean,
): Promise<ReadonlySet<string>> {
  const { store } = platform;
  const budget = platform.config.budgets.slugs;
  if (budget === null) return new Set();
  const taken = await slugBytes(platform, kept);
  if (taken <= budget) return new Set();
  const may = missable(platform, leastReleases);
  const holders = await Promise.all(
    oldestFirst(kept).map(async (slug) => ({
      slug,
      parts: (await platform.slugs.blobs(slug.manifest)) ?? [],
      mayGo: may.has(slug.id),
    })),
  );
  const ids = surplus(holders, taken, budget).gone.map(({ slug }) => slug.id);
  if (dry) return new Set(ids);
  return store.transaction(() => {
    // Somebody may have gone back to one meanwhile.
    const still = missable(platform, leastReleases);
    const gone = ids.filter((id) => still.has(id));
    for (const id of gone) store.slugs.markRemoved(id);
    return new Set(gone);
  });
}

/**
 * Images of no kept slug, as of deploys that failed: no release will ask for one. Then those of slugs that neither serve nor
 * are about to: a rollback to one has the engine pull it again.
 * @param gone ids of images that count as gone: in a dry run they are there
 */
export async function trimImages(
  platform: Platform,
  kept: readonly Slug[],
  gone: ReadonlySet<string>,
  dry: boolean,
): Promise<Count> {
  const budget = platform.config.budgets.images;
  if (budget === null) return nothing;
  const found = await imagesOnEngine(platform, kept, gone);
  const taken = found.bytes;
  if (taken <= budget) return nothing;
  const more = surplus(await imageHolders(platform, kept, found), taken, budget);
  if (dry) return { count: more.gone.length, bytes: more.bytes };
  let count = 0;
  for (const { image, slugs } of more.gone) {
    // Somebody may go back to one meanwhile, or deploy the same once more.
    if (!slugs.every((slug) => isIdle(platform, slug)) || (await cameSince(platform, image, kept))) continue;
    if (await platform.slugs.dropImage(image)) count += 1;
  }
  const left = (await imagesOnEngine(platform, kept)).bytes;
  return { count, bytes: Math.max(0, taken - left) };
}

interface ImageHolder extends Holder {
  image: ImageInfo;
  slugs: Slug[];
}

/** In the order in which they go. What a container has cannot: others have to in its place. */
async function imageHolders(
  platform: Platform,
  kept: readonly Slug[],
  { of, others }: ImagesOnEngine,
): Promise<ImageHolder[]> {
  const used = await imagesInUse(platform.engine);
  const nobodys = others
    // Where there is no more to it than the stack, nothing would be had.
    .filter(({ size }) => size > 0)
    // Its layers are not known any more: it is one part, as it is counted.
    .map(({ image, size }) => ({
      ...{ image, slugs: [], mayGo: true },
      parts: [{ digest: image.id as Digest, size }],
    }));
  return [...nobodys, ...holdersOf(platform, kept, of)].map((holder) => ({
    ...holder,
    mayGo: holder.mayGo && !used.has(holder.image.id),
  }));
}

/** By the image's id: one that several slugs have, as after a redeploy, is as young as the last of them, and stays with any. */
function holdersOf(
  platform: Platform,
  kept: readonly Slug[],
  of: ReadonlyMap<string, ImageInfo>,
): ImageHolder[] {
  const may = missable(platform, 0);
  const holders = new Map<string, ImageHolder>();
  for (const slug of oldestFirst(kept)) {
    const image = of.get(slug.id);
    if (!image) continue;
    const { slugs, mayGo } = holders.get(image.id) ?? { slugs: [], mayGo: true };
    holders.delete(image.id);
    holders.set(image.id, {
      image,
      slugs: [...slugs, slug],
      parts: slug.layers,
      mayGo: mayGo && may.has(slug.id),
    });
  }
  return [...holders.values()];
}

/** Whether a slug has it that was not there when these were listed. */
async function cameSince(
  { store, slugs }: Platform,
  image: ImageInfo,
  listed: readonly Slug[],
): Promise<boolean> {
  const before = new Set(listed.map(({ id }) => id));
  const since = store.slugs.kept().filter(({ id }) => !before.has(id));
  const ids = await Promise.all(since.map(({ manifest }) => slugs.imageIds(manifest)));
  return ids.flat().includes(image.id);
}

function isIdle(platform: Platform, { id, appId }: Slug): boolean {
  return !platform.claims.isHeld(appId) && retiredSlugs(platform, appId, 0).includes(id);
}

/** Those that were left the longest time ago go, until the others are within the budget of all. A build keeps its own. */
export async function trimCaches(platform: Platform, dry: boolean): Promise<Count> {
  const { config, builder, claims } = platform;
  const budget = config.budgets['build caches'] ?? Number.POSITIVE_INFINITY;
  const caches = (await builder.caches()).sort((a, b) => a.savedAt - b.savedAt);
  let left = caches.reduce((sum, { bytes }) => sum + bytes, 0);
  const gone = { count: 0, bytes: 0 };
  for (const cache of caches) {
    if (left <= budget) break;
    if (claims.isHeld(cache.appId)) continue;
    if (!dry) await builder.purgeCache(cache.appId);
    left -= cache.bytes;
    gone.count += 1;
    gone.bytes += cache.bytes;
  }
  return gone;
}

/** Slugs whose apps are not being deployed, without the newest so many that served. */
function missable(platform: Platform, releases: number): ReadonlySet<string> {
  const apps = platform.store.apps.list().filter(({ id }) => !platform.claims.isHeld(id));
  return new Set(apps.flatMap(({ id }) => retiredSlugs(platform, id, releases)));
}

function oldestFirst(slugs: readonly Slug[]): Slug[] {
  return [...slugs].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}
