// Logging in over TLS: an authority that nobody here knows is shown and asked about before a token goes anywhere.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { beforeAll, expect, it } from 'vitest';
import {
  fingerprintOf,
  issue,
  type KeyPair,
  makeAuthority,
} from '../../../platform/certificates/authority.ts';
import { believing } from '../../../platform/cli/trust.ts';
import { scriptedApi, start, temporaryFolder, twelve } from './scripted.ts';

let authority: KeyPair;
let leaf: KeyPair;
beforeAll(async () => {
  authority = await makeAuthority('apps.example.com', new Date());
  leaf = await issue(authority, ['127.0.0.1'], new Date());
});

let git: string;
const routes = {
  'GET /account': { body: { id: '1', email: 'admin@localhost' } },
  'GET /apps/hello': () => ({ body: { id: '1', name: 'hello', git_url: git } }),
};
const storedIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'twelve', 'login.json'), 'utf8')) as {
    hosts: Record<string, { token: string; authority?: string }>;
  };

it('where nobody can be asked it is refused, says the fingerprint, and sends nothing', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(routes, leaf);
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path }, input: 'right\n' };
  const refused = await twelve(['login', api.url], options);
  expect(refused.status).toBe(1);
  expect(refused.err).toContain(fingerprintOf(authority.chain));
  expect(refused.err).toContain(`twelve login ${api.url} --ca FILE`);
  expect(api.asked).toEqual([]);
});

it('what to compare it with is printed where nobody is logged in, and no token is sent for it', async () => {
  const body = { certificate: `${authority.chain.trim()}\n`, fingerprint: fingerprintOf(authority.chain) };
  await using api = await scriptedApi({ 'GET /certificate-authority': { body } });
  const nobody = { url: api.url, token: null };
  expect(await twelve(['ca', '--fingerprint'], nobody)).toMatchObject({
    status: 0,
    out: `${body.fingerprint}\n`,
  });
  expect(await twelve(['ca'], nobody)).toMatchObject({ status: 0, out: body.certificate });
  expect(api.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  await using closed = await scriptedApi({ 'GET /certificate-authority': { status: 401 } });
  expect(await twelve(['ca'], { url: closed.url, token: null })).toMatchObject({
    status: 1,
    err: expect.stringContaining(`You are not logged in to ${closed.url}.`),
  });
});

it('with --ca it is stored for this server, and used by commands and by git', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(routes, leaf);
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path }, cwd: folder.path };
  const file = join(folder.path, 'ca.pem');
  await writeFile(file, 'nothing');
  const none = await twelve(['login', api.url, '--ca', file], { ...options, input: 'right\n' });
  expect(none.err).toContain('holds no certificate (PEM)');
  await writeFile(file, (await makeAuthority('another', new Date())).chain);
  const other = await twelve(['login', api.url, '--ca', file], { ...options, input: 'right\n' });
  expect([other.status, api.asked.length]).toEqual([1, 0]);
  await writeFile(file, authority.chain);
  const right = await twelve(['login', api.url, '--ca', file], { ...options, input: 'right\n' });
  expect(right).toMatchObject({ status: 0, out: `Logged in to ${api.url} as admin@localhost\n` });
  expect((await twelve(['whoami'], options)).out).toBe('admin@localhost\n');
  git = `${api.url}/hello.git`;
  execFileSync('git', ['init', '-q'], { cwd: folder.path });
  expect((await twelve(['git:remote', '-a', 'hello'], options)).status).toBe(0);
  const trusted = execFileSync('git', ['config', `http.${api.url}.sslCAInfo`], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  // It takes the place of what git believes otherwise: the server may get a certificate that the world knows.
  const believed = readFileSync(trusted.trim(), 'utf8');
  expect(believed.startsWith(authority.chain.trim())).toBe(true);
  expect(believed.match(/BEGIN CERTIFICATE/g)).toHaveLength(1 + rootCertificates.length);
  // And is written anew at each login.
  await writeFile(trusted.trim(), 'of an authority before');
  expect((await twelve(['login', api.url], { ...options, input: 'right\n' })).status).toBe(0);
  expect(readFileSync(trusted.trim(), 'utf8')).toBe(believed);
  // Of a server that the system knows, git is told nothing.
  git = 'https://elsewhere.example.com/hello.git';
  await twelve(['git:remote', '-a', 'hello', '-r', 'other'], options);
  expect(readFileSync(join(folder.path, '.git', 'config'), 'utf8')).not.toMatch(
    /elsewhere\.example\.com"\]\n\tsslCAInfo/,
  );
});

