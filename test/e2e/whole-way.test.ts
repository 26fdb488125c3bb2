// From an empty repository to a served request, and back by rollback: each test goes on where the one before ended.
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppRepository } from '../support/app-repository.ts';
import { appNetworks } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let hello: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({}, { login: false });
  hello = await platform.newApp('hello-node');
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: hello.folder });

test('without a login a command says how to log in', async () => {
  const refused = await twelve('apps');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('You are not logged in');
  expect(refused.stderr).toContain('twelve login');
});

test('login takes the first token, and keeps it where only its owner can read it', async () => {
  const wrong = await platform.cli(['login', platform.url], { input: 'wrong-token' });
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('does not accept this token');

  expect(statSync(join(platform.dataFolder, 'admin-token')).mode & 0o777).toBe(0o600);
  const done = await platform.cli(['login', platform.url], { input: `${platform.token}\n` });
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('admin@localhost') });
  expect((await twelve('whoami')).stdout).toBe('admin@localhost\n');
  expect(statSync(join(platform.env['HOME']!, '.config', 'twelve', 'login.json')).mode & 0o777).toBe(0o600);
});

test('apps:create connects the repository', async () => {
  const created = await twelve('apps:create', 'hello');
  expect(created.status).toBe(0);
  expect(created.stdout).toContain(`http://hello.localhost:${platform.httpPort}/`);
  expect((await hello.git('remote', 'get-url', 'platform')).stdout).toBe(`${platform.url}/hello.git\n`);
  // The token is in no file that git reads: a helper of ours hands it over.
  expect((await hello.git('config', '--local', '--list')).stdout).not.toContain(platform.token);

  const again = await twelve('apps:create', 'hello');
  expect(again.status).toBe(1);
  expect(again.stderr).toContain('hello');
});

test('git push deploys, and the page is served', async () => {
  const output = await platform.push(hello);
  expect(output).toMatch(/remote: -----> .*Node\.js/);
  expect(output).toContain('Releasing v2');
  expect(output).toContain(`http://hello.localhost:${platform.httpPort}/ deployed`);
  const page = await platform.visit('hello');
  expect(page).toMatchObject({ status: 200, text: 'Hello from web.1, release v2\n' });
});

test('releases, ps, builds and apps:info tell what was done', async () => {
  const commit = (await hello.git('rev-parse', 'HEAD')).stdout.trim();
  const releases = await twelve('releases');
  expect(releases.stdout).toContain('hello Releases - Current: v2');
  expect(releases.stdout).toMatch(new RegExp(`v2 +Deploy ${commit.slice(0, 8)} +admin@localhost`));
  expect(releases.stdout).toMatch(/v1 +Initial release/);

  expect((await twelve('ps')).stdout).toMatch(
    /=== web \(standard-1x\): node server\.js \(1\)\n\nweb\.1: up .*ago/i,
  );
  expect((await twelve('builds')).stdout).toContain('succeeded');
  expect((await twelve('builds:output')).stdout).toContain('Packing slug');
  const info = JSON.parse((await twelve('apps:info', '--json')).stdout);
  expect(info).toMatchObject({ name: 'hello', git_url: `${platform.url}/hello.git` });
  expect(info.formation).toEqual([expect.objectContaining({ type: 'web', quantity: 1 })]);
  expect((await twelve('apps:info')).stdout).toContain('web: 1');
  expect(JSON.parse((await twelve('apps', '--json')).stdout)).toHaveLength(1);
  expect((await twelve('open')).stdout).toBe(`http://hello.localhost:${platform.httpPort}/\n`);
});

test('logs hold the lines of app, router and platform, and can be filtered', async () => {
  const all = await eventually(
    async () => (await twelve('logs')).stdout,
    (text) => /twelve\[router\]: at=info/.test(text) && text.includes('app[web.1]: listening on'),
  );
  expect(all).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 twelve\[api\]: /m);
  expect(all).toContain('twelve[web.1]: State changed from starting to up');
  expect(all).toContain('Release v2 created by user admin@localhost');

  expect((await twelve('logs', '-n', '1')).stdout.trim().split('\n')).toHaveLength(1);
  for (const line of (await twelve('logs', '-s', 'app')).stdout.trim().split('\n'))
    expect(line).toMatch(/ app\[/);
  for (const line of (await twelve('logs', '-p', 'web')).stdout.trim().split('\n'))
    expect(line).toMatch(/ (app|twelve)\[web\.1\]:/);
});

