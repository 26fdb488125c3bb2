// Creating, finding, changing and destroying apps.
import { type App, generateAppName, parseAppName } from '../domain/app.ts';
import { messageOf, notFound, PlatformError } from '../domain/errors.ts';
import { platformNames, requireForeignApp } from '../domain/own-names.ts';
import type { NextRelease } from '../domain/release.ts';
import type { Caller, Platform } from './context.ts';
import { begun } from './release.ts';
import { forgetTaken } from './taken.ts';

export const stackName = 'debian-13';

/** @throws PlatformError `invalid_params` for a bad name, one that is taken, or the platform's */
export async function createApp(
  platform: Platform,
  caller: Caller,
  wanted: string | undefined,
): Promise<App> {
  const { store } = platform;
  const name = wanted === undefined ? freeName(platform) : parseAppName(wanted);
  requireForeignApp(name, builtInHost(platform, { name }), platform.config);
  // Whatever comes between, there is no app without its first release.
  const [app, release] = store.transaction(() => {
    const made = store.apps.create(name, caller.user.id, stackName);
    return [made, store.releases.append(made.id, caller.user.id, initialRelease)] as const;
  });
  await makeRepository(platform, app, caller);
  await requireOrClear(platform, app);
  begun(platform, caller, release);
  await platform.certificates.changed();
  await platform.router.serve({
    appId: app.id,
    appName: app.name,
    hosts: hostsOf(platform, app),
    state: 'none',
    endpoints: [],
  });
  return await requireOrClear(platform, app);
}

const initialRelease: NextRelease = {
  version: 1,
  slugId: null,
  config: {},
  cause: 'create',
  description: 'Initial release',
  commit: null,
};

/** An app that cannot have one was never made: its name is free again. @throws PlatformError `service_unavailable` */
async function makeRepository(platform: Platform, app: App, caller: Caller): Promise<void> {
  try {
    await platform.git.ensureRepository(app.id);
  } catch (error) {
    platform.log.error({ error, app: app.name }, 'the repository of a new app could not be made');
    await destroyApp(platform, app, caller).catch((left: unknown) =>
      platform.log.error({ error: left, app: app.name }, 'clean-up of an app that was not made failed'),
    );
    const why = 'the server could not make its git repository. Its log says why: a full disk, perhaps.';
    // The same disk may not have taken that it is to go.
    const said = platform.store.apps.byId(app.id)
      ? `${app.name} is there, but ${why} Once that is mended, push to it, which makes the repository, or destroy it.`
      : `${app.name} was not made, since ${why} Try again once that is mended.`;
    throw new PlatformError('service_unavailable', said, {}, { cause: error });
  }
}

/** Its name is known as soon as it exists: who destroys it before all of it is made leaves nothing of it either. */
async function requireOrClear(platform: Platform, app: App): Promise<App> {
  try {
    return requireStill(platform, app);
  } catch (error) {
    await clearAway(platform, app.id);
    throw error;
  }
}

function freeName(platform: Platform): App['name'] {
  for (;;) {
    const name = generateAppName(Math.random);
    if (!platform.store.apps.byName(name)) return name;
  }
}

/** As it is now: while somebody waited, another may have changed or destroyed it. @throws PlatformError `not_found` */
export function requireStill({ store }: Pick<Platform, 'store'>, app: Pick<App, 'id' | 'name'>): App {
  const found = store.apps.byId(app.id);
  if (!found) throw notFound('app', `There is no app "${app.name}" any more.`);
  return found;
}

type Names = Pick<Platform, 'store' | 'config'>;

/** The name every app has. */
export function builtInHost(platform: Pick<Platform, 'config'>, app: Pick<App, 'name'>): string {
  return `${app.name}.${platform.config.domain}`;
}

/** The name every app has, and those that were added. */
export function namesOf(platform: Names, app: Pick<App, 'id' | 'name'>): string[] {
  const custom = platform.store.domains.ofApp(app.id);
  return [builtInHost(platform, app), ...custom.map((domain) => domain.hostName)];
}

/** All names that lead to it: what the platform itself is called does not, also where it was the app's first. */
export function hostsOf(platform: Names, app: Pick<App, 'id' | 'name'>): string[] {
  const own = platformNames(platform.config);
  return namesOf(platform, app).filter((host) => !own.includes(host));
}

