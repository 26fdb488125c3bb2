// Appending a release and following it to its end. Deploys, config changes and rollbacks all pass here.
import type { App } from '../domain/app.ts';
import { badConfigNames, type ConfigVars } from '../domain/config-vars.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import { formationWith, requireRoom } from '../domain/formation.ts';
import { settingsOf } from '../domain/process-settings.ts';
import { checkRollback, type NextRelease, type Release } from '../domain/release.ts';
import { shownName } from '../domain/shell-word.ts';
import type { Slug } from '../domain/slug.ts';
import type { Caller, Platform } from './context.ts';

/** What a change starts from: the newest release that serves or still may. */
export interface Base {
  release: Release | undefined;
  slugId: string | null;
  config: ConfigVars;
  commit: string | null;
}

/**
 * One short transaction: reads the base, makes the next release from it, appends it. Its rollout starts at once.
 * @param change null when nothing would change
 * @param alongside written with the release or not at all
 */
export function appendRelease(
  platform: Platform,
  app: App,
  caller: Caller,
  change: (base: Base) => Omit<NextRelease, 'version'> | null,
  alongside: (release: Release) => void = () => undefined,
): Release | null {
  const { store } = platform;
  const release = store.transaction(() => {
    const base = store.releases.base(app.id);
    const next = change({
      release: base,
      slugId: base?.slugId ?? null,
      config: base ? store.releases.config(base) : {},
      commit: base?.commit ?? null,
    });
    if (!next) return null;
    const slug = next.slugId ? store.slugs.byId(next.slugId) : undefined;
    if (slug?.removedAt) throw slugRemoved();
    const version = (store.releases.newest(app.id)?.version ?? 0) + 1;
    const appended = store.releases.append(app.id, caller.user.id, { ...next, version });
    if (slug)
      store.formations.replace(
        app.id,
        formationWith(Object.keys(slug.processTypes), store.formations.of(app.id)),
      );
    alongside(appended);
    if (slug && slug.id !== base?.slugId) requireRoomFor(platform, slug);
    return appended;
  });
  if (release) begun(platform, caller, release);
  return release;
}

/** It is in the ledger: its rollout starts. */
export function begun(platform: Platform, caller: Caller, { appId, version, description }: Release): void {
  platform.reached('appended');
  for (const what of [description, `Release v${version} created`])
    platform.logs.write(appId, {
      source: 'twelve',
      process: 'api',
      text: `${what} by user ${caller.user.email}`,
      release: version,
    });
  platform.processes.released(appId);
}

/** Types that come back, or overlap since this code, may be too many. @throws PlatformError `invalid_params` */
function requireRoomFor({ store }: Platform, slug: Slug): void {
  const entries = store.formations
    .of(slug.appId)
    .filter(({ type }) => Object.hasOwn(slug.processTypes, type));
  const { rollout } = settingsOf(store.processSettings.of(slug.appId), slug.declared.settings);
  requireRoom(entries, (type) => rollout(type) === 'overlap');
}

/** Waits until a release has ended; when a newer one superseded it, until that one has. */
export async function followRelease(
  platform: Platform,
  release: Release,
  signal: AbortSignal,
): Promise<Release> {
  const { store } = platform;
  for (let current = release; ; ) {
    await platform.processes.settled(current.id, signal);
    const ended = store.releases.byId(current.id)!;
    if (ended.status !== 'expired') return ended;
    const newer = store.releases
      .list(release.appId)
      .filter((other) => other.version > ended.version)
      .at(-1);
    if (!newer) return ended;
    current = newer;
  }
}

/** Whether the code of a release serves, given how it, or what superseded it, ended. */
export function carries(ended: Release, release: Release): boolean {
  return ended.status === 'succeeded' && ended.slugId === release.slugId;
}

/** What serves instead, for the message of a failed release: "v8 serves". */
export function whatServes(platform: Platform, appId: string): string {
  const version = platform.store.apps.byId(appId)?.servingVersion ?? null;
  return version === null ? 'nothing serves yet' : `v${version} serves`;
}

/** @throws PlatformError `not_found` */
export function findRelease(platform: Platform, app: App, idOrVersion: string): Release {
  const version = /^v?(\d{1,9})$/.exec(idOrVersion)?.[1];
  const release = version
    ? platform.store.releases.byVersion(app.id, Number(version))
    : platform.store.releases.byId(idOrVersion);
  if (!release || release.appId !== app.id) {
    throw notFound(
      'release',
      `${app.name} has no release ${version ? `v${version}` : `"${idOrVersion.slice(0, 40)}"`}. "twelve releases" lists them.`,
    );
  }
  return release;
}

/** A new release with an earlier one's slug and config. */
export async function rollback(platform: Platform, app: App, caller: Caller, to: string): Promise<Release> {
  const { store } = platform;
  const target = findRelease(platform, app, to);
  const slug = target.slugId ? store.slugs.byId(target.slugId) : undefined;
  const state = await stateOf(platform, slug);
  const release = appendRelease(platform, app, caller, () => {
    const serving = store.apps.byId(app.id)?.servingVersion ?? null;
    const current = serving === null ? undefined : store.releases.byVersion(app.id, serving);
    // A deploy may have ended since, and with it what was kept.
    const removed = slug && store.slugs.byId(slug.id)?.removedAt;
    checkRollback(target, current, removed ? 'collected' : state);
    return {
      slugId: target.slugId,
      config: configToReturnTo(store.releases.config(target), target.version),
      cause: 'rollback',
      description: `Rollback to v${target.version}`,
      commit: target.commit,
    };
  });
  if (!release) throw new PlatformError('internal_server_error', 'The rollback made no release.');
  return release;
}

/** What the app has now may be another one: removing something there would not help. */
function configToReturnTo(config: ConfigVars, version: number): ConfigVars {
  const [bad] = badConfigNames(config);
  if (bad === undefined) return config;
  throw new PlatformError(
    'invalid_params',
    `v${version} has the config var ${shownName(bad)}, and that is not a config var name that a release can have: it cannot be rolled back to. Push its commit again.`,
  );
}

async function stateOf(platform: Platform, slug: Slug | undefined): Promise<'stored' | 'collected' | 'lost'> {
  if (!slug) return 'stored';
  if (slug.removedAt !== null) return 'collected';
  return (await platform.slugs.has(slug.manifest)) ? 'stored' : 'lost';
}

/** A new release of the slug that is there, or of a given one (`releases:retry`, or a client that made a slug itself). */
export function releaseSlug(
  platform: Platform,
  app: App,
  caller: Caller,
  slugId: string,
  description: string | undefined,
): Release {
  const slug = platform.store.slugs.byId(slugId);
  if (!slug || slug.appId !== app.id)
    throw notFound('slug', `${app.name} has no slug "${slugId.slice(0, 40)}".`);
  return appendRelease(platform, app, caller, (base) => ({
    slugId,
    config: base.config,
    cause: 'retry',
    description: description?.slice(0, 200) || `Deploy ${slug.commit?.slice(0, 8) ?? 'slug'}`,
    commit: slug.commit,
  }))!;
}

function slugRemoved(): PlatformError {
  return new PlatformError('gone', 'That slug was removed by garbage collection. Push its commit again.');
}
