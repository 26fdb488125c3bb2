// The first version itself, out of the history, with apps that run: today's server takes its place, and nobody notices more than is told.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SQLite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { type FirstLife, greeting, liveFirst, secret } from '../support/first-life.ts';
import { setUpFirstVersion, unpackFirstVersion } from '../support/first-version.ts';
import { makeFolder } from '../support/leftovers.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { run } from '../support/program.ts';
import { root } from '../support/server-process.ts';
import { releasesOf } from '../support/truth.ts';
import type { Crowd } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';

const first = makeFolder();
let version: string;
let platform: TestPlatform;
let shop: AppRepository;
let life: FirstLife;

beforeAll(async () => {
  version = await setUpFirstVersion(join(first, 'v0.1.0'));
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '5' }, { version: () => version });
  shop = await platform.newApp('hello-node');
  life = await liveFirst(platform, shop, 'node server.js');
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  rmSync(first, { recursive: true, force: true });
});

const twelve = (...args: string[]) => must(platform.cli([...args, '-a', 'shop']));
const processes = async (): Promise<string[]> =>
  (await platform.containers('shop')).map(({ id, state }) => `${id} ${state}`).sort();
const logged = async (): Promise<string[]> =>
  (await twelve('logs', '-n', '100000')).stdout.split('\n').filter((line) => line !== '');
const database = (): string => join(platform.dataFolder, 'twelve.db');
const schemaOf = (file: string): unknown => {
  const opened = new SQLite(file, { readonly: true });
  const schema = opened.pragma('user_version', { simple: true });
  opened.close();
  return schema;
};

test('visitors are served by the same processes while the server is replaced', async () => {
  const before = await processes();
  expect(before).toHaveLength(3);
  expect(schemaOf(database())).toBe(1);
  await using visitors: Crowd = platform.crowd('shop');
  await eventually(visitors.answered, (count) => count > 100);
  await platform.stop('SIGTERM');
  await using later = platform.crowd('shop', { path: '/?later' });
  await eventually(later.answered, (count) => count > 100);
  const unread = later.answered();
  await sleep(50);
  const until = new Date().toISOString();
  version = root;
  await platform.startAgain();
  const then = visitors.answered();
  await eventually(visitors.answered, (count) => count > then + 100);
  expect((await visitors.stop()).failures).toEqual([]);
  expect((await later.stop()).failures).toEqual([]);
  expect(await processes()).toEqual(before);
  // Those that came while nobody read the router's log stand in it too.
  await eventually(
    async () =>
      (await logged()).filter((line) => line.includes(' path="/?later" ') && line < until).length - unread,
    (more) => more >= 0,
  );
  // The one of before has handed its sockets on, and ended with its last connection.
  await eventually(
    () => platform.containers(undefined, 'router'),
    (found) => found.length === 1,
  );
});

test('every release is there with how it ended, who made it, its code and its config', async () => {
  const { body } = await platform.api<FirstLife['releases']>('GET', '/apps/shop/releases', undefined, {
    Range: 'version ..; order=desc',
  });
  expect(body).toMatchObject(life.releases);
  expect(body.map(({ version, status }) => `v${version} ${status}`)).toEqual([
    ...['v8 succeeded', 'v7 succeeded', 'v6 failed', 'v5 succeeded'],
    ...['v4 succeeded', 'v3 succeeded', 'v2 succeeded', 'v1 succeeded'],
  ]);
  const config = async (release: number) =>
    (await platform.api<Record<string, string>>('GET', `/apps/shop/releases/${release}/config-vars`)).body;
  expect(await config(2)).toEqual({ GREETING: greeting });
  expect(await config(3)).toEqual({ GREETING: greeting, SECRET: secret });
  expect(await config(7)).toEqual({ GREETING: greeting, SECRET: secret, LATER: '1' });
  expect((await twelve('config:get', 'SECRET')).stdout).toBe(`${secret}\n`);
  expect((await platform.cli(['apps'])).stdout).toBe('=== Apps\n\nshop\n');
  expect((await twelve('builds')).stdout.match(/ succeeded /g)).toHaveLength(3);
});