it('on a terminal it is shown and asked about; only yes is yes, and another one later is warned of', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(routes, leaf);
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path }, terminal: true };
  const wary = start(['login', api.url], options);
  await wary.until(() => wary.err().includes('(yes or no)'));
  expect(wary.err()).toContain(fingerprintOf(authority.chain));
  wary.stdin.write('y\r');
  expect(await wary.ended).toBe(1);
  expect(wary.err()).toContain('no token was sent');
  expect(api.asked).toEqual([]);
  const sure = start(['login', api.url], options);
  await sure.until(() => sure.err().includes('(yes or no)'));
  sure.stdin.write('yes\r');
  await sure.until(() => sure.err().includes('Token for'));
  sure.stdin.write('right\r');
  expect(await sure.ended).toBe(0);
  expect(storedIn(folder.path).hosts[api.url]!.authority).toBe(authority.chain.trim());
  // Known now: it is not asked again.
  const again = start(['login', api.url], options);
  await again.until(() => again.err().includes('Token for'));
  expect(again.err()).not.toContain('fingerprint');
  again.stdin.write('\x03');
  expect(await again.ended).toBe(130);
});

it('a server whose certificate is another authority’s than at the login is not believed', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(routes, leaf);
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path }, cwd: folder.path };
  await writeFile(join(folder.path, 'ca.pem'), authority.chain);
  await twelve(['login', api.url, '--ca', join(folder.path, 'ca.pem')], { ...options, input: 'right\n' });
  await api.stop();
  const strange = await makeAuthority('apps.example.com', new Date());
  const port = Number(new URL(api.url).port);
  await using impostor = await scriptedApi(routes, await issue(strange, ['127.0.0.1'], new Date()), port);
  const refused = await twelve(['whoami'], options);
  expect(refused.status).toBe(1);
  expect(refused.err).toContain('is not trusted');
  expect(impostor.asked).toEqual([]);
});

it('one that is out of its time is said to be so, and not to be of another authority', async () => {
  await using folder = await temporaryFolder();
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path }, cwd: folder.path };
  const file = join(folder.path, 'ca.pem');
  await writeFile(file, authority.chain);
  await using api = await scriptedApi(routes, leaf);
  await twelve(['login', api.url, '--ca', file], { ...options, input: 'right\n' });
  await api.stop();
  const { port } = new URL(api.url);
  const year = 366 * 86_400_000;
  for (const [time, said] of [
    [Date.now() - 2 * year, 'has expired, by the clock of this machine'],
    [Date.now() + year, 'is not valid yet, by the clock of this machine'],
  ] as const) {
    const late = await issue(authority, ['127.0.0.1'], new Date(time));
    await using server = await scriptedApi(routes, late, Number(port));
    for (const words of [['login', api.url], ['login', api.url, '--ca', file], ['whoami']])
      expect(await twelve(words, { ...options, input: 'right\n' })).toMatchObject({
        status: 1,
        err: expect.stringContaining(said),
      });
    expect(server.asked).toEqual([]);
    await server.stop();
  }
});

it('the authorities that the system knows are read once for all connections, and another one gets its own', async () => {
  const another = (await makeAuthority('another', new Date())).chain;
  const { secureContext } = believing(authority.chain);
  expect(secureContext).toBeDefined();
  expect(believing(authority.chain).secureContext).toBe(secureContext);
  expect(believing(another).secureContext).not.toBe(secureContext);
  expect(believing(undefined)).toEqual({});
});
