// What `ps:set` sets of an app: how its processes change over, how they are checked, when its release command runs.
import { PlatformError } from './errors.ts';

/** As they are kept: `rollout.web` → `replace`. Only what differs from the default. */
export type WrittenSettings = Readonly<Record<string, string>>;

export interface ProcessSettings {
  /** overlap: new ones are proven beside the old. replace: never more run than are wanted. */
  rollout(type: string): 'overlap' | 'replace';
  /** Whether the health checks of app.json are used. */
  checks(type: string): boolean;
  /** Types that change over one after another, before those that are not named. */
  order: readonly string[];
  /** How many processes start at the same time. */
  parallel: number;
  /** Whether the release command runs after a change of this kind, where the code stays the same. */
  releaseOn(cause: 'config' | 'rollback'): boolean;
  /** null: the platform's. */
  bootTimeoutMs: number | null;
  stopTimeoutMs: number | null;
}

interface Key {
  /** Written with a process type after a dot, too, or only so. */
  type: 'never' | 'may' | 'must';
  takes: string;
  /** As it is kept; small letters where nothing is said. */
  form?(value: string): string;
  accepts(value: string): boolean;
  otherwise(type: string): string;
}

const within = (value: string, least: number, most: number): boolean =>
  /^\d{1,6}$/.test(value) && Number(value) >= least && Number(value) <= most;
const causes = ['deploy', 'config', 'rollback'];
const typeName = /^[a-z0-9_-]{1,63}$/i;

const keys: Readonly<Record<string, Key>> = {
  rollout: {
    type: 'must',
    takes: 'overlap or replace',
    accepts: (value) => value === 'overlap' || value === 'replace',
    otherwise: (type) => (type === 'web' ? 'overlap' : 'replace'),
  },
  checks: {
    type: 'may',
    takes: 'on or off',
    accepts: (value) => value === 'on' || value === 'off',
    otherwise: () => 'on',
  },
  order: {
    type: 'never',
    takes: 'process types in the order in which they change over (worker,web), or default',
    form: (value) => value.replace(/\s*,\s*/g, ','),
    accepts(value) {
      const types = value.split(',');
      return (
        types.length <= 50 &&
        types.every((one, index) => typeName.test(one) && one !== 'release' && types.indexOf(one) === index)
      );
    },
    otherwise: () => 'default',
  },
  parallel: {
    type: 'never',
    takes: 'a number of processes from 1 to 1000, or all',
    accepts: (value) => value === 'all' || within(value, 1, 1000),
    otherwise: () => 'all',
  },
  'release-on': {
    type: 'never',
    takes: 'deploy, alone or with config and rollback: deploy,config,rollback',
    accepts(value) {
      const parts = value.split(',');
      return (
        parts.includes('deploy') &&
        parts.every((one, index) => causes.includes(one) && parts.indexOf(one) === index)
      );
    },
    otherwise: () => 'deploy',
  },
  'boot-timeout': {
    type: 'never',
    takes: 'seconds from 1 to 3600, or default',
    accepts: (value) => value === 'default' || within(value, 1, 3600),
    otherwise: () => 'default',
  },
  'stop-timeout': {
    type: 'never',
    takes: 'seconds from 1 to 3600, or default',
    accepts: (value) => value === 'default' || within(value, 1, 3600),
    otherwise: () => 'default',
  },
};

/**
 * The settings after a change; an empty value takes a key back to its default.
 * @throws PlatformError `invalid_params` for a key or a value that there is not
 */
export function changeSettings(before: WrittenSettings, change: WrittenSettings): WrittenSettings {
  const after = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(change)) {
    const key = find(name);
    const formed = (key.form ?? lower)(value.trim());
    if (formed !== '' && !key.accepts(formed))
      throw bad(`${name} does not take "${value.slice(0, 60)}". It takes ${key.takes}.`);
    if (formed === '') after.delete(name);
    else after.set(name, formed);
  }
  return Object.fromEntries([...after].sort(([a], [b]) => a.localeCompare(b)));
}

export interface ListedSetting {
  key: string;
  value: string;
  from: 'ps:set' | 'app.json' | 'default';
}

/**
 * Every setting that an app with these process types has, and whose word it is.
 * @param declared what its app.json says
 */
export function listSettings(
  written: WrittenSettings,
  types: readonly string[],
  declared: WrittenSettings = {},
): ListedSetting[] {
  const names = Object.entries(keys).flatMap(([name, { type }]) =>
    type === 'never' ? [name] : types.map((one) => `${name}.${one}`),
  );
  const shown = [...new Set([...names, ...Object.keys(written), ...Object.keys(declared)])];
  return shown.map((key) => {
    const [ofUser, ofApp] = [saidIn(written, key), saidIn(declared, key)];
    const from = ofUser !== undefined ? 'ps:set' : ofApp !== undefined ? 'app.json' : 'default';
    return { key, value: ofUser ?? ofApp ?? otherwise(key), from };
  });
}

/** @param declared what the app.json of the release says: it counts where `ps:set` said nothing */
export function settingsOf(written: WrittenSettings, declared: WrittenSettings = {}): ProcessSettings {
  const setting = (key: string): string => saidIn(written, key) ?? saidIn(declared, key) ?? otherwise(key);
  const releaseOn = setting('release-on').split(',');
  const ms = (key: string): number | null => {
    const value = setting(key);
    return value === 'default' ? null : Number(value) * 1000;
  };
  const [parallel, order] = [setting('parallel'), setting('order')];
  return {
    rollout: (type) => setting(`rollout.${type}`) as 'overlap' | 'replace',
    checks: (type) => setting(`checks.${type}`) === 'on',
    order: order === 'default' ? [] : order.split(','),
    parallel: parallel === 'all' ? Number.POSITIVE_INFINITY : Number(parallel),
    releaseOn: (cause) => releaseOn.includes(cause),
    bootTimeoutMs: ms('boot-timeout'),
    stopTimeoutMs: ms('stop-timeout'),
  };
}

/** What is said of the type itself counts before what is said of all. */
function saidIn(written: WrittenSettings, name: string): string | undefined {
  const [plain = ''] = split(name);
  const of = (key: string): string | undefined => (Object.hasOwn(written, key) ? written[key] : undefined);
  return of(name) ?? of(plain);
}

function otherwise(name: string): string {
  const [plain = '', type = ''] = split(name);
  return keys[plain]!.otherwise(type);
}

const lower = (value: string): string => value.toLowerCase();

function find(name: string): Key {
  const [plain = '', type] = split(name);
  const key = Object.hasOwn(keys, plain) ? keys[plain]! : undefined;
  const known = Object.entries(keys).flatMap(([one, { type: takes }]) =>
    takes === 'never' ? [one] : takes === 'may' ? [one, `${one}.<type>`] : [`${one}.<type>`],
  );
  const fits =
    key !== undefined &&
    (type === undefined ? key.type !== 'must' : key.type !== 'never' && typeName.test(type));
  if (!fits || type === 'release')
    throw bad(`There is no setting "${name.slice(0, 80)}". Settings: ${known.join(', ')}.`);
  return key;
}

function split(name: string): [string, string?] {
  const dot = name.indexOf('.');
  return dot === -1 ? [name] : [name.slice(0, dot), name.slice(dot + 1)];
}

function bad(sentence: string): PlatformError {
  return new PlatformError('invalid_params', sentence);
}
