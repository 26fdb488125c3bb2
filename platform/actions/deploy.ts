// The main verb: source → build → slug → release → served.
import { randomUUID } from 'node:crypto';
import type { BuiltTree } from '../build/build.ts';
import type { App } from '../domain/app.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Release, ReleaseCause } from '../domain/release.ts';
import type { Slug } from '../domain/slug.ts';
import type { Push } from '../git/git.ts';
import { stackName, webUrl } from './apps.ts';
import { readConfigVars } from './config.ts';
import type { Caller, Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';
import { appendRelease, followRelease, whatServes } from './release.ts';

export interface DeployOrder {
  buildId: string;
  cause: Extract<ReleaseCause, 'push' | 'redeploy'>;
  commit: string;
  commitDescription: string;
  fetchSource(into: string, signal: AbortSignal): Promise<void>;
  /** To the pusher; the build's kept output gets the same. */
  write(line: string): void;
  /** Cancels the build, until the release exists. */
  signal: AbortSignal;
  /** Called when the release exists: from then on the server finishes on its own. */
  keep(): void;
}

/** A push, inside pre-receive: returning accepts the ref, throwing refuses it. */
export async function deployPush(platform: Platform, push: Push): Promise<void> {
  const app = platform.store.apps.byId(push.app.id);
  const user = platform.store.users.byId(push.user.id);
  if (!app || !user) throw new PlatformError('not_found', `There is no app "${push.app.name}" any more.`);
  const source = { repository: push.repository, commit: push.update.to, gitEnv: push.gitEnv };
  const { subject } = await platform.git.describeCommit(source);
  await deploy(
    platform,
    app,
    { user },
    {
      buildId: randomUUID(),
      cause: 'push',
      commit: push.update.to,
      commitDescription: subject,
      fetchSource: async (into, signal) => {
        const { warnings } = await platform.git.checkout({ ...source, into, signal });
        for (const warning of warnings) push.write(` !     ${warning}`);
      },
      write: push.write,
      signal: push.signal,
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
      fetchSource: async (into, signal) => {
        await platform.git.checkout({ repository, commit: head.commit, into, signal });
      },
      write: () => undefined,
      signal: new AbortController().signal,
      keep: () => undefined,
    },
    begun.resolve,
  );
  done.catch(begun.reject);
  await begun.promise;
  return { buildId, done };
}

/** @throws PlatformError when the build or the release failed; what served before serves on */
async function deploy(
  platform: Platform,
  app: App,
  caller: Caller,
  order: DeployOrder,
  begun?: () => void,
): Promise<void> {
  const claim = platform.claims.take(app, caller.user.email);
  const output = platform.outputs.open(order.buildId);
  const write = (line: string): void => {
    output.write(line);
    order.write(line);
  };
  platform.store.builds.insert({
    id: order.buildId,
    appId: app.id,
    userId: caller.user.id,
    commit: order.commit,
    stack: stackName,
  });
  begun?.();
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Build started by user ${caller.user.email}`,
  });
  try {
    const built = await buildSlug(platform, app, order, write);
    const release = releaseBuild(platform, app, caller, order, built);
    await announce(platform, app, release, order, write);
  } catch (error) {
    explain(platform, app, order.buildId, error, write);
    throw shown(error);
  } finally {
    claim.release();
    output.end();
    void collectGarbage(platform, app.id);
  }
}

/** A slug, and what its buildpacks would have as config vars where the app has none of its own yet. */
interface Built {
  slug: Slug;
  configDefaults: Readonly<Record<string, string>>;
}

async function buildSlug(
  platform: Platform,
  app: App,
  order: DeployOrder,
  write: (line: string) => void,
): Promise<Built> {
  const tree = await platform.builder.build({
    id: order.buildId,
    appId: app.id,
    appName: app.name,
    commit: order.commit,
    config: readConfigVars(platform, app),
    fetchSource: order.fetchSource,
    write,
    signal: order.signal,
  });
  try {
    write('-----> Packing slug');
    return { slug: await packSlug(platform, app, order, tree, write), configDefaults: tree.configDefaults };
  } finally {
    void tree
      .dispose()
      .catch((error: unknown) => platform.log.warn({ error: messageOf(error) }, 'work folder not removed'));
  }
}

async function packSlug(
  platform: Platform,
  app: App,
  order: DeployOrder,
  tree: BuiltTree,
  write: (line: string) => void,
): Promise<Slug> {
  const stackImage = await platform.stackImage();
  const packed = await platform.slugs.pack({
    root: tree.root,
    created: tree.created,
    stackImage,
    architecture: (await platform.engine.info()).architecture,
    limitBytes: platform.config.slugLimitBytes,
    signal: order.signal,
  });
  write(`       Done: ${(packed.size / 1_048_576).toFixed(1)} MB`);
  return platform.store.slugs.insert({
    appId: app.id,
    manifest: packed.manifest,
    layers: packed.layers,
    processTypes: tree.processTypes,
    stack: stackName,
    stackImage,
    buildpacks: tree.buildpacks,
    commit: order.commit,
    commitDescription: order.commitDescription,
    size: packed.size,
  });
}

function releaseBuild(
  platform: Platform,
  app: App,
  caller: Caller,
  order: DeployOrder,
  { slug, configDefaults }: Built,
): Release {
  order.signal.throwIfAborted();
  if (!platform.store.apps.byId(app.id))
    throw new PlatformError('gone', `${app.name} was destroyed during the build.`);
  const release = appendRelease(platform, app, caller, (base) => ({
    slugId: slug.id,
    config: base.slugId === null ? { ...configDefaults, ...base.config } : base.config,
    cause: order.cause,
    description: `Deploy ${order.commit.slice(0, 8)}`,
    commit: order.commit,
  }))!;
  order.keep();
  platform.store.builds.succeed(order.buildId, {
    slugId: slug.id,
    releaseId: release.id,
    buildpacks: slug.buildpacks,
  });
  platform.logs.write(app.id, { source: 'twelve', process: 'api', text: 'Build succeeded' });
  return release;
}

async function announce(
  platform: Platform,
  app: App,
  release: Release,
  order: DeployOrder,
  write: (line: string) => void,
): Promise<void> {
  write(`-----> Releasing v${release.version}`);
  const phase = new AbortController();
  const forward = forwardReleaseOutput(platform, release, write, phase.signal);
  const ended = await followRelease(platform, release, new AbortController().signal).finally(() =>
    phase.abort(),
  );
  await forward;
  if (ended.status !== 'succeeded') {
    throw new PlatformError(
      'release_failed',
      `${ended.reason ?? 'no reason was kept'}\nNot applied: v${ended.version} ${ended.status}, ${whatServes(platform, app.id)}.`,
      { released: true },
    );
  }
  if (ended.id !== release.id)
    write(`       v${release.version} was superseded by v${ended.version}, which carries it`);
  const web = platform.store.formations.of(app.id).find((entry) => entry.type === 'web');
  write(
    web && web.quantity > 0
      ? `       ${webUrl(platform, app)} deployed`
      : `       deployed; no web process is scaled up`,
  );
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Deploy ${order.commit.slice(0, 8)} succeeded`,
  });
}

