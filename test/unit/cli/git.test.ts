import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { appOfRemote, credentialHelper } from '../../../platform/cli/git-remote.ts';
import { scriptedApi, temporaryFolder, twelve } from './scripted.ts';

const main = join(import.meta.dirname, '../../../platform/cli/main.ts');
const script = join(import.meta.dirname, '../../../platform/cli/git-credentials.sh');
const run = promisify(execFile);

async function repository(path: string): Promise<(...args: string[]) => Promise<string>> {
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: path })).stdout;
  await git('init', '-q', '-b', 'main');
  return git;
}

async function appApi() {
  const api = await scriptedApi({
    'POST /apps': (asked) => ({
      status: 201,
      body: app((asked.body as { name?: string }).name ?? 'calm-brook-1'),
    }),
    'GET /apps/hello': () => ({ body: app('hello') }),
    'GET /apps/hello/config-vars': { body: { APP: 'hello' } },
    'GET /apps/other/config-vars': { body: { APP: 'other' } },
    'DELETE /apps/id-of-hello': () => ({ body: app('hello') }),
  });
  const app = (name: string) => ({
    id: `id-of-${name}`,
    name,
    git_url: `${api.url}/${name}.git`,
    web_url: `http://${name}.localhost/`,
  });
  return api;
}

it('creates an app and connects the repository, with our credential helper before and instead of others', async () => {
  await using folder = await temporaryFolder();
  await using api = await appApi();
  const git = await repository(folder.path);
  await git('config', `credential.${api.url}.helper`, '!echo password=wrong');
  const made = await twelve(['create', 'hello'], { url: api.url, cwd: folder.path });
  expect(made).toMatchObject({ status: 0, out: `http://hello.localhost/ | ${api.url}/hello.git\n` });
  expect(made.err).toContain('Creating hello... done, hello\nGit remote platform added.');
  expect((await git('remote', 'get-url', 'platform')).trim()).toBe(`${api.url}/hello.git`);
  const helpers = await git('config', '--local', '--get-all', `credential.${api.url}.helper`);
  expect(helpers).toMatch(/^\n!.*git-credentials\.sh "\$1" .* git:credentials; }; f\n$/);
  // From here on the repository says which app is meant.
  expect((await twelve(['config:get', 'APP'], { url: api.url, cwd: folder.path })).out).toBe('hello\n');
});

it('hands the token to git, and to git alone for our server', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi({ 'GET /account': { body: { email: 'admin@localhost' } } });
  const git = await repository(folder.path);
  const env = { XDG_CONFIG_HOME: join(folder.path, 'config') };
  await twelve(['login', api.url], { token: null, env, input: 'stored-token' });
  const loader = ['--import', import.meta.resolve('tsx')];
  await git('config', `credential.${api.url}.helper`, credentialHelper(main, loader));
  const fill = (host: string) => {
    const asking = run('git', ['credential', 'fill'], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], ...env, GIT_TERMINAL_PROMPT: '0' },
    });
    asking.child.stdin!.end(`protocol=http\nhost=${host}\n\n`);
    return asking;
  };
  expect((await fill(api.url.slice('http://'.length))).stdout).toContain(
    'username=twelve\npassword=stored-token\n',
  );
  await twelve(['logout'], { token: null, env });
  await expect(fill(api.url.slice('http://'.length))).rejects.toThrow(`twelve login ${api.url}`);

  const asked = await twelve(['git:credentials', 'get'], {
    url: api.url,
    input: 'protocol=https\nhost=evil.example\n\n',
  });
  expect(asked.out).toBe('quit=1\n');
  expect((await twelve(['git:credentials', 'store'], { url: api.url, input: 'password=x\n' })).out).toBe('');
});

