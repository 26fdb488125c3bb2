// A backup made while visitors come and somebody pushes, restored where nothing of the platform is left: everything is back.
import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { containers, networks, removeInstance, slugImages } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { createServerProcess, freePorts } from '../support/server-process.ts';
import { createMemoryDisk } from '../support/small-disk.ts';
import { visit } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';

const greeting = 'a-greeting-that-is-a-secret';
const python = {
  'requirements.txt': '',
  Procfile: 'web: python3 -m http.server $PORT\n',
  'index.html': 'served by python\n',
};

let platform: TestPlatform;
let node: AppRepository;
let file: string;
let key: string;
/** What the deployed branches held when the backup was made. */
let deployed: string;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '5' });
  file = join(platform.dataFolder, '..', 'twelve.tgz');
  key = join(platform.dataFolder, '..', 'twelve.key');
  node = await platform.createApp('greeter', 'hello-node', { config: { GREETING: 'Hi' } });
  await platform.push(node);
  await must(node.git('tag', 'v1'));
  await must(node.git('push', '-q', 'platform', 'v1'));
  await must(platform.cli(['config:set', `GREETING=${greeting}`, '-a', 'greeter']));
  await must(platform.cli(['domains:add', 'greeter.example.com', '-a', 'greeter']));
  const snake = await platform.createApp('snake', null, { files: python });
  await platform.push(snake);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: node.folder });
const home = async (app: string): Promise<string> => (await platform.visit(app)).text;

test('a backup is made while visitors come and a push is under way, and has no secret in it', async () => {
  deployed = (await must(node.git('rev-parse', 'main'))).stdout.trim();
  await using visitors = platform.crowd('greeter');
  await node.commit({ 'later.txt': 'pushed while the backup was made\n' });
  const [pushed, made] = await Promise.all([platform.push(node), twelve('server:backup', file)]);
  expect(pushed).toMatch(/main -> main/);
  expect(made).toMatchObject({ status: 0, stdout: '' });
  expect(made.stderr).toMatch(/Writing .*twelve\.tgz\.\.\. done, [\d.]+ MB/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(`${file}.part`)).toBe(false);
  expect(readdirSync(join(platform.dataFolder, 'backups'))).toEqual([]);
  expect((await visitors.stop()).failures).toEqual([]);

  const env = { ...platform.env, TWELVE_DATA: platform.dataFolder };
  await must(platform.cli(['server:key', key], { env }));
  expect(statSync(key).mode & 0o777).toBe(0o600);
  const again = await platform.cli(['server:key', key], { env });
  expect(again.status).toBe(1);
  expect(again.stderr).toContain('is there already');

  const plain = await must(platform.start('tar', ['-xzOf', file]).result);
  expect(plain.stdout).not.toContain(greeting);
  expect(plain.stdout).not.toContain(readFileSync(key, 'utf8').trim());
  expect(plain.stdout).not.toContain(platform.token);
});

test('a disk of the user that is full keeps nothing of it, under no name', async () => {
  using disk = createMemoryDisk(join(platform.dataFolder, '..', 'small'), 200_000);
  for (const name of ['twelve.tgz', 'twelve.tar']) {
    const made = await twelve('server:backup', join(disk.folder, name));
    expect(made.status).toBe(1);
    expect(made.stderr).toMatch(/could not be written \(the disk here is full\): nothing was kept/);
    expect(readdirSync(disk.folder)).toEqual([]);
  }
  await eventually(
    async () => readdirSync(join(platform.dataFolder, 'backups')),
    (left) => left.length === 0,
  );
});

test('it is restored where nothing is left, and everything serves as it did', async () => {
  // Which of both commits is in it depends on who was quicker; a later change is in any case not.
  await must(twelve('config:set', 'GREETING=later'));
  await platform.stop('SIGTERM');
  await removeInstance(platform.instance);
  const labels = { 'twelve.instance': platform.instance };
  expect([await containers(labels), await networks(labels), await slugImages(platform.instance)]).toEqual([
    [],
    [],
    [],
  ]);
  renameSync(platform.dataFolder, `${platform.dataFolder}-old`);
  const restored = await twelve('server:restore', file, '--key', key, '--data', platform.dataFolder);
  expect(restored.stderr).not.toContain(' !  ');
  expect(restored.stderr).toContain('Tokens that were revoked since then are good again');
  expect(restored).toMatchObject({ status: 0 });
  await platform.startAgain();

  expect(
    await eventually(
      () => home('greeter'),
      (text) => text.includes(greeting),
    ),
  ).toContain('from web.1');
  await eventually(
    () => home('snake'),
    (text) => text.includes('served by python'),
  );
  expect((await visit(platform.httpPort, 'greeter.example.com', '/')).text).toContain(greeting);
  expect((await must(twelve('config:get', 'GREETING'))).stdout.trim()).toBe(greeting);
  expect((await must(twelve('builds:output', '-a', 'snake'))).stdout).toContain('Python');
});

test('rollback and pushes work as before, with the history that was pushed', async () => {
  const releases = JSON.parse((await must(twelve('releases', '--json'))).stdout) as { version: number }[];
  expect(releases.map(({ version }) => version).sort()).toEqual(expect.arrayContaining([1, 2, 3, 4]));
  await must(twelve('rollback', 'v3'));
  await eventually(
    () => home('greeter'),
    (text) => text.startsWith('Hi from'),
  );

  const refs = (await must(node.git('ls-remote', 'platform'))).stdout;
  expect(refs).toMatch(/refs\/tags\/v1/);
  const later = (await must(node.git('rev-parse', 'main'))).stdout.trim();
  expect([`${deployed}\tHEAD`, `${later}\tHEAD`]).toContain(refs.split('\n')[0]);
  await node.commit({
    'server.js': "require('http').createServer((_, r) => r.end('new code')).listen(process.env.PORT);\n",
    'package.json': '{"name":"x","version":"1.0.0"}',
    'package-lock.json': null,
  });
  expect(await platform.push(node)).toMatch(/main -> main/);
  await eventually(
    () => home('greeter'),
    (text) => text === 'new code',
  );
});

test('a second server of the same platform is refused on the same machine', async () => {
  const data = `${platform.dataFolder}-twin`;
  await must(twelve('server:restore', file, '--key', key, '--data', data));
  const [api, http] = (await freePorts(2)) as [number, number];
  const twin = createServerProcess(
    {
      ...platform.env,
      TWELVE_DATA: data,
      TWELVE_RUN: join(platform.dataFolder, '..', 'run'),
      TWELVE_API: `127.0.0.1:${api}`,
      TWELVE_HTTP: `127.0.0.1:${http}`,
    },
    join(data, 'twin-server'),
  );
  await expect(twin.start()).rejects.toThrow(/Another Twelve server of this platform/);
  expect(await home('greeter')).toBe('new code');
});

test('what is there is not restored over', async () => {
  const busy = await twelve('server:restore', file, '--key', key, '--data', platform.dataFolder);
  expect(busy.status).toBe(1);
  expect(busy.stderr).toContain('Another Twelve server is running on the data folder');
  const full = await twelve('server:restore', file, '--key', key, '--data', `${platform.dataFolder}-old`);
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/is not empty \(.*\)\. A backup is restored into an empty one/);
  expect(existsSync(join(`${platform.dataFolder}-old`, 'twelve.db'))).toBe(true);
});
