// A build of a source that a client gave (`builds:create`); one that a stopped server left begins again.
import { randomUUID } from 'node:crypto';
import { fetchableUrl, shownUrl } from '../domain/address.ts';
import type { App } from '../domain/app.ts';
import { builtKinds } from '../domain/budgets.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Build } from '../store/builds.ts';
import { isShown } from './announce.ts';
import type { Caller, Platform } from './context.ts';
import { type DeployOrder, deploy, withoutPusher } from './deploy.ts';
import { storeFailure } from './failed-builds.ts';

export interface GivenSource {
  /** Of an archive that was sent to us; else it is fetched. */
  sent: string | null;
  url: string;
  version: string | null;
  description: string | null;
  checksum: string | null;
}

/** A build that ends the server each time must not do so for ever. */
const maxStarts = 3;

/** Answers once the build has begun; `done` ends with it. @throws PlatformError `conflict`, `not_found`, `invalid_params` */
export async function buildSource(
  platform: Platform,
  app: App,
  caller: Caller,
  given: GivenSource,
): Promise<{ buildId: string; done: Promise<void> }> {
  await platform.requireSpace(builtKinds);
  const buildId = randomUUID();
  const url = given.sent === null ? fetchableUrl(given.url) : null;
  if (given.sent !== null) platform.sources.keepFor(buildId, given.sent);
  const insert = (): void =>
    platform.store.buildSources.insert({
      buildId,
      url: url?.href ?? null,
      shownUrl: url ? shownUrl(url) : 'an archive that was sent',
      checksum: given.checksum,
      description: given.description,
    });
  try {
    const order = orderOf(platform, { id: buildId, commit: given.version }, given.description);
    const done = deploy(platform, app, caller, { ...order, alongside: insert });
    return { buildId, done: done.finally(() => forget(platform, buildId)) };
  } catch (error) {
    await platform.sources.remove(buildId);
    throw error;
  }
}

/** At start, before anybody can deploy: what a stopped server was building, from the beginning. */
export function resumeBuilds(platform: Platform): void {
  const { store } = platform;
  const pending = store.builds.pending();
  platform.sources.sweep(new Set(pending.map(({ id }) => id)));
  for (const build of pending) {
    const done = resume(platform, build).finally(() => forget(platform, build.id));
    done.catch((error: unknown) =>
      platform.log.info({ build: build.id, error: messageOf(error) }, 'a build that was begun again failed'),
    );
  }
}

async function resume(platform: Platform, build: Build): Promise<void> {
  const { store } = platform;
  const source = store.buildSources.of(build.id);
  const app = store.apps.byId(build.appId);
  const user = store.users.byId(build.userId);
  if (!app || !user || !source)
    return await storeFailure(
      platform,
      build.id,
      'The server was stopped during this build, and its app is gone.',
    );
  const output = platform.outputs.open(build.id);
  const giveUp = async (why: string): Promise<void> => {
    output.write(` !     ${why}`);
    output.end();
    await storeFailure(platform, build.id, why);
  };
  if (source.starts >= maxStarts)
    return await giveUp(
      `The server was stopped ${source.starts} times during this build, which is not begun again.`,
    );
  try {
    store.buildSources.startedAgain(build.id);
    output.write('-----> The server was stopped during this build, which begins again');
    const order = orderOf(platform, build, source.description);
    await deploy(platform, app, { user }, { ...order, again: true });
  } catch (error) {
    // One that could not even begin has nobody else to say so.
    if (!isShown(error) && !platform.running.stops) await giveUp(messageOf(error));
    throw error;
  }
}

function orderOf(
  platform: Platform,
  build: Pick<Build, 'id' | 'commit'>,
  description: string | null,
): DeployOrder {
  return {
    ...withoutPusher,
    buildId: build.id,
    cause: 'build',
    commit: build.commit,
    description: `Deploy ${shortVersion(build)}`,
    commitDescription: description,
    survives: true,
    async fetchSource(into, signal, write) {
      const source = platform.store.buildSources.of(build.id);
      if (!source) throw new PlatformError('gone', 'The source of this build is not known any more.');
      await platform.sources.provide({ ...source, into, signal, note: write });
      return undefined;
    },
  };
}

/** Of a commit the first letters; another version as it is. */
function shortVersion({ id, commit }: Pick<Build, 'id' | 'commit'>): string {
  if (commit === null) return id.slice(0, 8);
  return /^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 8) : commit.slice(0, 60);
}

/** Not while it may begin again. */
async function forget(platform: Platform, buildId: string): Promise<void> {
  await platform.running.ended(buildId);
  if (platform.store.builds.byId(buildId)?.status === 'pending') return;
  platform.store.buildSources.eraseUrl(buildId);
  await platform.sources
    .remove(buildId)
    .catch((error: unknown) =>
      platform.log.warn({ error: messageOf(error) }, 'source of a build not removed'),
    );
}
