// Which buildpacks a build uses, before any of them runs (buildpack reference, section 5).
import type { ConfigVars } from '../domain/config-vars.ts';
import { badBuildpackReference } from './failures.ts';
import { detectable, type FirstParty, firstParty, firstPartyByName } from './first-party.ts';

export type Choice =
  /** The user named them; every one has to apply. */
  | { mode: 'explicit'; buildpacks: readonly FirstParty[]; from: string }
  /** Try in order, the first that applies wins. `likely` is our guess from file names. */
  | { mode: 'auto'; buildpacks: readonly FirstParty[]; likely: FirstParty | undefined };

/**
 * @param source names in the root of the source, and the text of its .buildpacks (null: there is none)
 * @throws PlatformError `build_failed` (E3) for a reference that cannot be resolved
 */
export function chooseBuildpacks(
  config: ConfigVars,
  source: { entries: readonly string[]; buildpacksFile: string | null },
): Choice {
  const legacy = config['BUILDPACK_URL']?.trim();
  if (legacy) {
    return { mode: 'explicit', buildpacks: [resolve(legacy)], from: 'config var BUILDPACK_URL' };
  }
  const listed = parseBuildpacksFile(source.buildpacksFile ?? '');
  if (listed.length > 0) return { mode: 'explicit', buildpacks: listed.map(resolve), from: '.buildpacks' };
  const likely = detectable.find((one) => one.markers.some((name) => source.entries.includes(name)));
  return { mode: 'auto', buildpacks: detectable, likely };
}

/** One reference per line; blank lines and `#` lines do not count. */
export function parseBuildpacksFile(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function resolve(reference: string): FirstParty {
  const known = firstPartyByName(reference);
  if (known) return known;
  throw badBuildpackReference(
    reference,
    firstParty.map((one) => one.name),
  );
}

/** The image has to suit all of them; a language's image contains everything the plain one has, and node's nothing more. */
export function languageOf(choice: Choice): FirstParty['language'] {
  const used = choice.mode === 'explicit' ? choice.buildpacks : choice.likely ? [choice.likely] : [];
  const languages = used.map((one) => one.language).filter((language) => language !== 'plain');
  return languages.find((language) => language !== 'node') ?? languages[0] ?? 'plain';
}

/** The list of buildpacks the cache is taken for; when detection decides otherwise the driver empties it. */
export function expectedNames(choice: Choice): string[] {
  if (choice.mode === 'explicit') return choice.buildpacks.map((one) => one.name);
  return choice.likely ? [choice.likely.name] : [];
}
