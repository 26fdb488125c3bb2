// What a failed build says (buildpack reference, Part E): what happened, why it matters, what to do.
import { join } from 'node:path';
import { PlatformError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { printable, shellWord, shownName } from '../domain/shell-word.ts';
import { detectable, firstParty, firstPartyByName } from './first-party.ts';

/** How a choice says that it is the app's own list. */
export const appList = "the app's list";
export const buildpacksFile = 'the file .buildpacks';

/** @param id of the catalogue, e.g. `E11`; the caller ends the log with it */
export function buildFailed(id: string, message: string, cause?: unknown): PlatformError {
  return new PlatformError('build_failed', message, { id }, cause === undefined ? undefined : { cause });
}

/** @param folder that PROJECT_PATH names */
export function noBuildpack(
  commit: string | null,
  entries: readonly string[],
  folder: string | null,
): PlatformError {
  const shown =
    entries.slice(0, 20).map(printable).join(', ') +
    (entries.length > 20 ? `, … (${entries.length} in all)` : '');
  const subdirectory = folder === null ? ' If the app lives in a subdirectory, set PROJECT_PATH.' : '';
  const place = folder === null ? 'The root' : `The folder ${printable(folder)} (PROJECT_PATH)`;
  return buildFailed(
    'E1',
    `No buildpack recognises this app. ${place} of ${commit ? `commit ${commit.slice(0, 7)}` : 'the source'} contains: ${shown || 'nothing'}. ` +
      `Supported: ${detectable.map((one) => one.supports).join(', ')}.${subdirectory} ` +
      'If the file exists on your machine, check spelling, .gitignore and "git ls-files <file>".',
  );
}

export function buildpackMismatch(
  name: string,
  { number, of }: { number: number; of: number },
  output: string,
  from: string,
): PlatformError {
  const said = output.trim().split('\n').slice(-5).join(' ').trim().replace(/\.$/, '');
  return buildFailed(
    'E2',
    `Buildpack ${name} (${number} of ${of}) does not apply to this app: ${said || 'its bin/detect gave no reason'}. ` +
      (from === appList ? 'Change the list with "twelve buildpacks".' : `It is named by ${from}.`),
  );
}

/** @param reference as it may be shown */
export function unavailableBuildpack(reference: string, why: string, cause?: unknown): PlatformError {
  return buildFailed('E3', `Could not get buildpack ${reference}: ${why}`, cause);
}

export function unknownBuildpack(name: string): PlatformError {
  const names = firstParty.map((one) => one.name);
  const bare = name.replace(/#.*$/, '');
  const meant = nearest(bare, [...names, ...firstParty.flatMap((one) => one.aliases)]);
  const hint = meant ? ` Did you mean ${meant}?` : '';
  const shelf =
    !meant && /^[\w-]+\/[\w-]+$/.test(bare)
      ? ` Heroku's registry has those of others at https://buildpack-registry.s3.amazonaws.com/buildpacks/${bare}.tgz`
      : '';
  if (bare !== name && firstPartyByName(bare))
    return buildFailed('E3', `${bare} comes with the platform and has no versions: leave out the #.`);
  return buildFailed(
    'E3',
    `There is no buildpack called "${name.slice(0, 60)}".${hint} Use one of ${names.join(', ')}, or the https:// URL of a git repository or a .tgz.${shelf}`,
  );
}

/**
 * @param names of the buildpacks that were used; of the last one's files the sentence may speak
 * @param from what named them; null: they were found by looking at the source
 */
export function noStartCommand(
  names: readonly string[],
  from: string | null,
  staticFolder: string | null,
): PlatformError {
  const hint =
    staticFolder === null
      ? ''
      : ` This looks like a static site built to ${staticFolder}/: add static.json with {"root":"${staticFolder}"}, and ${howToServe(names, from)}.`;
  return buildFailed(
    'E11',
    `The build worked but nothing says how to start the app. ${howToStart[names.at(-1) ?? ''] ?? howToStart['']}${hint}`,
  );
}

/** The settings alone change nothing: the buildpack that reads them has to come after those that build. */
function howToServe(names: readonly string[], from: string | null): string {
  if (from === appList) return 'the buildpack static to the app\'s list with "twelve buildpacks:add static"';
  const lines = [...names, 'static'].map((name) => `"${name}"`);
  const instead = from === null || from === buildpacksFile ? '' : `instead of ${from} `;
  return `${instead}a file .buildpacks with the lines ${lines.slice(0, -1).join(', ')} and ${lines.at(-1)}`;
}

const howToStart: Record<string, string> = {
  node: 'Add a "start" script to package.json or a Procfile line such as "web: node index.js".',
  python: 'Add a Procfile line such as "web: gunicorn app:app".',
  go: 'Add a Procfile line such as "web: bin/server".',
  '': 'Add a Procfile line such as "web: ./start".',
};

export function misspeltProcfile(name: string): PlatformError {
  return buildFailed(
    'E16',
    `Found "${name}"; the file must be called exactly "Procfile". Run: git mv ${name} Procfile`,
  );
}

/**
 * @param folders of the app that have one, while its root has none
 * @param project that PROJECT_PATH names, where they are; null: the root
 */
export function procfileBelow(folders: readonly string[], project: string | null): PlatformError {
  const below = (path: string): string => (project === null ? path : join(project, path));
  const found = folders.slice(0, 5).map((folder) => shownName(`${below(folder)}/Procfile`));
  const more = folders.length > found.length ? `, and ${folders.length - found.length} more` : '';
  const place = project === null ? 'the root' : `the folder that PROJECT_PATH names (${printable(project)})`;
  const must = `Found ${found.join(', ')}${more}; the file must be called exactly "Procfile" and be in ${place}.`;
  const [folder] = folders;
  if (folder === undefined || folders.length > 1)
    return buildFailed(
      'E16',
      `${must} If the app is one of these folders: twelve config:set PROJECT_PATH=<folder>. If it is all of them, write a Procfile in ${place}.`,
    );
  const move = [`${below(folder)}/Procfile`, below('Procfile')].map((path) =>
    shellWord(path.replace(/^-/, './-')),
  );
  const setting = shellWord(`PROJECT_PATH=${below(folder)}`);
  // A folder that cannot be typed from what is shown gets another name first.
  if (move[0] === null || setting === null)
    return buildFailed('E16', `${must} Move it there, or give its folder a name that can be typed.`);
  return buildFailed(
    'E16',
    `${must} Run: git mv ${move.join(' ')}. If the app lives in ${below(folder)}/: twelve config:set ${setting}`,
  );
}

/** Read in part, it would silently lose process types, or the end of a command. */
export function procfileTooLong(limit: number): PlatformError {
  return buildFailed(
    'E16',
    `The Procfile has more than ${limit / 1024} KB. It only names the commands of processes: put what they do into files of the app.`,
  );
}

export function outOfMemory(bytes: number): PlatformError {
  return buildFailed(
    'E18',
    `The build used more than its ${Math.round(bytes / 1_048_576)} MB. Lower parallelism of the bundler, or raise the build memory (server setting TWELVE_BUILD_MEMORY).`,
  );
}

export function tooSlow(limitMs: number, lastStep: string | null, silentSince: Date): PlatformError {
  const limit =
    limitMs < 60_000 ? `${Math.round(limitMs / 1000)} seconds` : `${Math.round(limitMs / 60_000)} minutes`;
  return buildFailed(
    'E19',
    `Build stopped after ${limit}; last step: ${lastStep ?? 'none'}; silent since ${silentSince.toISOString().slice(11, 19)} UTC.`,
  );
}

export function tooManyProcesses(limit: number): PlatformError {
  return buildFailed(
    'E19',
    `The build used all of its ${limit} processes and threads. Lower parallelism (make -j, workers of the bundler), or raise the limit (server setting TWELVE_BUILD_PROCESSES).`,
  );
}

/** @param largest of its files and folders, with sizes */
export function tooMuchOnDisk(bytes: number, limit: number, largest: readonly Sized[]): PlatformError {
  return buildFailed(
    'E19',
    `The files of the build take ${megabytes(bytes)}, limit ${megabytes(limit)}. Largest: ${listed(largest)}. Build or cache less, or raise the limit (server setting TWELVE_BUILD_DISK).`,
  );
}

export function diskFull(free: number, limit: number, largest: readonly Sized[]): PlatformError {
  return buildFailed(
    'E19',
    `The build was stopped because the server's disk is nearly full: ${megabytes(free)} are free, and ${megabytes(limit)} have to be (half of TWELVE_MIN_FREE). Largest of this build: ${listed(largest)}. Make space on the server, then push again.`,
  );
}

export interface Sized {
  name: string;
  bytes: number;
}

function listed(largest: readonly Sized[]): string {
  return largest.map(({ name, bytes }) => `${printable(name)} ${megabytes(bytes)}`).join(', ') || 'nothing';
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}

export function badRelease(name: string, why: string): PlatformError {
  return buildFailed('release', `bin/release of buildpack ${name} failed: ${why}.`);
}

/** A compile that failed without a message of its own. */
export function compileFailed(name: string, code: number): PlatformError {
  return buildFailed('compile', `${howItEnded(name, code)} Its last output is above.`);
}

/**
 * A compile that failed after lines of its own. Status 1 is how one ends that has said why. Before any other status
 * they may be a mere warning, unless an id of the catalogue ends them: then how it ended is told too.
 */
export function compileExplained(
  name: string,
  code: number,
  own: { message: string; id: string | null },
): PlatformError {
  if (own.id !== null) return buildFailed(own.id, own.message);
  if (code === 1) return buildFailed('compile', own.message);
  const said = new RegExp(`\\bexit code ${code}\\b`).test(own.message);
  return buildFailed('compile', said ? own.message : `${own.message}\n${howItEnded(name, code)}`);
}

function howItEnded(name: string, code: number): string {
  return `Buildpack ${name} failed with exit code ${code}${code === 137 ? ' (killed)' : ''}.`;
}