test('the log is one: what the first version stored, and what came meanwhile and later, once and in order', async () => {
  const old = life.log.split('\n').filter((line) => line !== '');
  const numbers = (lines: readonly string[]): number[] =>
    lines.flatMap((line) => {
      const number = /app\[worker\.1\]: line (\d+) of the worker$/.exec(line)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  const newest = numbers(old).at(-1)!;
  const lines = await eventually(logged, (all) => (numbers(all).at(-1) ?? 0) > newest + 20);
  expect(lines.slice(0, old.length)).toEqual(old);
  const since = numbers(lines.slice(old.length));
  expect(since).toEqual(since.map((_number, index) => newest + 1 + index));
});

test('the token, the repository and the codes of before are good', async () => {
  expect((await must(platform.cli(['whoami']))).stdout).toBe('admin@localhost\n');
  const clone = join(first, 'clone');
  const credentials = `http://x:${platform.token}@${new URL(platform.url).host}/shop.git`;
  await must(platform.git(['clone', '-q', credentials, clone]));
  const history = await must(
    run('git', ['log', '--reverse', '--format=%H', 'main'], { cwd: clone, env: platform.env }),
  );
  expect(history.stdout.trim().split('\n').slice(-2)).toEqual(life.pushed);
});

test('rollback, push and scale take over from what the first version had started', async () => {
  await twelve('rollback', 'v5');
  expect((await platform.visit('shop')).text).toMatch(/^from the first version from web\.\d, release v9\n$/);
  await shop.commit({ 'notes.txt': 'of the first push to the newer version\n' });
  await platform.push(shop);
  await twelve('ps:scale', 'web=1', 'worker=2');
  const running = await eventually(
    async () =>
      (await platform.containers('shop')).map(
        ({ state, labels }) => `${labels['twelve.process']} of v${labels['twelve.release']} ${state}`,
      ),
    (found) => found.length === 3,
  );
  expect(running.sort()).toEqual(['web.1', 'worker.1', 'worker.2'].map((name) => `${name} of v10 running`));
  expect((await releasesOf(platform, 'shop'))[0]).toMatchObject({ status: 'succeeded', current: true });
});

test('the first version refuses the database that was upgraded, and finds its own beside it', async () => {
  const [copy, ...more] = readdirSync(join(platform.dataFolder, 'backups'));
  expect(more).toEqual([]);
  expect(schemaOf(join(platform.dataFolder, 'backups', copy!))).toBe(1);
  const before = await processes();
  await platform.stop('SIGTERM');
  version = join(first, 'v0.1.0');
  await expect(platform.startAgain()).rejects.toThrow(
    /twelve\.db was made by a newer version of Twelve \(schema \d+, this one knows 1\)\. Start the newer version, or restore a backup/,
  );
  expect((await platform.visit('shop')).status).toBe(200);
  version = root;
  await platform.startAgain();
  expect(await processes()).toEqual(before);
});

test('a backup of what was upgraded is whole', async () => {
  const [file, key, folder] = ['twelve.tgz', 'twelve.key', 'restored'].map((name) => join(first, name)) as [
    string,
    string,
    string,
  ];
  await must(platform.cli(['server:backup', file]));
  await must(platform.cli(['server:key', key], { env: { TWELVE_DATA: platform.dataFolder } }));
  const restored = await must(platform.cli(['server:restore', file, '--key', key, '--data', folder]));
  expect(restored.stdout).toContain(`${folder} is as it was at`);
  expect(schemaOf(join(folder, 'twelve.db'))).toBe(schemaOf(database()));
});

test('a clone without the history says what to do', async () => {
  const shallow = join(first, 'shallow');
  await must(
    run('git', ['clone', '-q', '--depth=1', '--no-tags', `file://${root}`, shallow], { env: platform.env }),
  );
  await expect(unpackFirstVersion(join(first, 'none'), shallow)).rejects.toThrow(
    /is not in the history of .*\. Fetch the history: git fetch --unshallow --tags$/,
  );
  expect(existsSync(join(first, 'none'))).toBe(false);
});
