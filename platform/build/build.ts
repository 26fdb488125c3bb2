// Source → built tree: chooses buildpacks, runs them in a throw-away container, reads what they made.
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigVars } from '../domain/config-vars.ts';
import { PlatformError } from '../domain/errors.ts';
import { isMisspeltProcfile, type ProcessTypes } from '../domain/procfile.ts';
import type { Engine } from '../engine/engine.ts';
import { ownLabels } from '../engine/labels.ts';
import { createBuildCache } from './cache.ts';
import { type Choice, chooseBuildpacks, languageOf } from './choose.ts';
import { buildContainerSpec, runBuildContainer } from './container.ts';
import { buildFailed, misspeltProcfile, noStartCommand, tooSlow } from './failures.ts';
import type { Language } from './first-party.ts';
import { type NpmConfig, npmrcText } from './host-npm.ts';
import { createOutput, type Output } from './output.ts';
import { discoverProcessTypes } from './process-types.ts';
import { type BuildpackResult, readResults } from './results.ts';
import { createMask } from './secrets.ts';
import { applySlugignore, parseSlugignore } from './slugignore.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface BuildInput {
  id: string;
  appId: string;
  appName: string;
  commit: string | null;
  /** Config vars of this moment: become files in ENV_DIR, never environment variables. */
  config: ConfigVars;
  /** Puts the source tree into an empty folder. */
  fetchSource(into: string, signal: AbortSignal): Promise<void>;
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
  /** Removes the work folder. */
  dispose(): Promise<void>;
}

export interface Builder {
  /** @throws PlatformError `build_failed` with the sentence for the user and `details.id`; `cancelled` by the signal */
  build(input: BuildInput): Promise<BuiltTree>;
  purgeCache(appId: string): Promise<void>;
  /** Removes containers and folders a killed server left. */
  sweep(): Promise<void>;
}

export interface BuilderNeeds {
  engine: Engine;
  instance: string;
  /** Makes sure of a build image and names it. */
  image: (language: Language) => Promise<string>;
  /** Our own name of the stack, e.g. `debian-13`. */
  stackName: string;
  /** What third-party buildpacks see as STACK, e.g. `heroku-24`. */
  stackCompat: string;
  buildpacksFolder: string;
  /** These two on one file system. */
  workFolder: string;
  cacheFolder: string;
  /** Bytes. */
  memory: number;
  timeoutMs: number;
  /** PEM bundle for everything that talks TLS in a build; null: the image's own. */
  caFile: string | null;
  /** How the host's npm reaches packages (see hostNpmConfig). */
  npmConfig?: NpmConfig;
}

const silenceMs = 120_000;