/** What the router is told of it; undefined when it is gone. */
export function routeOf<Rest>(platform: Names, appId: string, rest: Rest) {
  const app = platform.store.apps.byId(appId);
  if (!app) return undefined;
  const toHttps = app.httpsRedirect && platform.config.https !== null;
  return { appId, appName: app.name, hosts: hostsOf(platform, app), toHttps, ...rest };
}

/** Where visitors reach it. */
export function webUrl(platform: Platform, app: Pick<App, 'name' | 'httpsRedirect'>): string {
  const { http, https } = platform.config;
  const host = builtInHost(platform, app);
  if (https && app.httpsRedirect) return `https://${host}${https.port === 443 ? '' : `:${https.port}`}/`;
  return `http://${host}${http.port === 80 ? '' : `:${http.port}`}/`;
}

/** The old host name stops, the new one serves the same processes. */
export async function renameApp(platform: Platform, app: App, wanted: string): Promise<void> {
  const name = parseAppName(wanted);
  if (name === app.name) return;
  requireForeignApp(name, builtInHost(platform, { name }), platform.config);
  platform.store.transaction(() => platform.store.apps.rename(app.id, name));
  await platform.processes.changed(app.id);
  await platform.certificates.changed();
}

export async function setMaintenance(platform: Platform, app: App, on: boolean): Promise<void> {
  platform.store.apps.setMaintenance(app.id, on);
  platform.cron.changed(app.id);
  await platform.processes.changed(app.id);
}

/** Stops and removes everything of it; the ledger's facts stay, its config is erased. */
export async function destroyApp(platform: Platform, app: App, caller: Caller): Promise<void> {
  const { store } = platform;
  store.transaction(() => {
    store.apps.destroy(app.id);
    store.releases.eraseConfig(app.id);
    store.buildSources.eraseUrls(app.id);
    store.domains.removeAll(app.id);
    store.certificates.removeAll(app.id);
    store.logDrains.removeAll(app.id);
    store.collaborators.removeAll(app.id);
    store.processSettings.removeAll(app.id);
    store.processHealth.removeAll(app.id);
    store.processSetbacks.removeAll(app.id);
    store.processChanges.removeAll(app.id);
    store.cron.removeAll(app.id);
    store.buildpacks.replace(app.id, []);
    for (const slug of store.slugs.ofApp(app.id)) store.slugs.markRemoved(slug.id);
  });
  platform.cron.changed(app.id);
  platform.log.info({ app: app.name, user: caller.user.email }, 'app destroyed');
  await endBuilds(platform, app, caller);
  await clearAway(platform, app.id);
}

/** One whose release exists ends with its processes; until they have ended, builds leave things behind. */
async function endBuilds({ store, running }: Platform, app: App, caller: Caller): Promise<void> {
  const ending = store.builds.list(app.id).map(async ({ id }) => await running.cancel(id, caller.user.email));
  await Promise.allSettled(ending);
}

/** At start: what a server left that was killed while it destroyed an app. */
export async function finishDestroying(platform: Platform): Promise<void> {
  const left = [...(await platform.git.repositories()), ...(await platform.builder.cachedApps())];
  for (const appId of new Set(left)) {
    // Asked now: apps are created meanwhile.
    if (platform.store.apps.byId(appId)) continue;
    await clearAway(platform, appId).catch((error: unknown) =>
      platform.log.warn({ app: appId, error: messageOf(error) }, 'a destroyed app is not cleared away'),
    );
  }
}

/** Each part whatever becomes of the others; the repository last, since it shows that something is left. */
async function clearAway(platform: Platform, appId: string): Promise<void> {
  const { store } = platform;
  const outputs = [...store.builds.list(appId), ...store.releases.list(appId)].map(({ id }) => id);
  const results = await Promise.allSettled([
    platform.router.remove(appId),
    platform.certificates.changed(),
    platform.processes.removeApp(appId),
    platform.oneOffs.stopAll(appId),
    platform.builder.purgeCache(appId),
    ...outputs.map((id) => platform.outputs.remove(id)),
  ]);
  results.push(
    ...(await Promise.allSettled([platform.processes.networkOf.remove(appId), platform.logs.remove(appId)])),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  await platform.git.removeRepository(appId);
  forgetTaken(platform);
}
