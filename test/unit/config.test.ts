// Settings: what each may hold, and the sentence for what it may not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readConfig, settings } from '../../platform/config.ts';
import { greeting } from '../../platform/greeting.ts';

const address = /it must be <address>:<port>, such as/;
const seconds = /it must be a whole number of seconds from 1 to 86400/;

it.each([
  ['TWELVE_API', 'abc', address],
  ['TWELVE_API', ':5480', address],
  ['TWELVE_API', '127.0.0.1:99999', address],
  ['TWELVE_HTTP', '80', address],
  ['TWELVE_HTTP', 'my host:80', address],
  ['TWELVE_HTTPS', '443', address],
  ['TWELVE_API_TLS', 'yes', address],
  ['TWELVE_ACME', 'yes', /it must be off or agreed/],
  ['TWELVE_REGISTRY', '0.0.0.0:5000', /must be a 127\.x\.x\.x address/],
  ['TWELVE_DOMAIN', 'my apps', /a host name in lower case/],
  ['TWELVE_DOMAIN', 'Apps.Example', /a host name in lower case/],
  ['TWELVE_PUBLIC_URL', 'ftp://x', /an http or https URL/],
  ['TWELVE_PUBLIC_URL', 'x', /an http or https URL/],
  ['TWELVE_NETWORKS', '10.0.0.0/30', /an IPv4 range such as/],
  ['TWELVE_NETWORKS', '10.213.0.0', /an IPv4 range such as/],
  ['TWELVE_NETWORKS', '999.0.0.0/16', /an IPv4 range such as/],
  ['TWELVE_IMAGES_EPOCH', 'today', /a day, or a minute in UTC, such as 2026-11-28 or 2026-11-28T20:31Z\.$/],
  ['TWELVE_CA_FILE', '/nowhere.pem', /which does not exist/],
  ['TWELVE_CA_FILE', '/etc', /which is not a file/],
  ['TWELVE_BOOT_TIMEOUT', 'soon', seconds],
  ['TWELVE_BOOT_TIMEOUT', '0', seconds],
  ['TWELVE_STOP_TIMEOUT', '-1', seconds],
  ['TWELVE_DRAIN_TIMEOUT', '1.5', seconds],
  ['TWELVE_REQUEST_TIMEOUT', '0', seconds],
  ['TWELVE_IDLE_TIMEOUT', 'never', seconds],
  ['TWELVE_BUILD_TIMEOUT', '86401', seconds],
  ['TWELVE_RELEASE_TIMEOUT', '1h', seconds],
  ['TWELVE_BUILD_MEMORY', '1', /a whole number of MB from 128/],
  ['TWELVE_BUILDS', '0', /a whole number from 1 to 100/],
  ['TWELVE_BUILD_CPUS', '10000', /a number of cores from 0\.1 to \d+, which is what the machine has/],
  ['TWELVE_BUILD_PROCESSES', '63', /a whole number from 64 to 100000/],
  ['TWELVE_BUILD_DISK', '63', /a whole number of MB from 64/],
  ['TWELVE_BUILD_CACHE', '0', /a whole number of MB from 1/],
  ['TWELVE_BUILD_LOG', '1025', /a whole number of MB from 1 to 1024/],
  ['TWELVE_LOG_BUDGET', '0', /a whole number of MB from 1/],
  ['TWELVE_DRAIN_ADDRESSES', 'localhost', /addresses and ranges with commas between them/],
  ['TWELVE_DRAIN_ADDRESSES', '127.0.0.1,', /addresses and ranges with commas between them/],
  ['TWELVE_DRAIN_ADDRESSES', '10.0.0.0/33', /addresses and ranges with commas between them/],
  ['TWELVE_DRAIN_ADDRESSES', '10.0.0.0/8/8', /addresses and ranges with commas between them/],
  ['TWELVE_SLUG_LIMIT', '1 GB', /a whole number of MB from 1/],
  ['TWELVE_CACHES', '-1', /a whole number of MB from 0/],
  ['TWELVE_SLUGS_BUDGET', '1 GB', /a whole number of MB from 0/],
  ['TWELVE_REPOSITORIES_BUDGET', 'all', /a whole number of MB from 0/],
  ['TWELVE_KEEP_RELEASES', '1', /a whole number from 2 to 1000/],
  ['TWELVE_LOG_LEVEL', 'loud', /debug, info, warn or error/],
])('%s=%s is refused by name, with what it may be', (name, value, sentence) => {
  const read = () => readConfig({ [name]: value });
  expect(read).toThrow(expect.objectContaining({ code: 'bad_request' }));
  expect(read).toThrow(sentence);
  expect(read).toThrow(`${name} is "${value}"`);
});

it('an address of IPv6 is in brackets, and said so', () => {
  const env = { TWELVE_API: '[::1]:5480', TWELVE_HTTP: '[::]:80', TWELVE_API_TLS: '[2001:db8::1]:5443' };
  const config = readConfig({ ...env, TWELVE_DOMAIN: 'apps.example.com' });
  expect(config).toMatchObject({
    api: { host: '::1', port: 5480 },
    http: { host: '::', port: 80 },
    apiTls: { host: '2001:db8::1', port: 5443 },
  });
  expect(greeting(config, config.api)).toMatch(
    /http:\/\/\[::1\]:5480\n.*https:\/\/\[2001:db8::1\]:5443\n.*http:\/\/<app>\.apps\.example\.com\n/,
  );
});

