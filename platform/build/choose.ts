// Which buildpacks a build uses, before any of them is fetched or runs (buildpack reference, section 5).
import {
  type BuildpackReference,
  type PinnedBuildpack,
  parseBuildpackReference,
  shownReference,
} from '../domain/buildpack.ts';
import type { ConfigVars } from '../domain/config-vars.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Foreign } from './collection.ts';
import { appList, buildpacksFile, unavailableBuildpack, unknownBuildpack } from './failures.ts';
import { detectable, type FirstParty, firstPartyByName, type Language, looksRight } from './first-party.ts';

/** One of a list: ours, or one that has to be fetched. */
export interface Chosen {
  /** How it is called in lists and messages. */
  name: string;
  language: Language;
  /** null: ours. */
  foreign: Foreign | null;
  /** Commit or checksum; null: ours, or what it means now is to be found out. */
  pin: string | null;
}

export type Choice =
  /** The user named them; every one has to apply. */
  | { mode: 'explicit'; buildpacks: readonly Chosen[]; from: string; subdirectory: boolean }
  /**
   * Try in order, the first that applies wins. `likely` is our guess from file names.
   * The first `before` of them are used whatever is found: `subdir`, where PROJECT_PATH says that the app is further in.
   */
  | {
      mode: 'auto';
      buildpacks: readonly Chosen[];
      before: number;
      likely: FirstParty | undefined;
      subdirectory: boolean;
    };

export interface Source {
  /** Names in the folder that the app is in. */
  entries: readonly string[];
  /** Text of the .buildpacks in the root; null: there is none. */
  buildpacksFile: string | null;
  /** The app's own list; empty: none. */
  list: readonly PinnedBuildpack[];
  /** Of app.json, where the app is new. */
  appJson: readonly string[];
}

/** @throws PlatformError `build_failed` (E3) for a reference that means nothing */
export function chooseBuildpacks(config: ConfigVars, source: Source): Choice {
  const explicit = (buildpacks: Chosen[], from: string): Choice => ({
    mode: 'explicit',
    buildpacks,
    from,
    subdirectory: buildpacks.some((one) => one.name === 'subdir' && !one.foreign),
  });
  if (source.list.length > 0) return explicit(source.list.map(chosen), appList);
  const unpinned = (reference: string): Chosen => chosen({ reference, pin: null });
  const legacy = config['BUILDPACK_URL']?.trim();
  if (legacy) return explicit([unpinned(legacy)], 'the config var BUILDPACK_URL');
  const listed = parseBuildpacksFile(source.buildpacksFile ?? '');
  if (listed.length > 0) return explicit(listed.map(unpinned), buildpacksFile);
  if (source.appJson.length > 0) return explicit(source.appJson.map(unpinned), 'app.json');
  const likely = detectable.find((one) => looksRight(one, source.entries));
  const before = config['PROJECT_PATH']?.trim() ? [firstPartyByName('subdir')!] : [];
  return {
    mode: 'auto',
    buildpacks: [...before, ...detectable].map(ours),
    before: before.length,
    likely,
    subdirectory: before.length > 0,
  };
}

/** One reference per line; blank lines and `#` lines do not count. */
export function parseBuildpacksFile(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** @throws PlatformError `build_failed` (E3) */
export function readReference(text: string): BuildpackReference {
  let reference: BuildpackReference;
  try {
    reference = parseBuildpackReference(text);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    throw unavailableBuildpack(withoutLogin(text), error.message, error);
  }
  if (reference.kind === 'archive') return oursAt(reference.url) ?? reference;
  if (reference.kind === 'git') return reference;
  const known = firstPartyByName(reference.name);
  if (!known) throw unknownBuildpack(reference.name);
  return { kind: 'name', name: known.name };
}

/** Clients of Heroku's make such an address of `heroku/python`; what is not Heroku's own there is fetched from there. */
function oursAt(url: URL): BuildpackReference | null {
  const kept =
    /^https:\/\/(?:buildpack-registry|codon-buildpacks)\.s3\.amazonaws\.com\/buildpacks\/(heroku\/[\w-]+)\.tgz$/;
  const name = kept.exec(url.href)?.[1];
  const known = name === undefined ? undefined : firstPartyByName(name);
  return known ? { kind: 'name', name: known.name } : null;
}

function chosen({ reference: text, pin }: PinnedBuildpack): Chosen {
  const reference = readReference(text);
  if (reference.kind === 'name') return ours(firstPartyByName(reference.name)!);
  return { name: shownReference(reference), language: 'plain', foreign: reference, pin };
}

function ours({ name, language }: FirstParty): Chosen {
  return { name, language, foreign: null, pin: null };
}

/** What could not be read as a URL may still hold a password. */
function withoutLogin(text: string): string {
  return text
    .replace(/\/\/[^/@]*@/, '//')
    .replace(/\?.*$/, '')
    .slice(0, 200);
}

/** The image has to suit all of them; a language's image contains everything the plain one has, and node's nothing more. */
export function languageOf(choice: Choice): Language {
  const used = choice.mode === 'explicit' ? choice.buildpacks : choice.likely ? [choice.likely] : [];
  const languages = used.map((one) => one.language).filter((language) => language !== 'plain');
  return languages.find((language) => language !== 'node') ?? languages[0] ?? 'plain';
}

/** The list of buildpacks the cache is taken for; when detection decides otherwise the driver empties it. */
export function expectedNames(choice: Choice): string[] {
  if (choice.mode === 'explicit') return choice.buildpacks.map((one) => one.name);
  const before = choice.buildpacks.slice(0, choice.before).map((one) => one.name);
  return choice.likely ? [...before, choice.likely.name] : [];
}
