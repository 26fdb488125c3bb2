// The main verb: source → build → slug → release → served.
import { randomUUID } from 'node:crypto';
import type { App } from '../domain/app.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Release, ReleaseCause } from '../domain/release.ts';
import type { CommitSource, Push } from '../git/git.ts';
import { announce, explain, shown } from './announce.ts';
import { stackName } from './apps.ts';
import { afterFirstDeploy, begin } from './beginning.ts';
import { type Built, buildSlug } from './build-slug.ts';
import type { Caller, Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';
import { appendRelease } from './release.ts';

export interface DeployOrder {
  buildId: string;
  cause: Extract<ReleaseCause, 'push' | 'redeploy'>;
  commit: string;
  /** Asked for while the build runs. */
  commitDescription: string | Promise<string>;
  /** @param write a line of the build's output */
  fetchSource(into: string, signal: AbortSignal, write: (line: string) => void): Promise<void>;
  /** To the pusher; the build's kept output gets the same. */
  write(line: string): void;
  /** Cancels the build, until the release exists. */
  signal: AbortSignal;
  /** The source is kept for good when this is done: before the release exists. */
  store(): Promise<void>;
  /** Called when the release exists: from then on the server finishes on its own. */
  keep(): void;
}

/** A push, inside pre-receive: returning accepts the ref, throwing refuses it. */
export async function deployPush(platform: Platform, push: Push): Promise<void> {
  const app = platform.store.apps.byId(push.app.id);
  const user = platform.store.users.byId(push.user.id);
  if (!app || !user) throw new PlatformError('not_found', `There is no app "${push.app.name}" any more.`);
  const source = { repository: push.repository, commit: push.update.to, gitEnv: push.gitEnv };
  const subject = platform.git.describeCommit(source).then((described) => described.subject);
  // Told where it is needed; a build that fails first has its own failure.
  subject.catch(() => undefined);
  await deploy(
    platform,
    app,
    { user },
    {
      buildId: randomUUID(),
      cause: 'push',
      commit: push.update.to,
      commitDescription: subject,
      fetchSource: checkoutOf(platform, source),
      write: push.write,
      signal: push.signal,
      store: push.store,
      keep: push.keep,
    },
  );
}

/** The deployed branch's commit, built and released again. Answers once the build has begun; `done` ends with it. */
export async function redeploy(
  platform: Platform,
  app: App,
  caller: Caller,
): Promise<{ buildId: string; done: Promise<void> }> {
  const head = await platform.git.head(app.id);
  if (!head)
    throw new PlatformError(
      'invalid_params',
      `Nothing was pushed to ${app.name} yet. Push first: git push platform main`,
    );
  const repository = await platform.git.ensureRepository(app.id);
  const { subject } = await platform.git.describeCommit({ repository, commit: head.commit });
  const buildId = randomUUID();
  const begun = withResolvers();
  const done = deploy(
    platform,
    app,
    caller,
    {
      buildId,
      cause: 'redeploy',
      commit: head.commit,
      commitDescription: subject,
      fetchSource: checkoutOf(platform, { repository, commit: head.commit }),
      write: () => undefined,
      signal: new AbortController().signal,
      store: async () => undefined,
      keep: () => undefined,
    },
    begun.resolve,
  );
  done.catch(begun.reject);
  await begun.promise;
  return { buildId, done };
}

function checkoutOf(platform: Platform, source: CommitSource): DeployOrder['fetchSource'] {
  return async (into, signal, write) => {
    const { warnings } = await platform.git.checkout({ ...source, into, signal, note: write });
    for (const warning of warnings) write(` !     ${warning}`);
  };
}

/** @throws PlatformError when the build or the release failed; what served before serves on */
async function deploy(
  platform: Platform,
  app: App,
  caller: Caller,
  order: DeployOrder,
  begun?: () => void,
): Promise<void> {
  await platform.requireSpace();
  const claim = platform.claims.take(app, caller.user.email);
  const output = platform.outputs.open(order.buildId);
  const write = (line: string): void => {
    output.write(line);
    order.write(line);
  };
  let built: Built | undefined;
  try {
    platform.store.builds.insert({
      id: order.buildId,
      appId: app.id,
      userId: caller.user.id,
      commit: order.commit,
      stack: stackName,
    });
    begun?.();
    platform.reached('claimed');
    platform.logs.write(app.id, {
      source: 'twelve',
      process: 'api',
      text: `Build started by user ${caller.user.email}`,
    });
    built = await buildSlug(platform, app, order, write);
    const release = releaseBuild(platform, app, caller, order, built, write);
    await announce(platform, app, release, order, write);
    await afterFirstDeploy(platform, app, built.beginning, write);
    if (platform.store.apps.byId(app.id)) platform.builder.makeReady(app.id);
  } catch (error) {
    explain(platform, app, order.buildId, error, write);
    throw shown(error);
  } finally {
    claim.release();
    output.end();
    built?.dispose();
    void collectGarbage(platform, app.id);
  }
}

function releaseBuild(
  platform: Platform,
  app: App,
  caller: Caller,
  order: DeployOrder,
  { slug, configDefaults, beginning }: Built,
  write: (line: string) => void,
): Release {
  order.signal.throwIfAborted();
  if (!platform.store.apps.byId(app.id))
    throw new PlatformError('gone', `${app.name} was destroyed during the build.`);
  const release = appendRelease(platform, app, caller, (base) => {
    const isFirst = base.slugId === null;
    if (isFirst) begin(platform, app, beginning, slug.processTypes, write);
    return {
      slugId: slug.id,
      config: isFirst ? { ...configDefaults, ...base.config } : base.config,
      cause: order.cause,
      description: `Deploy ${order.commit.slice(0, 8)}`,
      commit: order.commit,
    };
  })!;
  order.keep();
  platform.store.builds.succeed(order.buildId, {
    slugId: slug.id,
    releaseId: release.id,
    buildpacks: slug.buildpacks,
  });
  platform.logs.write(app.id, { source: 'twelve', process: 'api', text: 'Build succeeded' });
  return release;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