it('leaves a remote of the same name alone that points elsewhere, until git:remote is asked', async () => {
  await using folder = await temporaryFolder();
  await using api = await appApi();
  const git = await repository(folder.path);
  await git('remote', 'add', 'platform', 'https://elsewhere.example/x.git');
  const made = await twelve(['create'], { url: api.url, cwd: folder.path });
  expect(made.status).toBe(0);
  expect(made.err).toContain('twelve git:remote -a calm-brook-1 -r platform');
  expect(await git('remote', 'get-url', 'platform')).toContain('elsewhere');
  const confused = await twelve(['config'], { url: api.url, cwd: folder.path });
  expect(confused).toMatchObject({
    status: 1,
    err: expect.stringContaining('points at https://elsewhere.example'),
  });
  const moved = await twelve(['git:remote', '-a', 'hello'], { url: api.url, cwd: folder.path });
  expect(moved.out).toBe(`Git remote platform set to ${api.url}/hello.git\n`);
  const bare = await twelve(['git:remote', '-a', 'hello'], { url: api.url, cwd: '/' });
  expect(bare).toMatchObject({ status: 1, err: expect.stringContaining('no git repository') });
});

it('finds the app: flag, environment, remote, the only remote of ours; never by guessing', async () => {
  await using folder = await temporaryFolder();
  await using api = await appApi();
  const git = await repository(folder.path);
  const appOf = async (argv: string[], env: Record<string, string> = {}) => {
    const result = await twelve(['config:get', 'APP', ...argv], { url: api.url, cwd: folder.path, env });
    return result.out.trim() || `${result.status} ${result.err}`;
  };
  expect(await appOf([])).toMatch(/^2 .*Which app\?/);
  await git('remote', 'add', 'origin', 'https://github.example/hello.git');
  await git('remote', 'add', 'staging', `${api.url}/other.git`);
  expect(await appOf([])).toBe('other');
  await git('remote', 'add', 'production', `${api.url.replace('127.0.0.1', 'localhost')}/hello.git`);
  expect(await appOf([])).toMatch(/^2 .*staging \(other\), production \(hello\). Choose one: --remote/);
  expect(await appOf(['--remote', 'production'])).toBe('hello');
  expect(await appOf(['--remote', 'origin'])).toMatch(/^1 .*not an app on/);
  expect(await appOf(['--remote', 'none'])).toMatch(/^1 .*no git remote "none"/);
  expect(await appOf([], { TWELVE_APP: 'hello' })).toBe('hello');
  expect(await appOf(['-a', 'other'], { TWELVE_APP: 'hello' })).toBe('other');
  expect(await appOf(['-r', 'staging'], { TWELVE_APP: 'hello' })).toBe('other');
  await git('remote', 'add', 'platform', `${api.url}/hello.git`);
  expect(await appOf([])).toBe('hello');
});

it('destroys only what is confirmed, and removes the remotes of it', async () => {
  await using folder = await temporaryFolder();
  await using api = await appApi();
  const git = await repository(folder.path);
  await git('remote', 'add', 'platform', `${api.url}/hello.git`);
  const options = { url: api.url, cwd: folder.path };
  expect(await twelve(['apps:destroy'], options)).toMatchObject({
    status: 2,
    err: expect.stringContaining('--confirm hello'),
  });
  expect(await twelve(['apps:destroy', '-a', 'hello', '--confirm', 'other'], options)).toMatchObject({
    status: 1,
    err: expect.stringContaining('Nothing was destroyed'),
  });
  expect(api.asked.some((asked) => asked.method === 'DELETE')).toBe(false);
  const done = await twelve(['apps:destroy', '--confirm', 'hello'], options);
  expect(done).toMatchObject({
    status: 0,
    err: 'Destroying hello... done\nGit remote platform removed.\n',
  });
  expect(await git('remote')).toBe('');
});

it('tells apps of ours from other repositories', () => {
  expect(appOfRemote('http://127.0.0.1:5480/hello.git', 'http://localhost:5480')).toBe('hello');
  expect(appOfRemote('http://127.0.0.1:5481/hello.git', 'http://127.0.0.1:5480')).toBeUndefined();
  expect(appOfRemote('https://paas.example/hello.git', 'http://paas.example')).toBeUndefined();
  expect(appOfRemote('http://127.0.0.1:5480/team/hello.git', 'http://127.0.0.1:5480')).toBeUndefined();
  expect(appOfRemote('git@127.0.0.1:hello.git', 'http://127.0.0.1:5480')).toBeUndefined();
});

