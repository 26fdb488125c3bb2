// Garbage collection by reference: a blob goes only when no retained release names it, an image of ours when no definition does.
import { messageOf } from '../domain/errors.ts';
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
    .then(() => collect(platform, appId))
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

async function collect(platform: Platform, appId: string | undefined): Promise<void> {
  const { store } = platform;
  const appIds = appId ? [appId] : store.apps.list().map(({ id }) => id);
  store.transaction(() => {
    for (const id of appIds) retire(platform, id);
  });
  const keep = store.slugs.kept().map((slug) => slug.manifest);
  const gone = await platform.slugs.collect(keep);
  if (gone.blobs > 0 || gone.images > 0) platform.log.info(gone, 'garbage collected');
  const old = await removeOldImages(platform);
  if (old > 0) platform.log.info({ images: old }, 'images of older definitions removed');
}

/**
 * What an upgrade leaves behind, hundreds of megabytes each. Their label names no platform, since all that share an engine
 * share them; another one may be of another version, so while there is one they stay.
 */
async function removeOldImages(platform: Platform): Promise<number> {
  const { engine, instance, store } = platform;
  const shared = (await engine.list({})).some(
    ({ labels }) => labels[label.instance] !== undefined && labels[label.instance] !== instance,
  );
  if (shared) return 0;
  const named = store.slugs.kept().map((slug) => slug.stackImage);
  return await removeSuperseded({
    engine,
    names: serverImages,
    keep: new Set([...(await platform.currentImages()), ...named]),
    before: new Date(Date.now() - dayMs),
    onProblem: (message) => platform.log.warn(message),
  });
}

/** Keeps the slugs of the newest releases that served, of the serving one and of what is pending or will be. */
function retire(platform: Platform, appId: string): void {
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
  for (const slug of store.slugs.ofApp(appId)) {
    if (!slug.removedAt && !keep.has(slug.id) && mayGo(slug.id)) store.slugs.markRemoved(slug.id);
  }
}
