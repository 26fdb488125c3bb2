// Source → built tree: chooses buildpacks, runs them in a throw-away container, reads what they made.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigVars } from '../domain/config-vars.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { isMisspeltProcfile, type ProcessTypes } from '../domain/procfile.ts';
import { ownLabels } from '../engine/labels.ts';
import { cacheKey, createBuildCache } from './cache.ts';
import { type Choice, chooseBuildpacks, expectedNames, languageOf } from './choose.ts';
import type { BuildContainer } from './container.ts';
import { buildFailed, misspeltProcfile, noStartCommand, tooSlow } from './failures.ts';
import { createKeeper } from './keeper.ts';
import { type BuilderNeeds, usualLimits } from './needs.ts';
import { createOutput, type Output } from './output.ts';
import { furnish, makePlace, startIn } from './place.ts';
import { discoverProcessTypes } from './process-types.ts';
import { createReadyPlaces, type PlaceFacts, type Ready } from './ready.ts';
import { type BuildpackResult, readResults, staticFolder } from './results.ts';
import { createMask } from './secrets.ts';
import { applySlugignore, parseSlugignore } from './slugignore.ts';
import { warningsOf } from './warnings.ts';
import { watchBuild } from './watch.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface BuildInput {
  id: string;
  appId: string;
  appName: string;
  commit: string | null;
  /** Config vars of this moment: become files in ENV_DIR, never environment variables. */
  config: ConfigVars;
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
  buildpacks: { name: string; url: string; displayName: string }[];
  /** bin/release's config_vars: for an app's first release only. */
  configDefaults: Record<string, string>;
  /**
   * Keeps what the build left in its cache folder for the app's next build, in the background. Not while the tree is read:
   * files of the cache may be files of the tree, and change their owner.
   */
  keepCache(): void;
  /** Removes the container, in which nothing runs any more, and the work folder. */
  dispose(): Promise<void>;
}

export interface Builder {
  /** @throws PlatformError `build_failed` with the sentence for the user and `details.id`; `cancelled` by the signal */
  build(input: BuildInput): Promise<BuiltTree>;
  /** Gets a container ready for the app's next build, in the background; nothing for an app not built since the start. */
  makeReady(appId: string): void;
  purgeCache(appId: string): Promise<void>;
  /** What no push should have to wait for. */
  prepare(): Promise<void>;
  /** Removes containers and folders a killed server left. */
  sweep(): Promise<void>;
  /** After the engine was away: removes containers that no build uses. */
  removeStrays(): Promise<void>;
  /** Removes what is ready and was not used. */
  close(): Promise<void>;
}

/** Who pushes again does so within minutes; an idle container costs a few MB. */
const keepReadyMs = 30 * 60_000;

