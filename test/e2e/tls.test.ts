// A platform on a network: the API and git over TLS with an authority of its own, and certificates of apps.
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startPlatform, type TestPlatform, userEnvironment } from '../support/platform.ts';
import { freePorts } from '../support/server-process.ts';
import { visit } from '../support/visit.ts';
import { certificateOf, visitOverTls } from '../support/visit-tls.ts';
import { plainApp } from './bad-input/pushes.ts';

let platform: TestPlatform;
let https: number;
let url: string;
let elsewhere: Record<string, string>;
let folder: string;
beforeAll(async () => {
  const [web, api] = (await freePorts(2)) as [number, number];
  https = web;
  url = `https://127.0.0.1:${api}`;
  platform = await startPlatform({
    TWELVE_DOMAIN: 'apps.test',
    TWELVE_HTTPS: `127.0.0.1:${web}`,
    TWELVE_API_TLS: `127.0.0.1:${api}`,
  });
  // Another machine: a home that knows nothing of this server.
  folder = mkdtempSync(join(platform.dataFolder, '..', 'elsewhere-'));
  elsewhere = userEnvironment(folder);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const issuerOf = async (host: string): Promise<unknown> => (await certificateOf(https, host)).issuer.CN;

test('from another machine: the authority is pinned, and then commands, git push and run go over TLS', async () => {
  const options = { env: elsewhere, cwd: folder };
  const stranger = await platform.cli(['login', url], { ...options, input: platform.token });
  expect(stranger.status).toBe(1);
  const fingerprint = (await must(platform.cli(['ca', '--fingerprint']))).stdout.trim();
  expect(fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(stranger.stderr).toContain(fingerprint);
  expect(stranger.stderr).toContain(`twelve login ${url} --ca FILE`);
  const file = join(folder, 'ca.pem');
  writeFileSync(file, (await must(platform.cli(['ca']))).stdout);
  const other = join(folder, 'other.pem');
  writeFileSync(other, (await makeCertificate('Other', { authority: true })).chain);
  const wrong = await platform.cli(['login', url, '--ca', other], { ...options, input: platform.token });
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toMatch(/is not trusted/);
  await must(platform.cli(['login', url, '--ca', file], { ...options, input: platform.token }));
  const repository = await platform.newApp(null, plainApp);
  const there = { env: elsewhere, cwd: repository.folder };
  await must(platform.cli(['apps:create', 'remote'], there));
  expect((await platform.git(['remote', '-v'], there)).stdout).toContain(`${url}/remote.git`);
  await must(platform.git(['push', 'platform', 'main'], there));
  expect((await must(platform.cli(['run', 'echo', 'over TLS'], there))).stdout).toContain('over TLS');
  expect((await must(platform.cli(['logs', '-n', '5'], there))).stdout).toMatch(/ (app|twelve)\[/);
  expect((await visitOverTls(https, 'remote.apps.test')).status).toBe(200);
});

test('a certificate that was added is served at once, told, and gone when it is removed', async () => {
  const root = await makeCertificate('A Real Authority', { authority: true });
  const leaf = await makeCertificate('www.shop.test', { names: ['www.shop.test'], issuer: root });
  const [crt, key] = [join(folder, 'crt'), join(folder, 'key')];
  writeFileSync(crt, leaf.chain + root.chain);
  writeFileSync(key, leaf.key);
  const app = ['-a', 'remote'];
  expect(await issuerOf('remote.apps.test')).toBe('Twelve CA of apps.test');
  const refused = await platform.cli(['certs:add', key, crt, ...app]);
  expect(refused.stderr).toContain('The certificate comes first');
  await must(platform.cli(['domains:add', 'www.shop.test', ...app]));
  const added = await must(platform.cli(['certs:add', crt, key, ...app]));
  const name = /cert-[0-9a-f]{8}/.exec(added.stdout)![0];
  expect(added.stdout).toMatch(/Serves: +www\.shop\.test/);
  expect(await issuerOf('www.shop.test')).toBe('A Real Authority');
  expect((await must(platform.cli(['certs', ...app]))).stdout).toContain(name);
  const shown = await platform.api('GET', `/apps/remote/sni-endpoints/${name}`);
  expect(JSON.stringify(shown.body)).not.toContain('PRIVATE KEY');
  const secret = leaf.key.split('\n')[1]!;
  for (const part of ['twelve.db', 'twelve.db-wal'])
    expect(readFileSync(join(platform.dataFolder, part)).includes(secret)).toBe(false);
  expect(platform.serverOutput()).not.toContain(secret);
  expect(statSync(join(platform.dataFolder, 'router', 'certificates')).mode & 0o777).toBe(0o700);
  await platform.restart();
  expect(await issuerOf('www.shop.test')).toBe('A Real Authority');
  const wild = await makeCertificate('*.apps.test', { names: ['*.apps.test'], issuer: root });
  writeFileSync(crt, wild.chain + root.chain);
  writeFileSync(key, wild.key);
  await must(platform.cli(['certs:add', crt, key, '--server']));
  expect(await issuerOf('remote.apps.test')).toBe('A Real Authority');
  await must(platform.cli(['certs:remove', name, ...app]));
  expect(await issuerOf('www.shop.test')).toBe('Twelve CA of apps.test');
});

test('plain HTTP is sent to HTTPS where an app wants it', async () => {
  const host = 'remote.apps.test';
  const app = ['-a', 'remote'];
  await must(platform.cli(['https:redirect', 'on', ...app]));
  expect(await redirectOf(host)).toEqual({ status: 308, location: `https://${host}:${https}/a` });
  expect((await must(platform.cli(['apps:info', 'remote', '--json']))).stdout).toContain(
    `https://${host}:${https}/`,
  );
  await must(platform.cli(['https:redirect', 'off', ...app]));
  expect((await redirectOf(host)).status).toBe(200);
});

async function redirectOf(host: string) {
  const { status, headers } = await visit(platform.httpPort, host, '/a');
  return { status, location: headers.location };
}
