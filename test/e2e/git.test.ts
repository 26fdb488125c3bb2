// git as a user knows it, against the real server: clone, fetch, branches, refusals, Ctrl-C, two at once.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let hello: AppRepository;

beforeAll(async () => {
  platform = await startPlatform();
  hello = await platform.newApp('hello-node');
  await hello.commit({ 'notes.txt': 'a second commit\n' });
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli([...args, '-a', 'hello']);
const deployed = async (): Promise<string> => {
  const listed = await must(hello.git('ls-remote', 'platform', 'refs/heads/main'));
  return listed.stdout.split('\t')[0] ?? '';
};
const page = async (): Promise<string> => (await platform.visit('hello')).text.trim();
const releases = async (): Promise<{ version: number; status: string }[]> =>
  JSON.parse((await must(twelve('releases', '--json'))).stdout);
const head = async (): Promise<string> => (await hello.git('rev-parse', 'HEAD')).stdout.trim();

/** package.json with a script that the build runs. */
async function withBuildScript(script: string): Promise<Record<string, string>> {
  const text = await readFile(join(hello.folder, 'package.json'), 'utf8');
  const json = JSON.parse(text) as { scripts: Record<string, string> };
  json.scripts['build'] = script;
  return { 'package.json': `${JSON.stringify(json, null, 2)}\n` };
}

test('the first push may come from a clone of depth 1', async () => {
  await must(platform.git(['clone', '-q', '--depth', '1', `file://${hello.folder}`, 'shallow']));
  const cwd = join(hello.folder, '..', 'shallow');
  expect((await platform.git(['rev-parse', '--is-shallow-repository'], { cwd })).stdout.trim()).toBe('true');
  await must(platform.cli(['apps:create', 'hello'], { cwd }));
  const pushed = await platform.git(['push', 'platform', 'main'], { cwd });
  expect(pushed).toMatchObject({ status: 0, stderr: expect.stringContaining('Installing dependencies') });
  expect(await page()).toBe('Hello from web.1, release v2');

  // The full repository goes on from there.
  await must(platform.cli(['git:remote', '-a', 'hello'], { cwd: hello.folder }));
  expect(await platform.push(hello)).toContain('up-to-date');
});

test('a push that changes no dependency installs nothing', async () => {
  await hello.commit({ 'notes.txt': 'changed\n' });
  const output = await platform.push(hello);
  expect(output).toContain('nothing is installed');
  expect(output).not.toContain('Installing dependencies');
  expect(await page()).toBe('Hello from web.1, release v3');
});

test('clone and fetch give back what was pushed', async () => {
  const helper = ['-c', `credential.helper=!${platform.cliCommand} git:credentials`];
  await must(platform.git([...helper, 'clone', '-q', `${platform.url}/hello.git`, 'copy']));
  const cwd = join(hello.folder, '..', 'copy');
  expect(await readFile(join(cwd, 'notes.txt'), 'utf8')).toBe('changed\n');

  const commit = await hello.commit({ 'notes.txt': 'changed again\n' });
  await platform.push(hello);
  await must(platform.git([...helper, 'fetch', '-q'], { cwd }));
  expect((await platform.git(['rev-parse', 'origin/main'], { cwd })).stdout.trim()).toBe(commit);
});

test('another branch is stored with a notice, and not deployed', async () => {
  const before = await releases();
  const pushed = await hello.git('push', 'platform', 'main:refs/heads/idea');
  expect(pushed.status).toBe(0);
  expect(pushed.stderr).toContain('Pushed to idea, which is not deployed');
  expect((await hello.git('ls-remote', 'platform', 'refs/heads/idea')).stdout).toContain(await head());
  expect(await releases()).toEqual(before);
});

test('a user clones once let in, and pushes with a token that may; the audit log has who did it', async () => {
  const made = async (...args: string[]): Promise<string> =>
    (await must(platform.cli([...args, '--short']))).stdout.trim();
  const bob = await made('users:add', 'bob@example.com');
  const as = (token: string, ...args: string[]) =>
    platform.git(args, {
      cwd: hello.folder,
      env: {
        GIT_CONFIG_COUNT: '2',
        ...{ GIT_CONFIG_KEY_0: 'credential.helper', GIT_CONFIG_VALUE_0: '' },
        GIT_CONFIG_KEY_1: 'credential.helper',
        GIT_CONFIG_VALUE_1: '!f() { echo username=any; echo "password=$TOKEN"; }; f',
        TOKEN: token,
      },
    });
  const list = (token: string) => as(token, 'ls-remote', `${platform.url}/hello.git`, 'refs/heads/main');
  expect((await list(bob)).stderr).toContain('There is no app "hello", or you have no access to it.');
  expect((await platform.cli(['apps:info', '-a', 'hello'], { env: { TWELVE_TOKEN: bob } })).stderr).toContain(
    'twelve access:add bob@example.com -a hello',
  );
  await must(twelve('access:add', 'bob@example.com'));
  expect((await list(bob)).stdout).toContain('refs/heads/main');

  const ask = (scope: string) =>
    made('authorizations:create', '--user', 'bob@example.com', '--scope', scope, '--expires-in', '1h');
  const push = (token: string) => as(token, 'push', `${platform.url}/hello.git`, 'HEAD:refs/heads/ci');
  const refused = await push(await ask('read'));
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toContain('has the scope "read" and may not deploy');
  const deploy = await ask('deploy');
  expect((await push(deploy)).status).toBe(0);
  const config = await platform.cli(['config', '-a', 'hello'], { env: { TWELVE_TOKEN: deploy } });
  expect([config.status, config.stderr]).toEqual([1, expect.stringContaining('may not read config vars')]);

  const audit = JSON.parse((await must(twelve('audit', '--json'))).stdout) as {
    action: string;
    outcome: string;
    user: { email: string };
  }[];
  expect(audit.slice(0, 3).map(({ action, outcome, user }) => `${action} ${outcome} ${user.email}`)).toEqual([
    'git:push done bob@example.com',
    'git:push refused bob@example.com',
    'access:add done admin@localhost',
  ]);
  await must(platform.cli(['users:remove', 'bob@example.com']));
  expect((await list(deploy)).stderr).toMatch(/Authentication failed|token/);
});

test('a wrong token is refused and told how to go on', async () => {
  const url = platform.url.replace('//', '//any:wrong-token@');
  const pushed = await platform.git(['push', `${url}/hello.git`, 'main'], { cwd: hello.folder });
  expect(pushed.status).not.toBe(0);
  expect(pushed.stderr).toMatch(/Authentication failed|token/);
  const absent = await platform.git(
    ['push', `${platform.url.replace('//', `//any:${platform.token}@`)}/absent.git`, 'main'],
    { cwd: hello.folder },
  );
  expect(absent.stderr).toContain('absent');
  expect(absent.status).not.toBe(0);
});

test('a build that fails refuses the push; what served serves on', async () => {
  const before = { commit: await deployed(), page: await page(), releases: await releases() };
  await hello.commit(await withBuildScript('echo about to fail; exit 3'));
  const pushed = await hello.git('push', 'platform', 'main');
  expect(pushed.status).not.toBe(0);
  expect(pushed.stderr).toContain('about to fail');
  expect(pushed.stderr).toMatch(/Build failed \(E13\): v\d+ serves/);
  expect(pushed.stderr).toContain('rejected');
  expect({ commit: await deployed(), page: await page(), releases: await releases() }).toEqual(before);
  expect((await twelve('builds')).stdout).toContain('failed');
  expect((await twelve('builds:output')).stdout).toContain('about to fail');
});

test('output comes line by line; a second push is told who deploys since when; Ctrl-C cancels the build', async () => {
  const before = { commit: await deployed(), page: await page(), releases: await releases() };
  await hello.commit({
    ...(await withBuildScript('sh slow.sh')),
    'slow.sh': 'echo a first line\nsleep 3\necho a second line\nsleep 900\n',
  });
  await using push = platform.gitStart(['push', 'platform', 'main'], { cwd: hello.folder });
  await push.printed('a first line');
  expect(push.output()).not.toContain('a second line');
  await push.printed('a second line');

  const second = await hello.git('push', 'platform', 'main');
  expect(second.status).not.toBe(0);
  expect(second.stderr).toMatch(/admin@localhost is deploying hello since \d\d:\d\d:\d\d UTC \(\d+ s\)/);
  expect(await platform.containers('hello', 'build')).toHaveLength(1);

  push.interrupt();
  await push.result;
  await eventually(
    () => platform.containers('hello', 'build'),
    (left) => left.length === 0,
  );
  await eventually(
    async () => JSON.parse((await twelve('builds', '--json')).stdout)[0].status,
    (status) => status === 'failed',
  );
  expect({ commit: await deployed(), page: await page(), releases: await releases() }).toEqual(before);
});

test('Ctrl-C after the release exists changes nothing any more: it serves, and the branch follows', async () => {
  const version = Math.max(...(await releases()).map((release) => release.version)) + 1;
  const commit = await hello.commit({
    ...(await withBuildScript('true')),
    Procfile: 'web: sleep 4; exec node server.js\n',
  });
  await using push = platform.gitStart(['push', 'platform', 'main'], { cwd: hello.folder });
  await push.printed(`Releasing v${version}`);
  push.interrupt();
  await push.result;
  await eventually(page, (text) => text === `Hello from web.1, release v${version}`);
  await eventually(deployed, (ref) => ref === commit);
  expect((await releases())[0]).toMatchObject({ version, status: 'succeeded' });
});