it('TLS is off unless it is asked for, and certificates are ordered for who can be reached', () => {
  expect(readConfig({})).toMatchObject({ https: null, apiTls: null, acme: null });
  const agreed = { TWELVE_ACME: 'agreed', TWELVE_ACME_EMAIL: 'a@b.example', TWELVE_HTTPS: '127.0.0.1:443' };
  expect(readConfig(agreed).acme).toEqual({
    directory: 'https://acme-v02.api.letsencrypt.org/directory',
    email: 'a@b.example',
    caFile: null,
  });
  expect(readConfig({ TWELVE_ACME_EMAIL: 'nonsense' }).acme).toBeNull();
  const refused = (more: Record<string, string>) => () => readConfig({ ...agreed, ...more });
  expect(refused({ TWELVE_ACME_EMAIL: '' })).toThrow(/TWELVE_ACME_EMAIL is ""; it must be an address/);
  expect(refused({ TWELVE_ACME_DIRECTORY: 'http://x' })).toThrow(/TWELVE_ACME_DIRECTORY is "http:\/\/x"/);
  expect(refused({ TWELVE_ACME_CA_FILE: '/nowhere' })).toThrow(
    /TWELVE_ACME_CA_FILE is "\/nowhere", which does not exist/,
  );
  expect(refused({ TWELVE_HTTPS: '' })).toThrow(
    /TWELVE_ACME is "agreed", and .* serve nobody .* set TWELVE_HTTPS, .*, or TWELVE_API_TLS/,
  );
  // The platform's own name is served with one.
  const apiAlone = readConfig({ ...agreed, TWELVE_HTTPS: '', TWELVE_API_TLS: '127.0.0.1:5443' });
  expect(apiAlone.acme?.email).toBe('a@b.example');
});

it('paths hold wherever a program of ours works', () => {
  const set = { TWELVE_DATA: 'data', TWELVE_RUN: 'run', TWELVE_CA_FILE: 'package.json' };
  expect(readConfig(set)).toMatchObject({
    dataFolder: join(process.cwd(), 'data'),
    runFolder: join(process.cwd(), 'run'),
    caFile: join(process.cwd(), 'package.json'),
  });
  expect(readConfig({ SSL_CERT_FILE: 'package.json' }).caFile).toBe(join(process.cwd(), 'package.json'));
  // By the platform's id, where it is not set.
  expect(readConfig({}).runFolder).toBe('');
});

it('drain addresses are a list', () => {
  expect(readConfig({}).drainAddresses).toEqual([]);
  expect(readConfig({ TWELVE_DRAIN_ADDRESSES: '127.0.0.1, 10.0.0.0/24,fd00::/8' }).drainAddresses).toEqual([
    ...['127.0.0.1', '10.0.0.0/24', 'fd00::/8'],
  ]);
});

it('an empty setting is one that is not given; the defaults are as listed', () => {
  const empty = Object.fromEntries(settings.map(({ name }) => [name, '']));
  expect(readConfig(empty)).toEqual(readConfig({}));
  expect(readConfig({})).toMatchObject({
    dataFolder: '/var/lib/twelve',
    api: { host: '127.0.0.1', port: 5480 },
    http: { host: '0.0.0.0', port: 80 },
    domain: 'localhost',
    bootTimeoutMs: 60_000,
    keepReleases: 10,
    budgets: {
      ...{ images: null, slugs: null, repositories: null, backups: null },
      ...{ 'build caches': 20_480 * 1_048_576, buildpacks: 2048 * 1_048_576 },
      'Debian packages': 1024 * 1_048_576,
    },
  });
});

it('builds at once: one per core; what bounds a build is as it was set', () => {
  expect(readConfig({})).toMatchObject({
    builds: availableParallelism(),
    buildCpus: null,
    buildProcesses: 4096,
    buildDiskBytes: 8192 * 1_048_576,
    buildCacheBytes: 4096 * 1_048_576,
    buildLogBytes: 10 * 1_048_576,
  });
  const set = {
    TWELVE_BUILDS: '7',
    TWELVE_BUILD_CPUS: '0.5',
    TWELVE_BUILD_PROCESSES: '512',
    TWELVE_BUILD_DISK: '100',
    TWELVE_BUILD_CACHE: '50',
    TWELVE_BUILD_LOG: '2',
  };
  expect(readConfig(set)).toMatchObject({
    builds: 7,
    buildCpus: 0.5,
    buildProcesses: 512,
    buildDiskBytes: 100 * 1_048_576,
    buildCacheBytes: 50 * 1_048_576,
    buildLogBytes: 2 * 1_048_576,
  });
});

it('the epoch of images is the setting, else what setup keeps in the checkout, else none', () => {
  const root = mkdtempSync(join(tmpdir(), 'twelve-config-'));
  const file = join(root, 'images-epoch');
  const epoch = (set?: string) => readConfig({ TWELVE_IMAGES_EPOCH: set }, root).imagesEpoch;
  try {
    expect(epoch()).toBe('');
    expect(epoch('2026-11-28')).toBe('2026-11-28');
    writeFileSync(file, '2026-11-27T08:15Z\n');
    expect(epoch()).toBe('2026-11-27T08:15Z');
    expect(epoch('2026-11-28')).toBe('2026-11-28');
    writeFileSync(file, 'soon\n');
    expect(() => epoch()).toThrow(
      `${file} is "soon"; it must be a day, or a minute in UTC, such as 2026-11-28 or 2026-11-28T20:31Z. Remove that file, or run: scripts/setup --fresh-images`,
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});
