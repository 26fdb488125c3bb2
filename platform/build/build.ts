// Source → built tree: chooses buildpacks, runs them in a throw-away container, reads what they made.
import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { PinnedBuildpack } from '../domain/buildpack.ts';
import type { ConfigVars } from '../domain/config-vars.ts';
import type { Declared } from '../domain/declared.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { ProcessTypes } from '../domain/procfile.ts';
import { timeLimit } from '../domain/time-limit.ts';
import { label, ownLabels } from '../engine/labels.ts';
import { cacheKey, createBuildCache } from './cache.ts';
import type { AppCache } from './cache-size.ts';
import { type Choice, expectedNames, languageOf } from './choose.ts';
import type { BuildContainer } from './container.ts';
import { tooSlow } from './failures.ts';
import { type Beginning, finish, type Ran } from './finish.ts';
import { type Gathered, gather, pinBuildpack } from './gather.ts';
import { createKeeper } from './keeper.ts';
import { createKept, type TrimmedKept } from './kept.ts';
import { type BuilderNeeds, usualLimits } from './needs.ts';
import { createOutput, type Output } from './output.ts';
import { furnish, layDebs, makePlace, startIn } from './place.ts';
import { createReadyPlaces, type PlaceFacts, type Ready } from './ready.ts';
import { type BuildpackResult, readResults } from './results.ts';
import { createMask } from './secrets.ts';
import { takeSource } from './source.ts';
import { watchBuild } from './watch.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface BuildInput {
  id: string;
  appId: string;
  appName: string;
  commit: string | null;
  /** Config vars of this moment: become files in ENV_DIR, never environment variables. */
  config: ConfigVars;
  /** The app's own list of buildpacks; before anything else that names some. */
  buildpacks?: readonly PinnedBuildpack[];
  /** Nothing was released of the app yet: app.json says how it begins. */
  isFirst?: boolean;
  /** Puts the source tree into an empty folder. @returns paths of its files, where they are known without looking */
  fetchSource(into: string, signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** A line to the pusher / build log, as is. */
  write(line: string): void;
  /** Cancels: the container is killed, the work folder removed. */
  signal: AbortSignal;
}

export interface BuiltTree {
  /** A folder on the host that contains exactly one entry, `app/`: the built tree. */
  root: string;
  /** Top-level entries of app/ that were not in the source (what buildpacks made). */
  created: string[];
  /** Defaults of the last buildpack, overridden by the Procfile. */
  processTypes: ProcessTypes;
  /** By app.json. */
  declared: Declared;
  buildpacks: BuildpackResult['used'];
  /** app.json's env and bin/release's config_vars: for an app's first release only. */
  configDefaults: Record<string, string>;
  /** What else app.json says of a new app. */
  beginning: Beginning | null;
  /**
   * Keeps what the build left in its cache folder for the app's next build, in the background. Not while the tree is read:
   * files of the cache may be files of the tree, and change their owner. Resolves when it is known, and told, whether it is
   * kept: one that is too large is not.
   */
  keepCache(): Promise<void>;
  /** Removes the container, in which nothing runs any more, and the work folder. */
  dispose(): Promise<void>;
}

export interface Builder {
  /** @throws PlatformError `build_failed` with the sentence for the user and `details.id`; `cancelled` by the signal */
  build(input: BuildInput): Promise<BuiltTree>;
  /** Gets a container ready for the app's next build, in the background; nothing for an app not built since the start. */
  makeReady(appId: string): void;
  purgeCache(appId: string): Promise<void>;
  /** Ids of the apps that have a cache. */
  cachedApps(): Promise<string[]>;
  caches(): Promise<AppCache[]>;
  /** Of what was fetched for builds what is over its budget goes. @param dry only says what would */
  trimKept(dry: boolean): Promise<TrimmedKept>;
  /** What no push should have to wait for. */
  prepare(): Promise<void>;
  /**
   * A buildpack that a user names, fixed to what the name means now. It is fetched, so that what is none is told at once.
   * @throws PlatformError `build_failed` (E3)
   */
  pinBuildpack(text: string, signal: AbortSignal): Promise<PinnedBuildpack>;
  /** Removes containers and folders a killed server left. */
  sweep(): Promise<void>;
  /** After the engine was away: removes containers that no build uses. */
  removeStrays(): Promise<void>;
  /** Removes what is ready and was not used. */
  close(): Promise<void>;
}