export function createBuilder(needs: BuilderNeeds): Builder {
  const cache = createBuildCache(needs.cacheFolder);

  async function build(input: BuildInput): Promise<BuiltTree> {
    const deadline = AbortSignal.timeout(needs.timeoutMs);
    const signal = AbortSignal.any([input.signal, deadline]);
    const workspace = await createWorkspace(needs.workFolder, input.id);
    const output = createOutput(input.write, createMask(input.config));
    try {
      return await stages(input, workspace, output, signal);
    } catch (error) {
      for (const line of output.end()) input.write(line);
      await workspace.dispose();
      if (input.signal.aborted) {
        throw new PlatformError('cancelled', 'The build was cancelled.', {}, { cause: error });
      }
      if (deadline.aborted) throw tooSlow(needs.timeoutMs, output.lastStep, output.lastAt);
      throw error;
    }
  }

  async function stages(
    input: BuildInput,
    workspace: Workspace,
    output: Output,
    signal: AbortSignal,
  ): Promise<BuiltTree> {
    input.write(`-----> Building on the ${needs.stackName} stack`);
    const { choice, entries } = await takeSource(input, workspace, signal);
    const image = await plan(workspace, choice);
    signal.throwIfAborted();
    const { oomKilled, removed } = await runIn(image, input, workspace, choice, output, signal);
    try {
      const result = await readResults({
        workspace,
        choice,
        commit: input.commit,
        entries,
        memory: needs.memory,
        oomKilled: oomKilled || output.sawOutOfMemory,
        endOfOutput: output.end(),
        write: input.write,
      });
      return await finish(input, workspace, entries, result);
    } finally {
      await removed;
    }
  }

  async function takeSource(input: BuildInput, workspace: Workspace, signal: AbortSignal) {
    await input.fetchSource(workspace.source, signal);
    signal.throwIfAborted();
    await rm(join(workspace.source, '.git'), { recursive: true, force: true });
    const ignores = parseSlugignore((await workspace.sourceText('.slugignore')) ?? '');
    if (ignores) {
      const count = await applySlugignore(workspace.source, ignores);
      input.write(`       .slugignore removed ${count} ${count === 1 ? 'entry' : 'entries'}`);
    }
    const entries = await workspace.entries();
    const buildpacksFile = await workspace.sourceText('.buildpacks');
    return { choice: chooseBuildpacks(input.config, { entries, buildpacksFile }), entries };
  }

  /** What has to be there before the container starts. */
  async function plan(workspace: Workspace, choice: Choice): Promise<string> {
    const [image] = await Promise.all([
      needs.image(languageOf(choice)),
      workspace.writePlan({
        mode: choice.mode,
        likely: choice.mode === 'auto' ? (choice.likely?.name ?? '') : '',
        buildpacks: choice.buildpacks.map(({ name }) => ({
          name,
          folder: join(needs.buildpacksFolder, name),
        })),
        npmrc: npmrcText(needs.npmConfig ?? {}),
      }),
    ]);
    return image;
  }

  /** What the driver waits for: a container takes long enough to start to fetch the cache meanwhile. */
  async function fill(input: BuildInput, workspace: Workspace, choice: Choice): Promise<void> {
    const [restored] = await Promise.all([
      cache.restore(input.appId, cacheKey(expected(choice)), workspace.cache),
      workspace.writeConfig(input.config).then(workspace.handToBuildUser),
    ]);
    input.write(`       Build cache: ${restored}`);
    await workspace.openGate();
  }

  async function runIn(
    image: string,
    input: BuildInput,
    workspace: Workspace,
    choice: Choice,
    output: Output,
    signal: AbortSignal,
  ): ReturnType<typeof runBuildContainer> {
    const { instance, stackCompat, memory, caFile } = needs;
    const npmrc = Object.keys(needs.npmConfig ?? {}).length > 0;
    const spec = buildContainerSpec({
      instance,
      image,
      build: input,
      workspace,
      stackCompat,
      memory,
      caFile,
      npmrc,
    });
    const unfilled = new AbortController();
    const filled = fill(input, workspace, choice).catch((error: unknown) => unfilled.abort(error));
    const heart = setInterval(() => {
      const silent = Date.now() - output.lastAt.getTime();
      if (silent < silenceMs) return;
      input.write(`       … still running, nothing printed for ${Math.round(silent / 60_000)} min`);
    }, silenceMs / 2);
    try {
      return await runBuildContainer(
        needs.engine,
        spec,
        output.push,
        AbortSignal.any([signal, unfilled.signal]),
      );
    } finally {
      clearInterval(heart);
      // Nothing may still write into a folder that is removed next.
      await filled;
      await workspace.closeGate();
    }
  }

  async function finish(
    input: BuildInput,
    workspace: Workspace,
    entries: readonly string[],
    result: BuildpackResult,
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
    const key = cacheKey(result.used.map((one) => one.name));
    await cache.save(input.appId, key, workspace.cache, input.id);
    return {
      root,
      created: made.filter((name) => !entries.includes(name)).sort(),
      processTypes,
      buildpacks: result.used,
      configDefaults: result.metadata.configVars,
      dispose: workspace.dispose,
    };
  }

  function cacheKey(names: readonly string[]): string {
    const list = names.join('+').replace(/[^A-Za-z0-9+._-]/g, '_');
    const short =
      list.length > 80 ? createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 32) : list;
    return `${needs.stackName}_${short || 'none'}`;
  }

  async function sweep(): Promise<void> {
    const left = await needs.engine.list(ownLabels(needs.instance, 'build'));
    await Promise.all(left.map(({ id }) => needs.engine.remove(id)));
    await rm(needs.workFolder, { recursive: true, force: true, maxRetries: 3 });
    await cache.sweep();
  }

  return { build, purgeCache: cache.purge, sweep };
}

/** The list of buildpacks the cache is taken for; when detection decides otherwise the driver empties it. */
function expected(choice: Choice): string[] {
  if (choice.mode === 'explicit') return choice.buildpacks.map((one) => one.name);
  return choice.likely ? [choice.likely.name] : [];
}

/** Where a front-end build put its pages, if it did. */
async function staticFolder(tree: string): Promise<string | null> {
  for (const name of ['dist', 'build', 'out']) {
    const files: string[] = await readdir(join(tree, name)).catch(() => []);
    if (files.includes('index.html')) return name;
  }
  return null;
}