test('logs --tail goes on with new lines until Ctrl-C', async () => {
  await using tail = platform.cliStart(['logs', '--tail', '-p', 'router', '-n', '0'], { cwd: hello.folder });
  await eventually(
    async () => {
      await platform.visit('hello', '/for-the-tail');
      return tail.output();
    },
    (text) => text.includes('path="/for-the-tail"'),
  );
  tail.interrupt();
  expect((await tail.result).status).toBe(130);
});

test('config:set makes a release that serves', async () => {
  const set = await twelve('config:set', 'GREETING=Good day');
  expect(set).toMatchObject({ status: 0, stderr: expect.stringContaining('done, v3') });
  expect((await platform.visit('hello')).text).toBe('Good day from web.1, release v3\n');
  expect((await twelve('config:get', 'GREETING')).stdout).toBe('Good day\n');
  expect((await twelve('config', '-s')).stdout).toBe("GREETING='Good day'\n");
  expect(JSON.parse((await twelve('config', '--json')).stdout)).toEqual({ GREETING: 'Good day' });

  const same = await twelve('config:set', 'GREETING=Good day');
  expect(same).toMatchObject({ status: 0, stderr: expect.stringContaining('nothing changed') });
  expect((await twelve('config:get', 'ABSENT')).status).toBe(1);
});

test('ps:scale web=3: all three answer', async () => {
  const scaled = await twelve('ps:scale', 'web=3');
  expect(scaled).toMatchObject({ status: 0, stderr: expect.stringContaining('web at 3:') });
  const answers = new Set<string>();
  for (let n = 0; n < 30; n++) answers.add((await platform.visit('hello')).text);
  expect([...answers].sort()).toEqual([1, 2, 3].map((n) => `Good day from web.${n}, release v3\n`));
  expect((await twelve('ps:scale')).stdout.trim()).toMatch(/^web=3:standard-1x$/i);
  expect(JSON.parse((await twelve('ps', '--json')).stdout)).toHaveLength(3);
  expect((await twelve('ps:scale', 'web-2')).status).toBe(0);
  const answer = await platform.visit('hello');
  expect(answer.text).toBe('Good day from web.1, release v3\n');
  await eventually(
    () => platform.containers('hello'),
    (list) => list.length === 1,
  );
});

test('releases:diff names what differs and masks values unless told', async () => {
  const masked = (await twelve('releases:diff', 'v2', 'v3')).stdout;
  expect(masked).toContain('+ GREETING=********');
  expect(masked).not.toContain('Good day');
  expect((await twelve('releases:diff', 'v2', 'v3', '--reveal')).stdout).toContain('+ GREETING=Good day');
  const info = (await twelve('releases:info', 'v3')).stdout;
  expect(info).toContain('Set GREETING config vars');
  expect(info).not.toContain('Good day');
});

test('rollback brings slug and config back, as a new release', async () => {
  await hello.commit({ 'server.js': changedServer() }, 'Say it louder');
  await platform.push(hello);
  expect((await platform.visit('hello')).text).toBe('Good day loudly from web.1, release v4\n');

  const back = await twelve('rollback', 'v2');
  expect(back).toMatchObject({ status: 0, stderr: expect.stringContaining('v5') });
  expect((await platform.visit('hello')).text).toBe('Hello from web.1, release v5\n');
  expect((await twelve('config:get', 'GREETING')).status).toBe(1);

  const refused = await twelve('rollback', 'v1');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('no slug');
  expect((await twelve('rollback', 'v5')).stderr).toContain('is the current release already');
});

test('redeploy builds the pushed commit again without a commit', async () => {
  const done = await twelve('redeploy');
  expect(done.status).toBe(0);
  expect(done.stdout + done.stderr).toContain('Packing slug');
  expect((await platform.visit('hello')).text).toBe('Hello loudly from web.1, release v6\n');
  expect((await platform.push(hello)).trim()).toContain('Everything up-to-date');
});

