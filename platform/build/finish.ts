// After the buildpacks: what is left becomes the built tree.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinnedBuildpack } from '../domain/buildpack.ts';
import { acceptableConfig } from '../domain/config-vars.ts';
import { messageOf } from '../domain/errors.ts';
import { isMisspeltProcfile } from '../domain/procfile.ts';
import type { AppJson } from './app-json.ts';
import { unknownTypes } from './app-json-words.ts';
import type { BuildInput, BuiltTree } from './build.ts';
import { type BuildCache, cacheKey } from './cache.ts';
import type { BuildContainer } from './container.ts';
import { buildFailed, misspeltProcfile } from './failures.ts';
import { asList, type Gathered } from './gather.ts';
import type { BuilderNeeds } from './needs.ts';
import { nothingToStart } from './nothing-to-start.ts';
import { discoverProcessTypes } from './process-types.ts';
import type { BuildpackResult } from './results.ts';
import type { TakenSource } from './source.ts';
import type { Workspace } from './workspace.ts';

/** What app.json says of a new app, beside its config vars. */
export interface Beginning extends Pick<AppJson, 'formation' | 'postdeploy'> {
  /** The list it named and this build used; empty: it named none, or others came before. */
  buildpacks: readonly PinnedBuildpack[];
}

/** A build whose buildpacks have ended. */
export interface Ran {
  source: TakenSource;
  gathered: Gathered;
  /** Nothing runs in it any more. */
  container: BuildContainer;
}

/** @throws PlatformError `build_failed` */
export async function finish(
  needs: Pick<BuilderNeeds, 'stackName' | 'onProblem'> & { cache: BuildCache },
  input: Pick<BuildInput, 'id' | 'appId' | 'isFirst' | 'write'>,
  workspace: Workspace,
  { source, gathered, container }: Ran,
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
  if (input.isFirst) suggest(result, input.write);
  for (const where of unknownTypes(source.declared, Object.keys(processTypes)))
    input.write(` !     app.json: ${where} is not used: there is no such process type.`);
  const names = result.used.map((one) => one.name);
  if (Object.keys(processTypes).length === 0)
    throw await nothingToStart(join(root, 'app'), names, namedBy(source), projectOf(source));
  const configDefaults = defaultsOf(result, source, input.isFirst ? input.write : () => undefined);
  const key = cacheKey(needs.stackName, names);
  let saved: Promise<void> | undefined;
  return {
    root,
    created: made.filter((name) => !source.entries.includes(name)).sort(),
    processTypes,
    declared: source.declared,
    buildpacks: result.used,
    configDefaults,
    beginning: beginningOf(source, gathered),
    keepCache() {
      saved ??= needs.cache
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

/** What a third party's bin/release prints is held to the same rules as what a user sets. */
function defaultsOf(
  { metadata, displayName }: BuildpackResult,
  { config, given }: TakenSource,
  write: (line: string) => void,
): Record<string, string> {
  const refused = (why: string): void =>
    write(` !     A config var that ${displayName} gives a new app is left out: ${why}`);
  return { ...acceptableConfig(config, metadata.configVars, refused), ...given };
}

/** That PROJECT_PATH names. */
function projectOf({ choice, config }: TakenSource): string | null {
  return choice.subdirectory ? (config['PROJECT_PATH']?.trim() ?? null) : null;
}

function namedBy({ choice }: TakenSource): string | null {
  return choice.mode === 'explicit' ? choice.from : null;
}

function beginningOf({ appJson, choice }: TakenSource, gathered: Gathered): Beginning | null {
  if (!appJson) return null;
  const named = choice.mode === 'explicit' && choice.from === 'app.json';
  const { formation, postdeploy } = appJson;
  return { formation, postdeploy, buildpacks: named ? asList(choice, gathered) : [] };
}

/** Add-ons are what a buildpack would have beside a new app; here nothing is made unasked, nor can be. */
function suggest({ displayName, metadata }: BuildpackResult, write: (line: string) => void): void {
  if (metadata.addons.length === 0) return;
  // It is the buildpack's word: one line of sensible length, whatever it says.
  const names = metadata.addons.map((name) => name.replace(/\s+/g, ' ').slice(0, 100)).slice(0, 20);
  write(
    `       ${displayName} suggests ${names.join(', ')}: nothing of that is set up; give its address as a config var`,
  );
}
