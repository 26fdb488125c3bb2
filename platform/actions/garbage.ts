// Garbage collection by reference: a blob goes only when no retained release names it.
import { messageOf } from '../domain/errors.ts';
import type { Platform } from './context.ts';

let running: Promise<void> = Promise.resolve();

/** Marks the slugs an app no longer keeps, then removes what no app names. One at a time; never throws. */
export function collectGarbage(platform: Platform, appId?: string): Promise<void> {
  running = running
    .then(() => collect(platform, appId))
    .catch((error: unknown) => platform.log.warn({ error: messageOf(error) }, 'garbage collection failed'));
  return running;
}

async function collect(platform: Platform, appId: string | undefined): Promise<void> {
  const { store } = platform;
  if (appId) store.transaction(() => retire(platform, appId));
  const keep = store.slugs.kept().map((slug) => slug.manifest);
  const gone = await platform.slugs.collect(keep);
  if (gone.blobs > 0 || gone.images > 0) platform.log.info(gone, 'garbage collected');
}

/** Keeps the slugs of the newest releases that served, of the serving one and of what is still pending. */
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
  for (const slug of store.slugs.ofApp(appId)) {
    if (!slug.removedAt && !keep.has(slug.id)) store.slugs.markRemoved(slug.id);
  }
}