export function createBuilder(needs: BuilderNeeds): Builder {
  const cache = createBuildCache(needs.cacheFolder);
  const keeper = createKeeper(needs);
  const limits = { ...usualLimits, ...needs.limits };
  const ground = { ...needs, keeper, limits };

  const lastBuilt = new Map<string, { app: { id: string; name: string }; facts: PlaceFacts }>();
  const places = createReadyPlaces({
    make: (app, facts, signal) => makePlace(ground, cache, app, facts, signal),
    limit: needs.ready ?? 0,
    keepMs: keepReadyMs,
    onProblem: needs.onProblem ?? (() => {}),
  });

  async function build(input: BuildInput): Promise<BuiltTree> {
    const deadline = AbortSignal.timeout(needs.timeoutMs);
    const signal = AbortSignal.any([input.signal, deadline]);
    const ready = await places.take(input.appId);
    const workspace = ready?.workspace ?? (await createWorkspace(needs.workFolder, input.id));
    const output = createOutput(input.write, createMask(input.config), limits.logBytes);
    try {
      return await stages(input, { workspace, ready, output }, signal);
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
    const { workspace, output } = job;
    // The engine may have been restarted, or somebody removed it.
    const works = job.ready?.container.isRunning();
    input.write(`-----> Building on the ${needs.stackName} stack`);
    const { choice, entries } = await takeSource(input, workspace, signal);
    const facts = factsOf(choice);
    lastBuilt.set(input.appId, { app: { id: input.appId, name: input.appName }, facts });
    signal.throwIfAborted();
    const ready = await fitting(job, facts, (await works) === true);
    const container = await runIn(input, { ...job, ready }, facts, signal);
    try {
      const result = await readResults({
        workspace,
        choice,
        commit: input.commit,
        entries,
        memory: needs.memory,
        outOfMemory: async () => output.sawOutOfMemory || (await container.oomKilled()),
        outOfProcesses: output.sawOutOfProcesses ? limits.processes : null,
        endOfOutput: output.end(),
        write: input.write,
      });
      return await finish(input, workspace, entries, result, container);
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

  async function takeSource(input: BuildInput, workspace: Workspace, signal: AbortSignal) {
    const source = await workspace.beginBuild(input);
    const paths = await input.fetchSource(source, signal);
    signal.throwIfAborted();
    for (const warning of await warningsOf(source, paths)) input.write(` !     ${warning}`);
    await rm(join(source, '.git'), { recursive: true, force: true });
    const ignores = parseSlugignore((await workspace.sourceText('.slugignore')) ?? '');
    if (ignores) {
      const count = await applySlugignore(source, ignores);
      input.write(`       .slugignore removed ${count} ${count === 1 ? 'entry' : 'entries'}`);
    }
    const entries = await workspace.entries();
    const buildpacksFile = await workspace.sourceText('.buildpacks');
    return { choice: chooseBuildpacks(input.config, { entries, buildpacksFile }), entries };
  }

  function factsOf(choice: Choice): PlaceFacts {
    return {
      language: languageOf(choice),
      cacheKey: cacheKey(needs.stackName, expectedNames(choice)),
      mode: choice.mode,
      likely: choice.mode === 'auto' ? (choice.likely?.name ?? '') : '',
      buildpacks: choice.buildpacks.map(({ name }) => name),
    };
  }

  /** What the driver waits for: a container takes long enough to start to put all of it in place meanwhile. */
  async function fill(input: BuildInput, { workspace, ready }: Job, facts: PlaceFacts): Promise<void> {
    const app = { id: input.appId, name: input.appName };
    const [restored] = await Promise.all([
      ready?.cache ?? furnish(needs, cache, { app, workspace }, facts),
      workspace.writeConfig(input.config).then(workspace.handToBuildUser),
    ]);
    input.write(`       Build cache: ${restored}`);
    await workspace.openGate();
  }

  /** @returns the container, in which nothing runs any more */
  async function runIn(
    input: BuildInput,
    job: Job,
    facts: PlaceFacts,
    signal: AbortSignal,
  ): Promise<BuildContainer> {
    const unfilled = new AbortController();
    const filled = fill(input, job, facts).catch((error: unknown) => unfilled.abort(error));
    const { output, ready } = job;
    const watch = watchBuild(job.workspace.folder, limits, output, input.write);
    const either = AbortSignal.any([signal, unfilled.signal, watch.signal]);
    try {
      const app = { id: input.appId, name: input.appName };
      const place = { id: input.id, app, workspace: job.workspace, language: facts.language };
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

  async function finish(
    input: BuildInput,
    workspace: Workspace,
    entries: readonly string[],
    result: BuildpackResult,
    container: BuildContainer,
  ): Promise<BuiltTree> {
    await workspace.forgetConfig();
    const root = await workspace.takeTree().catch((error: unknown) => {
      throw buildFailed('compile', 'The buildpacks left no folder in BUILD_DIR.', error);
    });
    const made = await readdir(join(root, 'app'));
    const misspelt = made.find(isMisspeltProcfile);
    if (result.procfile === null && misspelt) throw misspeltProcfile(misspelt);
    const { processTypes, lines } = discoverProcessTypes(
      result.procfile,
      result.metadata.processTypes,
      result.displayName,
    );
    for (const line of lines) input.write(line);
    if (Object.keys(processTypes).length === 0) throw noStartCommand(await staticFolder(join(root, 'app')));
    const names = result.used.map((one) => one.name);
    const key = cacheKey(needs.stackName, names);
    let saved: Promise<void> | undefined;
    return {
      root,
      created: made.filter((name) => !entries.includes(name)).sort(),
      processTypes,
      buildpacks: result.used,
      configDefaults: result.metadata.configVars,
      keepCache() {
        saved ??= cache
          .save(input.appId, key, workspace.cache, input.id)
          .catch((error: unknown) => needs.onProblem?.(`The build cache was not kept: ${messageOf(error)}`));
      },
      async dispose() {
        await saved;
        await container.remove();
        await workspace.dispose();
      },
    };
  }

  async function purgeCache(appId: string): Promise<void> {
    lastBuilt.delete(appId);
    await places.drop(appId);
    await cache.purge(appId);
  }

  async function sweep(): Promise<void> {
    const left = await needs.engine.list(ownLabels(needs.instance, 'build'));
    await Promise.all(left.map(({ id }) => needs.engine.remove(id)));
    await rm(needs.workFolder, { recursive: true, force: true, maxRetries: 3 });
    await cache.sweep();
  }

  return {
    build,
    makeReady(appId) {
      const last = lastBuilt.get(appId);
      if (last) places.prepare(last.app, last.facts);
    },
    purgeCache,
    prepare: async () => void (await needs.network?.ensure()),
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
}