test('run passes on exit status, streams, input and environment', async () => {
  expect((await twelve('run', 'exit 7')).status).toBe(7);
  const streams = await twelve('run', 'echo out; echo err >&2');
  expect(streams).toMatchObject({ status: 0, stdout: 'out\n' });
  expect(streams.stderr).toContain('err\n');

  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251)).toString('latin1');
  const counted = await platform.cli(['run', '--no-tty', '-a', 'hello', 'sha256sum'], { input: bytes });
  expect(counted.stdout).toContain(createHash('sha256').update(bytes).digest('hex'));

  const env = await twelve('run', '-e', 'EXTRA=more', 'echo $EXTRA $DYNO $TWELVE_RELEASE_VERSION; id -u');
  expect(env.stdout).toMatch(/^more run\.\d+ v6\n20012\n$/);
  expect((await twelve('run', '--', 'node', '-p', '1 + 1')).stdout).toBe('2\n');
});

test('run:detached prints to the log', async () => {
  const detached = await twelve('run:detached', 'echo printed by $DYNO');
  expect(detached.status).toBe(0);
  const name = /run\.\d+/.exec(detached.stdout)?.[0];
  await eventually(
    async () => (await twelve('logs', '-p', name!)).stdout,
    (text) => text.includes(`app[${name}]: printed by ${name}`),
  );
});