/** What the release command prints, to the pusher as it comes. */
async function forwardReleaseOutput(
  platform: Platform,
  release: Release,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const slug = platform.store.slugs.byId(release.slugId ?? '');
  if (!slug || slug.processTypes['release'] === undefined) return;
  write('-----> Running release command');
  const output = platform.outputs.open(release.id);
  for await (const line of platform.outputs.read(release.id, signal) ?? []) write(`       ${line.trimEnd()}`);
  output.end();
}

/** The same failure, marked as told to the pusher already. */
function shown(error: unknown): PlatformError {
  const code = error instanceof PlatformError ? error.code : 'internal_server_error';
  const details = error instanceof PlatformError ? error.details : {};
  return new PlatformError(code, messageOf(error), { ...details, shown: true }, { cause: error });
}

/** The end of a failed deploy as the pusher reads it. */
function explain(
  platform: Platform,
  app: App,
  buildId: string,
  error: unknown,
  write: (line: string) => void,
): void {
  const known = error instanceof PlatformError;
  if (!known) platform.log.error({ error, app: app.name, build: buildId }, 'deploy failed unexpectedly');
  const sentence = known
    ? error.message
    : `The platform failed: ${messageOf(error)}. The server's log has more.`;
  for (const line of sentence.split('\n')) write(` !     ${line}`);
  const released = known && error.details['released'] === true;
  if (!released) {
    platform.store.builds.fail(buildId, sentence);
    const id = known && typeof error.details['id'] === 'string' ? ` (${error.details['id']})` : '';
    write(` !     Build failed${id}: ${whatServes(platform, app.id)}.`);
    platform.logs.write(app.id, {
      source: 'twelve',
      process: 'api',
      text: `Build failed -- check your build output: twelve builds:output ${buildId}`,
    });
  }
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
