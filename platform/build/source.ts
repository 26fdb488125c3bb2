// The source of a build in its folder: fetched, cleaned, and read for what it says about the build.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinnedBuildpack } from '../domain/buildpack.ts';
import type { ConfigVars } from '../domain/config-vars.ts';
import type { Declared } from '../domain/declared.ts';
import { type AppJson, envDefaults, parseAppJson, tellAddons } from './app-json.ts';
import { type Choice, chooseBuildpacks } from './choose.ts';
import { applySlugignore, maxSlugignoreBytes, parseSlugignore } from './slugignore.ts';
import { warningsOf } from './warnings.ts';
import type { Workspace } from './workspace.ts';

export interface SourceRequest {
  id: string;
  commit: string | null;
  config: ConfigVars;
  /** The app's own list of buildpacks. */
  buildpacks?: readonly PinnedBuildpack[] | undefined;
  /** Nothing was released of the app yet: app.json says how it begins. */
  isFirst?: boolean | undefined;
  /** @returns paths of its files, where they are known without looking */
  fetchSource(into: string, signal: AbortSignal): Promise<readonly string[] | undefined>;
  write(line: string): void;
}

export interface TakenSource {
  choice: Choice;
  /** Names in the folder that the app is in. */
  entries: string[];
  /** The app's, with what app.json gives a new one. */
  config: ConfigVars;
  /** The config vars that app.json gave. */
  given: Readonly<Record<string, string>>;
  /** null: there is none, or the app is not new. */
  appJson: AppJson | null;
  /** By app.json, of every build. */
  declared: Declared;
}

export async function takeSource(
  request: SourceRequest,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<TakenSource> {
  const source = await workspace.beginBuild(request);
  const paths = await request.fetchSource(source, signal);
  signal.throwIfAborted();
  for (const warning of await warningsOf(source, paths)) request.write(` !     ${warning}`);
  await rm(join(source, '.git'), { recursive: true, force: true });
  const ignores = parseSlugignore(await slugignoreText(workspace, request.write));
  if (ignores) {
    const count = await applySlugignore(source, ignores, signal);
    request.write(`       .slugignore removed ${count} ${count === 1 ? 'entry' : 'entries'}`);
  }
  const warn = (sentence: string): void => request.write(` !     ${sentence}`);
  const written = await readAppJson(workspace, warn);
  const appJson = request.isFirst ? written : null;
  const given = appJson ? envDefaults(appJson, request.config, warn) : {};
  const config = { ...given, ...request.config };
  if (appJson) tellAddons(appJson, config, warn);
  const folder = config['PROJECT_PATH']?.trim() ?? '';
  const inside = folder === '' ? [] : await workspace.entries(folder);
  const root = await workspace.entries();
  const choice = chooseBuildpacks(config, {
    entries: folder === '' ? root : inside,
    buildpacksFile: await workspace.sourceText('.buildpacks'),
    list: request.buildpacks ?? [],
    appJson: appJson?.buildpacks ?? [],
  });
  return {
    choice,
    entries: choice.subdirectory ? inside : root,
    config,
    given,
    appJson,
    declared: written?.declared ?? {},
  };
}

async function slugignoreText(workspace: Workspace, write: (line: string) => void): Promise<string> {
  const text = (await workspace.sourceText('.slugignore')) ?? '';
  if (Buffer.byteLength(text) <= maxSlugignoreBytes) return text;
  write(
    ` !     .slugignore is not used: it has more than ${maxSlugignoreBytes / 1024} KB. Patterns such as *.psd or docs/ stand for many names.`,
  );
  return '';
}

async function readAppJson(workspace: Workspace, warn: (sentence: string) => void): Promise<AppJson | null> {
  const text = await workspace.sourceText('app.json');
  return text === null ? null : parseAppJson(text, warn);
}
