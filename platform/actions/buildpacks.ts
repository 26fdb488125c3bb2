// An app's own list of buildpacks: named, fixed to what each name means then, kept until it is changed or updated.
import { isDeepStrictEqual } from 'node:util';
import { readReference } from '../build/choose.ts';
import type { App } from '../domain/app.ts';
import {
  maxBuildpacks,
  type PinnedBuildpack,
  parseBuildpackReference,
  shownReference,
} from '../domain/buildpack.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import type { StoredBuildpack } from '../store/buildpacks.ts';
import { requireStill } from './apps.ts';
import type { Caller, Platform } from './context.ts';

/**
 * The whole list; empty: buildpacks are found by detection again. One that was in the list stays fixed as it was, with the
 * login it was given, since clients send back what they were shown.
 * @throws PlatformError `build_failed` (E3) for one that cannot be had, `invalid_params`; `conflict`: changed meanwhile
 */
export async function setBuildpacks(
  platform: Platform,
  app: App,
  caller: Caller,
  references: readonly string[],
  signal: AbortSignal,
): Promise<StoredBuildpack[]> {
  if (references.length > maxBuildpacks)
    throw new PlatformError('invalid_params', `An app may have ${maxBuildpacks} buildpacks.`);
  await platform.requireSpace([]);
  const current = platform.store.buildpacks.of(app.id);
  const next: PinnedBuildpack[] = [];
  for (const reference of references) {
    const known = current.find((one) => one.shown === reference.trim() || one.reference === reference.trim());
    next.push(known ?? (await platform.builder.pinBuildpack(reference, signal)));
  }
  const shown = next.map(({ reference }) => shownReference(parseBuildpackReference(reference)));
  const twice = shown.find((one, index) => shown.indexOf(one) !== index);
  if (twice) throw new PlatformError('invalid_params', `The buildpack ${twice} is already set on your app.`);
  return keep(platform, app, caller, { current, next }, `Set buildpacks to ${shown.join(', ') || 'none'}`);
}

/**
 * Fixes them to what their names mean now.
 * @param which one of the list; undefined: all
 * @throws PlatformError `not_found` for one that is not in the list, `build_failed` (E3); `conflict`: changed meanwhile
 */
export async function updateBuildpacks(
  platform: Platform,
  app: App,
  caller: Caller,
  which: string | undefined,
  signal: AbortSignal,
): Promise<StoredBuildpack[]> {
  const current = platform.store.buildpacks.of(app.id);
  const meant = which === undefined ? current : meantBy(app, current, which);
  const matches = (one: StoredBuildpack): boolean => meant.includes(one);
  await platform.requireSpace([]);
  const next: PinnedBuildpack[] = [];
  for (const one of current)
    next.push(matches(one) ? await platform.builder.pinBuildpack(one.reference, signal) : one);
  return keep(platform, app, caller, { current, next }, 'Updated buildpacks');
}

/**
 * One less.
 * @param which as it was named when it was set, or as it is shown
 * @throws PlatformError `not_found` for one that is not in the list
 */
export function removeBuildpack(
  platform: Platform,
  app: App,
  caller: Caller,
  which: string,
): StoredBuildpack[] {
  const current = platform.store.buildpacks.of(app.id);
  const [meant] = meantBy(app, current, which);
  const next = current.filter((one) => one !== meant);
  const shown = next.map((one) => one.shown).join(', ');
  return keep(platform, app, caller, { current, next }, `Set buildpacks to ${shown || 'none'}`);
}

/** Those of the list that somebody means: by any of its names, with its login or without, with its ref or without. */
function meantBy(app: App, list: readonly StoredBuildpack[], which: string): StoredBuildpack[] {
  const wanted = shownOf(which);
  const exact = list.filter((one) => one.shown === wanted);
  const meant = exact.length > 0 ? exact : list.filter((one) => one.shown.replace(/#.*$/, '') === wanted);
  if (meant.length > 0) return meant;
  const names = list.map((one) => one.shown).join(', ');
  throw notFound(
    'buildpack',
    `${app.name} does not use a buildpack "${wanted.slice(0, 200)}".${names ? ` Its list: ${names}.` : ' It has no list.'}`,
  );
}

/** What cannot be read is in no list; a login that may be in it is not repeated. */
function shownOf(text: string): string {
  try {
    return shownReference(readReference(text));
  } catch {
    return text
      .trim()
      .replace(/\/\/[^/@]*@/, '//')
      .replace(/\?[^#]*/, '');
  }
}

/** Fetching takes a while: what somebody else has set meanwhile is not written over. */
function keep(
  platform: Platform,
  app: App,
  caller: Caller,
  { current, next }: { current: readonly StoredBuildpack[]; next: readonly PinnedBuildpack[] },
  what: string,
): StoredBuildpack[] {
  const { store } = platform;
  store.transaction(() => {
    requireStill(platform, app);
    if (!isDeepStrictEqual(store.buildpacks.of(app.id), current))
      throw new PlatformError(
        'conflict',
        `The buildpacks of ${app.name} were changed meanwhile. Look at them (twelve buildpacks) and try again.`,
      );
    store.buildpacks.replace(app.id, next);
  });
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `${what} by user ${caller.user.email}`,
  });
  return store.buildpacks.of(app.id);
}
