// The main verb: source → build → slug → release → served.
import { randomUUID } from 'node:crypto';
import type { App } from '../domain/app.ts';
import { builtKinds } from '../domain/budgets.ts';
import { acceptableConfig } from '../domain/config-vars.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Release, ReleaseCause } from '../domain/release.ts';
import type { CommitSource, Push } from '../git/git.ts';
import { announce, explain, shown } from './announce.ts';
import { stackName } from './apps.ts';
import { afterFirstDeploy, begin } from './beginning.ts';
import { type Built, buildSlug } from './build-slug.ts';
import type { Caller, Platform } from './context.ts';
import { collectGarbage, forgetOldOutputs } from './garbage.ts';
import { appendRelease } from './release.ts';
import { cancelled, type RunningBuild, stopping } from './running-builds.ts';
import { waitForTurn } from './turns.ts';

export interface DeployOrder {
  buildId: string;
  cause: Extract<ReleaseCause, 'push' | 'redeploy' | 'build'>;
  /** What the source calls itself: a commit, or what a client says. */
  commit: string | null;
  /** Of its release. */
  description: string;
  /** Asked for while the build runs. */
  commitDescription: string | null | Promise<string>;
  /** Its record is there already: a server that was stopped began it. */
  again?: boolean;
  /** Written with the build's record, or not at all. */
  alongside?(): void;
  /** The build begins again when a server that was stopped during it is started. */
  survives?: boolean;
  /**
   * @param write a line of the build's output
   * @returns paths of the files, where they are known without looking
   */
  fetchSource(
    into: string,
    signal: AbortSignal,
    write: (line: string) => void,
  ): Promise<readonly string[] | undefined>;
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
  await platform.requireSpace();
  await deploy(
    platform,
    app,
    { user },
    {
      buildId: randomUUID(),
      cause: 'push',
      commit: push.update.to,
      description: `Deploy ${push.update.to.slice(0, 8)}`,
      commitDescription: subject,
      fetchSource: checkoutOf(platform, source),
      write: push.write,
      signal: push.signal,
      store: push.store,
      keep: push.keep,
    },
  );
}

/** Of a build that nobody waits for on a connection of theirs. */
export const withoutPusher: Pick<DeployOrder, 'write' | 'signal' | 'store' | 'keep'> = {
  write: () => undefined,
  signal: new AbortController().signal,
  store: async () => undefined,
  keep: () => undefined,
};

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
  await platform.requireSpace(builtKinds);
  const done = deploy(platform, app, caller, {
    ...withoutPusher,
    buildId,
    cause: 'redeploy',
    commit: head.commit,
    description: `Deploy ${head.commit.slice(0, 8)}`,
    commitDescription: subject,
    fetchSource: checkoutOf(platform, { repository, commit: head.commit }),
  });
  return { buildId, done };
}

function checkoutOf(platform: Platform, source: CommitSource): DeployOrder['fetchSource'] {
  return async (into, signal, write) => {
    const { warnings, paths } = await platform.git.checkout({ ...source, into, signal, note: write });
    for (const warning of warnings) write(` !     ${warning}`);
    return paths;
  };
}

/**
 * When it returns the app is claimed and the build has its record; the promise ends with the deploy.
 * @throws PlatformError `conflict`: somebody deploys the app; `gone`: it was destroyed. The promise's when the build or the release failed; what
 *   served before serves on
 */
export function deploy(platform: Platform, app: App, caller: Caller, order: DeployOrder): Promise<void> {
  // It may have been destroyed since it was asked for: nobody would end this build.
  if (!platform.store.apps.byId(app.id)) throw new PlatformError('gone', `${app.name} was destroyed.`);
  const claim = platform.claims.take(app, caller.user.email);
  try {
    if (!order.again) record(platform, app, caller, order);
    const running = platform.running.begin(order.buildId, order.signal);
    const ended = carryOut(platform, app, caller, order, running);
    return ended.finally(() => {
      running.end();
      claim.release();
      // Only now: the slug of a deploy that is under way stays.
      void tidyUp(platform, app.id);
    });
  } catch (error) {
    claim.release();
    throw error;
  }
}

function record({ store }: Platform, app: App, caller: Caller, order: DeployOrder): void {
  store.transaction(() => {
    store.builds.insert({
      id: order.buildId,
      appId: app.id,
      userId: caller.user.id,
      commit: order.commit,
      stack: stackName,
    });
    order.alongside?.();
  });
}

async function carryOut(
  platform: Platform,
  app: App,
  caller: Caller,
  given: DeployOrder,
  running: RunningBuild,
): Promise<void> {
  const { signal } = running;
  const order = { ...given, signal };
  const output = platform.outputs.open(order.buildId);
  const write = (line: string): void => {
    output.write(line);
    order.write(line);
  };
  let built: Built | undefined;
  let endTurn = (): void => undefined;
  try {
    platform.reached('claimed');
    platform.logs.write(app.id, {
      source: 'twelve',
      process: 'api',
      text: `Build started by user ${caller.user.email}`,
    });
    endTurn = await waitForTurn(platform.turns, signal, write);
    platform.store.builds.start(order.buildId);
    built = await buildSlug(platform, app, order, write);
    const release = releaseBuild(platform, app, caller, order, built, write);
    running.keep();
    endTurn();
    await announce(platform, app, release, order, write);
    await afterFirstDeploy(platform, app, built.beginning, write);
    if (platform.store.apps.byId(app.id)) platform.builder.makeReady(app.id);
  } catch (thrown) {
    const error = signal.aborted ? cancelled(signal.reason) : thrown;
    if (order.survives && error === stopping)
      write('-----> The server stops; this build begins again with it');
    else running.endsWith(explain(platform, app, order.buildId, error, write));
    throw shown(error);
  } finally {
    endTurn();
    output.end();
    built?.dispose();
  }
}

/** What an app keeps no longer: slugs of old releases, what old builds printed. */
async function tidyUp(platform: Platform, appId: string): Promise<void> {
  await forgetOldOutputs(platform, appId);
  await collectGarbage(platform, appId);
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
  const release = appendRelease(
    platform,
    app,
    caller,
    (base) => {
      const isFirst = base.slugId === null;
      if (isFirst) begin(platform, app, beginning, slug.processTypes, write);
      // The app's config may have grown since the build began.
      const refused = (why: string): void => write(` !     A default config var is left out: ${why}`);
      const defaults = isFirst ? acceptableConfig(base.config, configDefaults, refused) : {};
      return {
        slugId: slug.id,
        config: { ...defaults, ...base.config },
        cause: order.cause,
        description: order.description,
        commit: order.commit,
      };
    },
    // In the same transaction: killed right after it, we would call a build failed whose release serves.
    ({ id }) =>
      platform.store.builds.succeed(order.buildId, {
        slugId: slug.id,
        releaseId: id,
        buildpacks: slug.buildpacks,
      }),
  )!;
  order.keep();
  platform.logs.write(app.id, { source: 'twelve', process: 'api', text: 'Build succeeded' });
  return release;
}
