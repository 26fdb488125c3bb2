// What a failed build says (buildpack reference, Part E): what happened, why it matters, what to do.
import { PlatformError } from '../domain/errors.ts';
import { detectable, firstParty } from './first-party.ts';

/** @param id of the catalogue, e.g. `E11`; the caller ends the log with it */
export function buildFailed(id: string, message: string, cause?: unknown): PlatformError {
  return new PlatformError('build_failed', message, { id }, cause === undefined ? undefined : { cause });
}

export function noBuildpack(commit: string | null, entries: readonly string[]): PlatformError {
  const shown =
    entries.slice(0, 20).join(', ') + (entries.length > 20 ? `, … (${entries.length} in all)` : '');
  const subdirectory = firstParty.some((one) => one.name === 'subdir')
    ? ' If the app lives in a subdirectory, set PROJECT_PATH.'
    : ' The app has to be in the root of the repository.';
  return buildFailed(
    'E1',
    `No buildpack recognises this app. The root of ${commit ? `commit ${commit.slice(0, 7)}` : 'the source'} contains: ${shown || 'nothing'}. ` +
      `Supported: ${detectable.map((one) => one.supports).join(', ')}.${subdirectory} ` +
      'If the file exists on your machine, check spelling, .gitignore and "git ls-files <file>".',
  );
}

export function buildpackMismatch(
  name: string,
  position: number,
  count: number,
  output: string,
): PlatformError {
  const said = output.trim().split('\n').slice(-5).join(' ').trim();
  return buildFailed(
    'E2',
    `Buildpack ${name} (${position} of ${count}) does not apply to this app: ${said || 'its bin/detect gave no reason'}. ` +
      'Change the list: config var BUILDPACK_URL, or the file .buildpacks.',
  );
}

export function badBuildpackReference(reference: string, known: readonly string[]): PlatformError {
  const shown = reference.replace(/\/\/[^/@]*@/, '//').slice(0, 200);
  const looksLikeAddress = /[/:#]|\.t(ar\.)?gz$/.test(shown);
  return buildFailed(
    'E3',
    looksLikeAddress
      ? `Could not get buildpack ${shown}: buildpacks from addresses are not supported by this server yet. Use one of ${known.join(', ')}.`
      : `There is no buildpack called "${shown}". Use one of ${known.join(', ')}.`,
  );
}

export function noStartCommand(staticFolder: string | null): PlatformError {
  const hint =
    staticFolder !== null && firstParty.some((one) => one.name === 'static')
      ? ` This looks like a static site built to ${staticFolder}/: add static.json with {"root":"${staticFolder}"}.`
      : '';
  return buildFailed(
    'E11',
    'The build worked but nothing says how to start the app. Add a "start" script to package.json or a Procfile line such as "web: node index.js".' +
      hint,
  );
}

export function misspeltProcfile(name: string): PlatformError {
  return buildFailed(
    'E16',
    `Found "${name}"; the file must be called exactly "Procfile". Run: git mv ${name} Procfile`,
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
  return largest.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ') || 'nothing';
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}

export function badRelease(name: string, why: string): PlatformError {
  return buildFailed('release', `bin/release of buildpack ${name} failed: ${why}.`);
}

/** A compile that failed without a message of its own. */
export function compileFailed(name: string, code: number): PlatformError {
  const killed = code === 137 ? ' (killed)' : '';
  return buildFailed(
    'compile',
    `Buildpack ${name} failed with exit code ${code}${killed}. Its last output is above.`,
  );
}