export function createBuilder(needs: BuilderNeeds): Builder {
  const cache = createBuildCache(needs.cacheFolder);
  const keeper = createKeeper(needs);
  const limits = { ...usualLimits, ...needs.limits };
  const ground = { ...needs, keeper, limits };
  const { collection, ...kept } = createKept(needs);

  const lastBuilt = new Map<string, { app: { id: string; name: string }; facts: PlaceFacts }>();
  const places = createReadyPlaces({
    make: (app, facts, signal) => makePlace(ground, cache, app, facts, signal),
    limit: needs.ready ?? 0,
    onProblem: needs.onProblem ?? (() => {}),
  });

  async function build(input: BuildInput): Promise<BuiltTree> {
    // A firewall that was loaded anew has emptied every table. This build does not wait for it.
    needs.network?.look();
    const deadline = timeLimit(needs.timeoutMs);
    const signal = AbortSignal.any([input.signal, deadline]);
    const ready = await places.take(input.appId);
    const workspace = ready?.workspace ?? (await createWorkspace(needs.workFolder, input.id));
    let mask = createMask(input.config);
    const output = createOutput(input.write, (line) => mask(line), limits.logBytes);
    const hide = (config: ConfigVars): void => {
      mask = createMask(config);
    };
    try {
      return await stages(input, { workspace, ready, output, hide }, signal);
    } catch (error) {
      for (const line of output.end()) input.write(line);
      await ready?.container.remove();
      await workspace.dispose();
      if (input.signal.aborted) {
        throw new PlatformError('cancelled', 'The build was cancelled.', {}, { cause: error });
      }
      if (deadline.aborted) throw tooSlow(needs.timeoutMs, output.lastStep, output.lastAt);
      throw error;
    }
  }

  async function stages(input: BuildInput, job: Job, signal: AbortSignal): Promise<BuiltTree> {
    const { workspace } = job;
    // The engine may have been restarted, or somebody removed it.
    const works = job.ready?.container.isRunning();
    input.write(`-----> Building on the ${needs.stackName} stack`);
    const source = await takeSource(input, workspace, signal);
    job.hide(source.config);
    const note = input.write;
    const gathered = await gather({ ...needs, collection }, source.choice, { signal, note });
    try {
      const facts = factsOf(source.choice, gathered);
      lastBuilt.set(input.appId, { app: { id: input.appId, name: input.appName }, facts });
      signal.throwIfAborted();
      const ready = await fitting(job, facts, (await works) === true);
      const filled = { ...input, config: source.config };
      const container = await runIn(filled, { ...job, ready }, facts, signal);
      return await conclude(input, job, { source, gathered, container });
    } finally {
      gathered.release();
    }
  }

  async function conclude(input: BuildInput, { workspace, output }: Job, ran: Ran): Promise<BuiltTree> {
    const { container, source } = ran;
    try {
      const result = await readResults({
        workspace,
        choice: source.choice,
        placed: ran.gathered.buildpacks,
        commit: input.commit,
        entries: source.entries,
        folder: source.choice.subdirectory ? (source.config['PROJECT_PATH'] ?? null) : null,
        memory: needs.memory,
        // First, since it takes what is left of the output.
        endOfOutput: output.end(),
        saidOutOfMemory: output.saidOutOfMemory,
        oomKilled: container.oomKilled,
        outOfProcesses: output.sawOutOfProcesses ? limits.processes : null,
        clean: output.clean,
        write: input.write,
      });
      return await finish({ ...needs, cache, limits }, input, workspace, ran, result);
    } catch (error) {
      await container.remove();
      throw error;
    }
  }

  /** What is ready, if it is for such a build; else it goes, and only its folder is used. */
  async function fitting(
    { ready, workspace }: Job,
    facts: PlaceFacts,
    works: boolean,
  ): Promise<Ready | null> {
    if (!ready) return null;
    if (works && isDeepStrictEqual(ready.facts, facts)) return ready;
    await ready.container.remove();
    await workspace.startOver();
    return null;
  }

  function factsOf(choice: Choice, { buildpacks }: Gathered): PlaceFacts {
    return {
      language: languageOf(choice),
      cacheKey: cacheKey(needs.stackName, expectedNames(choice)),
      mode: choice.mode,
      likely: choice.mode === 'auto' ? (choice.likely?.name ?? '') : '',
      before: choice.mode === 'auto' ? choice.before : 0,
      buildpacks,
    };
  }

  /** What the driver waits for: a container takes long enough to start to put all of it in place meanwhile. */
  async function fill(input: BuildInput, job: Job, facts: PlaceFacts, signal: AbortSignal): Promise<void> {
    const { workspace, ready } = job;
    const app = { id: input.appId, name: input.appName };
    const parts = [
      ready?.cache ?? furnish(needs, cache, { app, workspace }, facts),
      workspace.writeConfig(input.config).then(workspace.handToBuildUser),
      layDebs(needs.debs, workspace, facts, { note: input.write, signal }),
    ] as const;
    await Promise.allSettled(parts);
    const [restored] = await Promise.all(parts);
    await workspace.openGate(restored);
  }

  /** @returns the container, in which nothing runs any more */
  async function runIn(
    input: BuildInput,
    job: Job,
    facts: PlaceFacts,
    signal: AbortSignal,
  ): Promise<BuildContainer> {
    const unfilled = new AbortController();
    const filled = fill(input, job, facts, signal).catch((error: unknown) => unfilled.abort(error));
    const { output, ready } = job;
    const watch = watchBuild(job.workspace.folder, limits, output, input.write);
    const either = AbortSignal.any([signal, unfilled.signal, watch.signal]);
    try {
      const app = { id: input.appId, name: input.appName };
      const { workspace } = job;
      const place = { id: input.id, app, workspace, language: facts.language, note: input.write };
      const container = ready?.container ?? (await startIn(ground, place, either));
      await container.follow(output.push, either);
      return container;
    } finally {
      watch.end();
      // Nothing may still write into a folder that is removed next.
      await filled;
      await job.workspace.closeGate();
    }
  }

  async function purgeCache(appId: string): Promise<void> {
    lastBuilt.delete(appId);
    await places.drop(appId);
    await cache.purge(appId);
  }

  async function sweep(): Promise<void> {
    const left = await needs.engine.list(ownLabels(needs.instance, 'build'));
    const told = (error: unknown): void => needs.onProblem?.(messageOf(error));
    // What cannot be removed yet is tried again; nobody's builds and nobody's processes wait for it.
    await Promise.all(left.map(({ id, labels }) => keeper.release(labels[label.build] ?? '', id)));
    await rm(needs.workFolder, { recursive: true, force: true, maxRetries: 3 }).catch(told);
    await Promise.all([cache.sweep(), ...kept.sweep()].map((part) => part.catch(told)));
  }

  return {
    build,
    makeReady(appId) {
      const last = lastBuilt.get(appId);
      if (last) places.prepare(last.app, last.facts);
    },
    purgeCache,
    cachedApps: cache.apps,
    caches: cache.list,
    trimKept: kept.trim,
    prepare: async () => void (await needs.network?.ensure()),
    pinBuildpack: (text, signal) => pinBuildpack(collection, text, signal),
    sweep,
    removeStrays: keeper.tidy,
    async close() {
      await places.close();
      await cache.settled();
      keeper.close();
      await needs.network?.close();
    },
  };
}

interface Job {
  workspace: Workspace;
  /** Made ahead, for a build like this one. */
  ready: Ready | null;
  output: Output;
  /** More that must not be seen in it. */
  hide(config: ConfigVars): void;
}
