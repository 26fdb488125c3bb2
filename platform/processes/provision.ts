// A release as something to run: its code and config from the store, its image on the engine; and what is said where that is gone.
import { hasCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { Release } from '../domain/release.ts';
import type { Slug } from '../domain/slug.ts';
import type { FromSlug } from './from-slug.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Runnable } from './tracked.ts';

export interface Provision {
  /** One that is to take over. @throws PlatformError that names the app, the release, what is missing and what to do */
  next(release: Release, signal: AbortSignal): Promise<Runnable>;
  /**
   * The one that serves, also where its image cannot be had: what runs of it goes on until something replaces it, and
   * each start of what does not run asks for the image again. The log is told. @throws PlatformError `engine_unavailable`
   */
  serving(release: Release, signal: AbortSignal): Promise<Runnable>;
  /** Why nothing more of the release that serves can be started; null when it can, or nothing serves. */
  missing(appId: string, signal: AbortSignal): Promise<string | null>;
}

export function createProvision({
  store,
  fromSlug,
  logs,
  onProblem,
}: Pick<ProcessNeeds, 'store' | 'logs' | 'onProblem'> & { fromSlug: FromSlug }): Provision {
  function codeOf(release: Release): Slug {
    const slug = release.slugId ? store.slugs.byId(release.slugId) : undefined;
    if (!slug) throw new PlatformError('release_failed', `The slug of v${release.version} is gone.`);
    return slug;
  }

  const runnable = (release: Release, slug: Slug): Runnable => ({
    version: release.version,
    release,
    slug,
    types: slug.processTypes,
    config: store.releases.config(release),
  });

  /** @returns why there is no image; undefined when there is one. @throws what says nothing of the image */
  async function lackOf(
    release: Release,
    slug: Slug,
    signal: AbortSignal,
  ): Promise<PlatformError | undefined> {
    try {
      await fromSlug.provide(slug, signal);
      return undefined;
    } catch (error) {
      if (signal.aborted || hasCode(error, 'engine_unavailable')) throw error;
      const name = store.apps.byId(release.appId)?.name ?? release.appId;
      return new PlatformError('release_failed', whyNot(name, release.version, error), {}, { cause: error });
    }
  }

  return {
    async next(release, signal) {
      const slug = codeOf(release);
      const lack = await lackOf(release, slug, signal);
      if (lack) throw lack;
      return runnable(release, slug);
    },
    async serving(release, signal) {
      const slug = codeOf(release);
      const lack = await lackOf(release, slug, signal);
      if (lack) {
        onProblem(lack.message);
        const said = { source: 'twelve', process: 'api', text: lack.message } as const;
        logs.write(release.appId, { ...said, release: release.version });
      }
      return runnable(release, slug);
    },
    async missing(appId, signal) {
      const version = store.apps.byId(appId)?.servingVersion ?? null;
      const release = version === null ? undefined : store.releases.byVersion(appId, version);
      const slug = release?.slugId ? store.slugs.byId(release.slugId) : undefined;
      if (!release || !slug) return null;
      // Where the engine is away, or who asks has gone, nothing is known.
      const lack = await lackOf(release, slug, signal).catch(() => undefined);
      return lack?.message ?? null;
    },
  };
}

function whyNot(app: string, version: number, error: unknown): string {
  if (!hasCode(error, 'gone')) return `No process of ${app} v${version} can be started: ${messageOf(error)}`;
  return `No process of ${app} v${version} can be started: its code is gone, the layers from the disk and the image from the engine. Build it anew (twelve redeploy -a ${app}), or go back to a release whose code is there (twelve rollback vN -a ${app}; twelve releases -a ${app} lists them).`;
}