/** What the script answers, with a program in the place of `twelve git:credentials` that says what it was asked. */
async function answered(operation: string, host: string, env: Record<string, string>): Promise<string> {
  const program = ['sh', '-c', 'echo "program asked to $0:"; cat'];
  const asking = run('sh', [script, operation, ...program], { env: { PATH: process.env['PATH'], ...env } });
  // It reads nothing where it has nothing to say.
  asking.child.stdin!.on('error', () => {});
  asking.child.stdin!.end(`capability[]=authtype\nprotocol=http\nhost=${host}\n\n`);
  return (await asking).stdout;
}

it('answers git without starting a program when it knows the token, and asks the program about all else', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi({ 'GET /account': { body: { email: 'admin@localhost' } } });
  await using other = await scriptedApi({ 'GET /account': { body: { email: 'admin@localhost' } } });
  const env = { XDG_CONFIG_HOME: folder.path };
  await twelve(['login', other.url], { token: null, env, input: 'token-of-the-other' });
  await twelve(['login', api.url], { token: null, env, input: 'stored_token' });
  const host = api.url.slice('http://'.length);
  const given = (token: string): string => `username=twelve\npassword=${token}\n`;
  const asked = (operation: string, name = host): string =>
    `program asked to ${operation}:\ncapability[]=authtype\nprotocol=http\nhost=${name}\n`;

  expect(await answered('get', host, env)).toBe(given('stored_token'));
  expect(await answered('get', other.url.slice('http://'.length), env)).toBe(given('token-of-the-other'));
  expect(await answered('store', host, env)).toBe('');
  expect((await answered('erase', host, env)).trim()).toBe(asked('erase').trim());
  const inEnvironment = { ...env, TWELVE_URL: api.url, TWELVE_TOKEN: 'from-environment' };
  expect(await answered('get', host, inEnvironment)).toBe(given('from-environment'));

  // A token goes to the server it is for, and to no other.
  expect(await answered('get', 'evil.example', env)).toBe(asked('get', 'evil.example'));
  expect(await answered('get', 'evil.example', inEnvironment)).toBe(asked('get', 'evil.example'));
  expect(await answered('get', `${host}0`, env)).toBe(asked('get', `${host}0`));
  expect(await answered('get', '*', env)).toBe(asked('get', '*'));
  expect(await answered('get', host, { ...env, TWELVE_TOKEN: 'for another server' })).toBe(asked('get'));
  expect(await answered('get', host, { HOME: folder.path })).toBe(asked('get'));
  const login = join(folder.path, 'twelve/login.json');
  await writeFile(login, JSON.stringify(JSON.parse(await readFile(login, 'utf8'))));
  expect(await answered('get', host, env)).toBe(asked('get'));
});

it('quotes the helper for the shell that git runs it through', () => {
  expect(credentialHelper("/opt/it's here/cli/main.js")).toBe(
    `!f() { sh ${script} "$1" ${process.execPath} '/opt/it'\\''s here/cli/main.js' git:credentials; }; f`,
  );
});

it('names an installation by the link to the version that runs, which an upgrade moves', async () => {
  await using folder = await temporaryFolder();
  const at = (...names: string[]): string => join(folder.path, ...names);
  for (const name of ['bin', 'dist/cli', 'platform/cli'])
    await mkdir(at('versions/1', name), { recursive: true });
  for (const name of ['bin/node', 'platform/cli/git-credentials.sh'])
    await writeFile(at('versions/1', name), '');
  await symlink(at('versions/1'), at('current'));
  expect(credentialHelper(at('current/dist/cli/main.js'))).toBe(
    `!f() { sh ${at('current/platform/cli/git-credentials.sh')} "$1" ${at('current/bin/node')} ${at('current/dist/cli/main.js')} git:credentials; }; f`,
  );
});
