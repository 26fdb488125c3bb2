// Config vars: names, values, sizes, and how they are shown without being shown.
import { PlatformError } from './errors.ts';
import { shellWord, shownName } from './shell-word.ts';

export type ConfigVars = Readonly<Record<string, string>>;

/** The API's change form: a value sets, null removes. */
export type ConfigChange = Readonly<Record<string, string | null>>;

export const maxConfigBytes = 64 * 1024;
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Set by the platform for every process; a config var of that name would have no effect or break the boot. */
export const reservedConfigNames: ReadonlySet<string> = new Set(['PORT', 'DYNO', 'HOME', 'MEMORY_AVAILABLE']);

/**
 * The config after a change. Returns the same object when nothing differs. What could be stored once and cannot now may be
 * removed, and has to be before anything else changes.
 * @throws PlatformError `invalid_params`: bad name, NUL in a value, or more than 64 KB in all
 */
export function changeConfig(current: ConfigVars, change: ConfigChange): ConfigVars {
  const next: Record<string, string> = { ...current };
  let differs = false;
  for (const [name, value] of Object.entries(change)) {
    if (value === null && Object.hasOwn(next, name)) {
      differs = true;
      delete next[name];
      continue;
    }
    checkName(name);
    if (value === null) continue;
    if (reservedConfigNames.has(name)) {
      throw new PlatformError(
        'invalid_params',
        `${name} is set by the platform for every process and cannot be a config var.`,
      );
    }
    if (value.includes('\0')) {
      throw new PlatformError(
        'invalid_params',
        `The value of ${name} contains a NUL byte, which no environment variable can hold.`,
      );
    }
    if (next[name] !== value) differs = true;
    next[name] = value;
  }
  if (!differs) return current;
  requireConfigNames(next);
  const size = configBytes(next);
  if (size > maxConfigBytes && size >= configBytes(current)) {
    throw new PlatformError(
      'invalid_params',
      `Config vars may take ${maxConfigBytes} bytes in all (names and values); this change would make it ${size}. Keep large data in a backing service or a file.`,
    );
  }
  return next;
}

/**
 * Of values that somebody else than the app's owner proposes (a buildpack, app.json), those that the config may take.
 * @param refused why one is left out, in a sentence
 */
export function acceptableConfig(
  current: ConfigVars,
  proposed: ConfigVars,
  refused: (sentence: string) => void,
): Record<string, string> {
  let config = current;
  const accepted: Record<string, string> = {};
  for (const [name, value] of Object.entries(proposed)) {
    if (Object.hasOwn(current, name)) continue;
    try {
      // On top of those before it: they may be too much together.
      config = changeConfig(config, { [name]: value });
      accepted[name] = value;
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      refused(error.message);
    }
  }
  return accepted;
}

export function isConfigName(name: string): boolean {
  return namePattern.test(name) && name !== '__proto__';
}

/**
 * For whoever uses names as names of files or variables. What is none was stored before names were checked as they are now.
 * @throws PlatformError `invalid_params`: which it is, and how to remove it
 */
export function requireConfigNames(config: ConfigVars): void {
  const bad = badConfigNames(config);
  if (bad.length === 0) return;
  const [is, it] =
    bad.length === 1 ? ['is not a config var name', 'it'] : ['are not config var names', 'them'];
  const words = bad.map((name) => (/^-|=/.test(name) ? null : shellWord(name)));
  const how = words.includes(null)
    ? `send the API's PATCH /apps/<app>/config-vars with ${it} as null`
    : `twelve config:unset ${words.join(' ')}`;
  throw new PlatformError(
    'invalid_params',
    `${bad.slice(0, 10).map(shownName).join(', ')} ${is}, and no release or build can have ${it}: remove ${it} (${how}).`,
  );
}

export function badConfigNames(config: ConfigVars): string[] {
  return Object.keys(config).filter((name) => !isConfigName(name));
}

function checkName(name: string): void {
  if (isConfigName(name)) return;
  throw new PlatformError(
    'invalid_params',
    `${shownName(name)} is not a config var name. Use letters, digits and underscores, not starting with a digit.`,
  );
}

/** Bytes of all names and values in UTF-8. */
export function configBytes(vars: ConfigVars): number {
  return Object.entries(vars).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}

/** A value as it may be shown: never any of its characters. */
export const masked = '********';

/** "Set A, B config vars" / "Remove C config vars", Heroku's wording for a release's description. */
export function describeConfigChange(change: ConfigChange): string {
  const set = Object.keys(change).filter((name) => change[name] !== null);
  const removed = Object.keys(change).filter((name) => change[name] === null);
  const parts: string[] = [];
  if (set.length > 0) parts.push(`Set ${set.join(', ')}`);
  if (removed.length > 0) parts.push(`${set.length > 0 ? 'remove' : 'Remove'} ${removed.join(', ')}`);
  return `${parts.join(' and ')} config vars`;
}
