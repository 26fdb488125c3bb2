import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseUrl } from '../../../platform/cli/context.ts';
import { writeLogins } from '../../../platform/cli/login-file.ts';
import { scriptedApi, start, temporaryFolder, twelve } from './scripted.ts';

const account = {
  'GET /account': (asked: { headers: Record<string, unknown> }) =>
    asked.headers['authorization'] === 'Bearer right'
      ? { body: { id: '1', email: 'admin@localhost' } }
      : { status: 401, body: { id: 'unauthorized', message: 'no' } },
  'GET /apps': { body: [] },
};

it('reads the token from a pipe or a file, checks it, and stores it for its owner alone', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(account);
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path } };
  const wrong = await twelve(['login', api.url], { ...options, input: 'wrong\n' });
  expect(wrong.status).toBe(1);
  expect(wrong.err).toContain('does not accept this token');
  expect(wrong.err).toContain('twelve server:token');
  const right = await twelve(['login', api.url], { ...options, input: 'right\n' });
  expect(right).toMatchObject({ status: 0, out: `Logged in to ${api.url} as admin@localhost\n` });
  const path = join(folder.path, 'twelve', 'login.json');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder.path, 'twelve'))).mode & 0o777).toBe(0o700);

  await using second = await scriptedApi(account);
  await writeFile(join(folder.path, 'token'), 'right\n');
  const other = await twelve(['login', second.url, '--token-file', join(folder.path, 'token')], options);
  expect(other.status).toBe(0);
  expect(Object.keys(JSON.parse(await readFile(path, 'utf8')).hosts)).toEqual([api.url, second.url]);
  expect((await twelve(['whoami'], options)).out).toBe('admin@localhost\n');
  expect(second.asked.at(-1)!.path).toBe('/account');
  expect((await twelve(['whoami'], { ...options, url: api.url })).status).toBe(0);

  expect((await twelve(['logout'], options)).out).toBe(`Logged out of ${second.url}\n`);
  expect((await twelve(['logout'], { ...options, url: second.url })).status).toBe(1);
  expect(await readFile(path, 'utf8')).toContain(api.url);
});

it('asks on a terminal without showing what is typed, and puts the terminal back', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(account);
  const options = { token: null, env: { XDG_CONFIG_HOME: folder.path }, terminal: true };
  const run = start(['login', api.url], options);
  await run.until(() => run.err().includes('Token for'));
  run.stdin.write('rightx');
  run.stdin.write('\x7f\r');
  expect(await run.ended).toBe(0);
  expect(run.err() + run.out()).not.toContain('right');
  expect(run.stdin.rawModes).toEqual([true, false]);

  const left = start(['login', api.url], options);
  await left.until(() => left.err().includes('Token for'));
  left.stdin.write('ri\x03');
  expect(await left.ended).toBe(130);
  expect(left.stdin.rawModes).toEqual([true, false]);
});

it('takes TWELVE_URL and TWELVE_TOKEN first, and sends a stored token to its own server only', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(account);
  await using other = await scriptedApi(account);
  const env = { XDG_CONFIG_HOME: folder.path };
  await twelve(['login', api.url], { token: null, env, input: 'right' });
  const elsewhere = await twelve(['apps'], { token: null, env, url: other.url });
  expect(elsewhere).toMatchObject({
    status: 1,
    err: expect.stringContaining(`You are not logged in to ${other.url}. Log in: twelve login`),
  });
  expect(other.asked).toEqual([]);
  await twelve(['apps'], { env, token: 'from-environment' });
  expect(api.asked.at(-1)!.headers.authorization).toBe('Bearer from-environment');
});

it.each(['abc\r', 'a\nb', 'токен', 'two words'])(
  'takes %j for no token, wherever it is from',
  async (text) => {
    await using folder = await temporaryFolder();
    await using api = await scriptedApi(account);
    const env = { XDG_CONFIG_HOME: folder.path };
    const told = await twelve(['apps'], { env, url: api.url, token: text });
    expect(told).toMatchObject({
      status: 2,
      err: expect.stringContaining('TWELVE_TOKEN is no token: a token'),
    });
    expect(told.err).not.toMatch(/defect|abc|токен/);
    const asked = `protocol=http\nhost=${api.url.slice('http://'.length)}\n\n`;
    const git = await twelve(['git:credentials', 'get'], { env, url: api.url, token: text, input: asked });
    expect(git).toMatchObject({ status: 0, out: 'quit=1\n', err: expect.stringContaining('is no token') });

    writeLogins(join(folder.path, 'twelve'), {
      current: api.url,
      hosts: { [api.url]: { token: text, email: 'ada@example.com' } },
    });
    const stored = await twelve(['apps'], { env, token: null });
    expect(stored.err).toContain(`What is stored for ${api.url} is no token`);
    const another = { env, url: 'http://127.0.0.1:9', token: 'good', input: asked };
    expect(await twelve(['git:credentials', 'get'], another)).toMatchObject({
      ...{ status: 0, out: 'quit=1\n' },
      err: expect.stringContaining(`What is stored for ${api.url} is no token`),
    });
    expect(api.asked).toEqual([]);
    expect((await twelve(['login'], { env, token: null, input: 'right' })).status).toBe(0);
  },
);

it.each([
  ['127.0.0.1:5480', 'http://127.0.0.1:5480'],
  ['http://127.0.0.1:5480/', 'http://127.0.0.1:5480'],
  ['localhost', 'http://localhost'],
  ['[::1]:5480', 'http://[::1]:5480'],
  ['paas.example', 'https://paas.example'],
  ['https://paas.example/twelve//', 'https://paas.example/twelve'],
])('understands the address %s', (text, url) => {
  expect(parseUrl(text, 'The URL')).toBe(url);
});

it.each(['ftp://x', 'http://', 'http://user:token@paas.example', 'http://a b'])(
  'refuses the address %s',
  (text) => {
    expect(() => parseUrl(text, 'The URL')).toThrow('The URL');
  },
);

it('says when the stored login is damaged', async () => {
  await using folder = await temporaryFolder();
  const env = { XDG_CONFIG_HOME: folder.path };
  await using api = await scriptedApi(account);
  await twelve(['login', api.url], { token: null, env, input: 'right' });
  await writeFile(join(folder.path, 'twelve', 'login.json'), '{');
  expect((await twelve(['apps'], { token: null, env })).err).toContain('is damaged');
});