test('run on a terminal: a terminal of the same size there, resized along, Ctrl-C reaches the process', async () => {
  const script = join(hello.folder, '..', 'in-terminal.sh');
  const command = `tty; stty size; trap 'echo got the sig''nal; exit 9' INT; trap 'stty size' WINCH; echo re''ady; while :; do sleep 0.1; done`;
  writeFileSync(
    script,
    `#!/bin/sh\nstty cols 101 rows 37\necho "pty=$(tty)"\n${platform.cliCommand} run -a hello -- '${command.replaceAll("'", `'\\''`)}'\necho "status=$?"\n`,
  );
  chmodSync(script, 0o755);
  await using terminal = startTerminal(script);
  await terminal.printed(/^ready/m);
  expect(terminal.output()).toMatch(/\/dev\/pts\/\d+\s+37 101\s/);
  const pty = /pty=(\S+)/.exec(terminal.output())![1]!;
  await platform.start('stty', ['-F', pty, 'cols', '77', 'rows', '22']).result;
  await terminal.printed('22 77');
  terminal.write('\x03');
  await terminal.printed('got the signal');
  await terminal.printed('status=9');
});

test('ps:restart and ps:stop replace a process; a one-off is stopped for good', async () => {
  const [before] = await platform.containers('hello', 'process');
  expect((await twelve('ps:restart', 'web.1')).status).toBe(0);
  const restarted = await eventually(
    () => platform.containers('hello', 'process'),
    (list) => list.length === 1 && list[0]!.id !== before!.id,
  );
  expect((await platform.visit('hello')).status).toBe(200);
  expect((await twelve('ps:stop', 'web.1')).status).toBe(0);
  await eventually(
    () => platform.containers('hello', 'process'),
    (list) => list.length === 1 && list[0]!.id !== restarted[0]!.id,
  );
  // A type: every process of it.
  const [stopped] = await platform.containers('hello', 'process');
  expect((await twelve('ps:stop', 'web')).status).toBe(0);
  await eventually(
    () => platform.containers('hello', 'process'),
    (list) => list.length === 1 && list[0]!.id !== stopped!.id,
  );
  expect(await twelve('ps:stop', 'worker')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('hello runs no process "worker"'),
  });
  const name = (await twelve('run:detached', 'sleep 600')).stdout.trim();
  await eventually(
    () => twelve('ps'),
    (ps) => ps.stdout.includes(`${name} `),
  );
  expect((await twelve('ps:stop', name)).status).toBe(0);
  await eventually(
    () => twelve('ps'),
    (ps) => !ps.stdout.includes(`${name} `),
  );
});

test('the app is named by --app, TWELVE_APP or the git remote; the server by TWELVE_URL and TWELVE_TOKEN', async () => {
  expect((await platform.cli(['ps'])).status).toBe(2);
  expect((await platform.cli(['ps', '-a', 'hello'])).status).toBe(0);
  expect((await platform.cli(['ps'], { env: { TWELVE_APP: 'hello' } })).stdout).toContain('web.1');
  const elsewhere = { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' };
  expect((await platform.cli(['whoami'], { env: elsewhere })).status).toBe(1);
  const named = { ...elsewhere, TWELVE_URL: platform.url, TWELVE_TOKEN: platform.token };
  expect((await platform.cli(['whoami'], { env: named })).stdout).toBe('admin@localhost\n');
  expect((await platform.cli(['whoami'], { env: { TWELVE_TOKEN: 'wrong' } })).stderr).toContain(
    'in TWELVE_TOKEN',
  );
});

test('server:token makes a token that works', async () => {
  const made = await platform.cli(['server:token'], { env: { TWELVE_DATA: platform.dataFolder } });
  expect(made.status).toBe(0);
  const token = made.stdout.trim();
  expect((await platform.cli(['whoami'], { env: { TWELVE_TOKEN: token } })).stdout).toBe('admin@localhost\n');
});

test('help, version and the exit statuses 0, 1 and 2', async () => {
  expect(await twelve('version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^twelve\/\d/) });
  const help = (await twelve('help')).stdout;
  const names = help.slice(help.indexOf('\nCommands\n')).split(/\s+/);
  expect(names).toEqual(
    expect.arrayContaining(['login', 'apps:create', 'ps:scale', 'rollback', 'run', 'logs']),
  );
  expect((await twelve('help', 'ps:scale')).stdout).toMatch(/Example\n +twelve ps:scale/);
  expect((await twelve('config:set', 'nonsense')).status).toBe(2);
  expect((await twelve('confg')).stderr).toContain('Did you mean config');
  expect((await twelve('confg')).status).toBe(2);
  expect((await twelve('ps:scale', 'absent=1')).status).toBe(1);
  expect((await twelve('apps:info', '-a', 'absent')).stderr).toContain('There is no app "absent"');
  const server = await platform.cli(['server', '--help']);
  for (const name of ['TWELVE_DATA', 'TWELVE_API', 'TWELVE_HTTP', 'TWELVE_DOMAIN'])
    expect(server.stdout).toContain(name);
});

test('a second server on the same data folder refuses to start', async () => {
  const second = await platform.cli(['server'], {
    env: { TWELVE_DATA: platform.dataFolder, TWELVE_API: '127.0.0.1:0' },
  });
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/data folder|in use/);
});

test('apps:destroy --confirm leaves nothing of it', async () => {
  const unsure = await twelve('apps:destroy', 'hello');
  expect(unsure.status).toBe(2);
  expect((await twelve('apps:destroy', 'hello', '--confirm', 'other')).status).toBe(1);
  expect((await platform.visit('hello')).status).toBe(200);

  await twelve('run:detached', 'sleep 600');
  expect((await twelve('apps:destroy', '--confirm', 'hello')).status).toBe(0);
  await eventually(
    () => platform.visit('hello'),
    (answer) => answer.status === 404,
  );
  await eventually(
    async () => [
      ...(await platform.containers('hello')).map((one) => one.name),
      ...(await appNetworks(platform.instance)),
    ],
    (left) => left.length === 0,
  );
  expect((await twelve('apps:info', '-a', 'hello')).status).toBe(1);
  expect((await hello.git('remote')).stdout).toBe('');
  const { status } = await platform.git(['clone', `${platform.url}/hello.git`, 'gone']);
  expect(status).not.toBe(0);
});

function changedServer(): string {
  const text = readFileSync(join(hello.folder, 'server.js'), 'utf8');
  return text.replace('} from $', '} loudly from $');
}

/** A program on a terminal: `script` makes one. */
function startTerminal(program: string) {
  return platform.start('script', ['-qfec', program, '/dev/null'], { env: { TERM: 'xterm' } });
}
