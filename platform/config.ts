// Environment → one frozen Config. The only reader of process.env on the server's side.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isRange } from './domain/address.ts';
import { type Budgets, readBudgets } from './domain/budgets.ts';
import { PlatformError } from './domain/errors.ts';
import type { Size } from './domain/formation.ts';
import { isName } from './domain/host-name.ts';
import { isEpoch } from './domain/images-epoch.ts';
import { go, packageSettings, proxies } from './domain/inherited.ts';
import { type Address, address, loopback } from './domain/listen-address.ts';
import { sizesWith } from './domain/own-sizes.ts';
import { settingList } from './domain/setting-list.ts';
import { settings } from './domain/settings.ts';

export { type Address, settings };

export interface Config {
  /** Everything that must survive lives here. */
  dataFolder: string;
  /** Sockets; short, since a socket path has at most 107 bytes. */
  runFolder: string;
  api: Address;
  /** Where the engine pulls releases from; always loopback. */
  registry: Address;
  /** The router's address for visitors. */
  http: Address;
  /** The router's address for visitors over TLS; null: it has none. */
  https: Address | null;
  /** Where the API and git are reached over TLS; null: nowhere. */
  apiTls: Address | null;
  /** Certificates are ordered from there; null: they are not. */
  acme: { directory: string; email: string; caFile: string | null } | null;
  /** Apps answer at `<app>.<domain>`. */
  domain: string;
  /** Base of links when the request does not tell; null means the API's address. */
  publicUrl: string | null;
  /** More names that the API is asked by. */
  apiNames: readonly string[];
  /** Unix socket of the engine. */
  engineSocket: string;
  /** Since when Debian's packages in our images are at least; empty: as they were when the images were first made. */
  imagesEpoch: string;
  /** The engine's container folder as we see it (null: where the engine says it is). */
  engineContainers: string | null;
  /** What a process can be: the default sizes and the operator's. */
  sizes: readonly Size[];
  /** Range that apps' networks are cut from, each a /25. */
  networks: string;
  /** PEM bundle handed to builds as their certificate authorities; null when the host has none of its own. */
  caFile: string | null;
  /** `http_proxy`, `https_proxy`, `no_proxy` of the server's own environment, for image builds. */
  proxies: Readonly<Record<string, string>>;
  /** `npm_config_…` of the server's own environment as npm names them (`registry`), for builds where no npm can be asked. */
  npm: Readonly<Record<string, string>>;
  /** `PIP_…` of the server's own environment as pip names them (`index-url`), for builds where no pip can be asked. */
  pip: Readonly<Record<string, string>>;
  /** Settings of Go in the server's own environment, for builds where no go command can be asked. */
  go: Readonly<Record<string, string>>;
  bootTimeoutMs: number;
  stopGraceMs: number;
  drainMs: number;
  /** Until an app's response begins. */
  requestTimeoutMs: number;
  /** Then, between any two bytes. */
  idleTimeoutMs: number;
  buildTimeoutMs: number;
  /** Bytes. */
  buildMemory: number;
  /** Builds at once; what comes on top waits. */
  builds: number;
  /** Cores a build may use at most; null: all. */
  buildCpus: number | null;
  /** Processes and threads of a build. */
  buildProcesses: number;
  /** Bytes that the files of one build may take. */
  buildDiskBytes: number;
  buildCacheBytes: number;
  /** Bytes of a build's output that are shown and kept. */
  buildLogBytes: number;
  /** Containers that wait ready for the next build of the apps that were built last. */
  buildsReady: number;
  releasePhaseTimeoutMs: number;
  /** How long a one-off waits for a caller whose connection broke. */
  reattachMs: number;
  logBudgetBytes: number;
  /** Addresses and ranges that log drains may go to although they are refused otherwise. */
  drainAddresses: readonly string[];
  slugLimitBytes: number;
  /** With less free space than this no push is taken and no build started. */
  minFreeBytes: number;
  /** Bytes that what is kept on disks may take, by kind. */
  budgets: Budgets;
  /** Releases per app whose slugs are kept. */
  keepReleases: number;
  /** Entries of the audit log. */
  auditEntries: number;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/**
 * @param env usually process.env
 * @param root the checkout, or what was made of one
 * @throws PlatformError `bad_request` naming the setting, what it held and what it may hold
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  root = join(import.meta.dirname, '..'),
): Config {
  const text = (name: string): string => {
    const known = settings.find((setting) => setting.name === name);
    if (!known) throw new Error(`no setting ${name}`);
    return env[name] || known.default;
  };
  const checked = <T>(name: string, schema: z.ZodType<T>, may: string): T => {
    const result = schema.safeParse(text(name));
    if (!result.success)
      throw new PlatformError('bad_request', `${name} is "${text(name)}"; it must be ${may}.`);
    return result.data;
  };
  const seconds = (name: string): number =>
    checked(name, z.coerce.number().int().min(1).max(86_400), 'a whole number of seconds from 1 to 86400') *
    1000;
  const count = (name: string, min: number, max: number): number =>
    checked(name, z.coerce.number().int().min(min).max(max), `a whole number from ${min} to ${max}`);
  const megabytes = (name: string, min: number, max = 1_048_576): number =>
    checked(name, z.coerce.number().int().min(min).max(max), `a whole number of MB from ${min} to ${max}`) *
    1_048_576;
  const maybeAddress = (name: string): Address | null => (text(name) ? address(name, text(name)) : null);
  return Object.freeze<Config>({
    dataFolder: resolve(text('TWELVE_DATA')),
    runFolder: text('TWELVE_RUN') && resolve(text('TWELVE_RUN')),
    api: address('TWELVE_API', text('TWELVE_API')),
    registry: loopback('TWELVE_REGISTRY', text('TWELVE_REGISTRY')),
    http: address('TWELVE_HTTP', text('TWELVE_HTTP')),
    https: maybeAddress('TWELVE_HTTPS'),
    apiTls: maybeAddress('TWELVE_API_TLS'),
    acme:
      checked('TWELVE_ACME', z.enum(['off', 'agreed']), 'off or agreed') === 'agreed'
        ? acme(text, checked)
        : null,
    domain: checked('TWELVE_DOMAIN', z.string().refine(isName), 'a host name in lower case'),
    publicUrl: text('TWELVE_PUBLIC_URL')
      ? checked('TWELVE_PUBLIC_URL', z.url({ protocol: /^https?$/ }), 'an http or https URL').replace(
          /\/+$/,
          '',
        )
      : null,
    apiNames: settingList(
      'TWELVE_API_NAMES',
      text('TWELVE_API_NAMES'),
      isName,
      'host names with commas between them, such as paas.example.com',
    ),
    engineSocket: text('TWELVE_ENGINE').replace(/^unix:\/\//, ''),
    imagesEpoch: imagesEpoch(text('TWELVE_IMAGES_EPOCH'), join(root, 'images-epoch')),
    engineContainers: text('TWELVE_ENGINE_CONTAINERS') || null,
    networks: checked(
      'TWELVE_NETWORKS',
      z.cidrv4().regex(/\/(8|9|1\d|2[0-4])$/),
      'an IPv4 range such as 10.213.0.0/16, from /8 to /24',
    ),
    sizes: sizesWith(text('TWELVE_SIZES')),
    caFile: caFile(text('TWELVE_CA_FILE'), env),
    proxies: proxies(env),
    npm: packageSettings(env, /^npm_config_(.+)$/i),
    pip: packageSettings(env, /^PIP_(.+)$/),
    go: go(env),
    bootTimeoutMs: seconds('TWELVE_BOOT_TIMEOUT'),
    stopGraceMs: seconds('TWELVE_STOP_TIMEOUT'),
    drainMs: seconds('TWELVE_DRAIN_TIMEOUT'),
    requestTimeoutMs: seconds('TWELVE_REQUEST_TIMEOUT'),
    idleTimeoutMs: seconds('TWELVE_IDLE_TIMEOUT'),
    buildTimeoutMs: seconds('TWELVE_BUILD_TIMEOUT'),
    buildMemory: text('TWELVE_BUILD_MEMORY')
      ? megabytes('TWELVE_BUILD_MEMORY', 128)
      : Math.min(2048 * 1_048_576, Math.floor(totalmem() / 2)),
    builds: text('TWELVE_BUILDS') ? count('TWELVE_BUILDS', 1, 100) : availableParallelism(),
    buildCpus: text('TWELVE_BUILD_CPUS')
      ? checked(
          'TWELVE_BUILD_CPUS',
          z.coerce.number().min(0.1).max(availableParallelism()),
          `a number of cores from 0.1 to ${availableParallelism()}, which is what the machine has`,
        )
      : null,
    buildProcesses: count('TWELVE_BUILD_PROCESSES', 64, 100_000),
    buildDiskBytes: megabytes('TWELVE_BUILD_DISK', 64),
    buildCacheBytes: megabytes('TWELVE_BUILD_CACHE', 1),
    buildLogBytes: megabytes('TWELVE_BUILD_LOG', 1, 1024),
    buildsReady: count('TWELVE_BUILDS_READY', 0, 100),
    releasePhaseTimeoutMs: seconds('TWELVE_RELEASE_TIMEOUT'),
    reattachMs: seconds('TWELVE_REATTACH_TIMEOUT'),
    logBudgetBytes: megabytes('TWELVE_LOG_BUDGET', 1),
    drainAddresses: settingList(
      'TWELVE_DRAIN_ADDRESSES',
      text('TWELVE_DRAIN_ADDRESSES'),
      isRange,
      'addresses and ranges with commas between them, such as 127.0.0.1,10.0.0.0/24',
    ),
    slugLimitBytes: megabytes('TWELVE_SLUG_LIMIT', 1),
    minFreeBytes: megabytes('TWELVE_MIN_FREE', 0, 1_000_000_000),
    budgets: readBudgets((name) => (text(name) ? megabytes(name, 0, 100_000_000) : null)),
    keepReleases: count('TWELVE_KEEP_RELEASES', 2, 1000),
    auditEntries: count('TWELVE_AUDIT_ENTRIES', 1000, 10_000_000),
    logLevel: checked(
      'TWELVE_LOG_LEVEL',
      z.enum(['debug', 'info', 'warn', 'error']),
      'debug, info, warn or error',
    ),
  });
}

/** Who agreed to an authority's terms has said where it can reach them. */
function acme(
  text: (name: string) => string,
  checked: (name: string, schema: z.ZodType<string>, may: string) => string,
): Config['acme'] {
  if (!text('TWELVE_HTTPS') && !text('TWELVE_API_TLS'))
    throw new PlatformError(
      'bad_request',
      'TWELVE_ACME is "agreed", and this server would serve nobody with the certificates that it orders: set TWELVE_HTTPS, to 0.0.0.0:443 for example, or TWELVE_API_TLS as well, or leave TWELVE_ACME out.',
    );
  const directory = checked('TWELVE_ACME_DIRECTORY', z.url({ protocol: /^https$/ }), 'an https URL');
  const email = checked(
    'TWELVE_ACME_EMAIL',
    z.email(),
    'an address that the authority can write to, since TWELVE_ACME is set',
  );
  const file = text('TWELVE_ACME_CA_FILE');
  return { directory, email, caFile: file ? existingFile('TWELVE_ACME_CA_FILE', file) : null };
}

/** @param file where `scripts/setup --fresh-images` keeps it */
function imagesEpoch(set: string, file: string): string {
  const epoch = set || (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
  if (epoch === '' || isEpoch(epoch)) return epoch;
  const instead = set ? '' : ' Remove that file, or run: scripts/setup --fresh-images';
  throw new PlatformError(
    'bad_request',
    `${set ? 'TWELVE_IMAGES_EPOCH' : file} is "${epoch}"; it must be a day, or a minute in UTC, such as 2026-11-28 or 2026-11-28T20:31Z.${instead}`,
  );
}

function existingFile(name: string, path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  // What reads it, git for example, may work in another folder than we do.
  if (found?.isFile()) return resolve(path);
  const what = found ? 'is not a file' : 'does not exist';
  throw new PlatformError('bad_request', `${name} is "${path}", which ${what}.`);
}

function caFile(own: string, env: Readonly<Record<string, string | undefined>>): string | null {
  if (own) return existingFile('TWELVE_CA_FILE', own);
  const inherited = env['NODE_EXTRA_CA_CERTS'] || env['SSL_CERT_FILE'];
  return inherited && existsSync(inherited) ? resolve(inherited) : null;
}
