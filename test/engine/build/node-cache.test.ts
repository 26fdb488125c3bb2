// What the node buildpack keeps between builds, for every manager: what misses, what is found again, what can be turned off.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { sample } from './node-samples.ts';
import { textsOf } from './stack.ts';

const run = promisify(execFile);
const fromCache = 'node_modules comes from the cache, nothing is installed.';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

const logOf = async (source: string | Files, app: string, config: Record<string, string> = {}) =>
  (await builds.build(source, { app, config })).lines.join('\n');

/** What the manager downloaded and the cache keeps, as the names in its one archive. */
async function keptDownloads(app: string, manager: string): Promise<string> {
  const folder = join(builds.folder, 'cache', app, 'debian-13_node', 'kept');
  const trees = (await readdir(folder)).filter((name) => name.startsWith('downloads-'));
  expect(trees).toEqual([expect.stringMatching(`^downloads-${manager}-`)]);
  const { stdout } = await run('tar', ['-tf', join(folder, trees[0]!, 'downloads.tar')]);
  return stdout;
}

describe.each([
  ['build-script', 'npm', 'package-lock.json', { npm_config_offline: 'true' }],
  ['yarn-1', 'yarn', 'yarn.lock', null],
  ['yarn-4', 'yarn', 'yarn.lock', { YARN_ENABLE_NETWORK: '0' }],
  ['pnpm', 'pnpm', 'pnpm-lock.yaml', { npm_config_offline: 'true' }],
  ['bun', 'bun', 'bun.lock', null],
])('%s', (app, manager, lockfile, offline) => {
  test('another lockfile or package.json misses; packages then come from the download cache', async () => {
    await builds.build(sample(app), { app });
    expect(await logOf(sample(app), app)).toContain(fromCache);
    // The second build installed nothing, and keeps what the first one fetched all the same.
    expect(await keptDownloads(app, manager)).toMatch(manager === 'npm' ? /content-v2/ : /ms|v1[01]/);
    const files = await textsOf(sample(app));
    const described = { ...(JSON.parse(files['package.json']!) as object), description: 'x' };
    const changes: Files[] = [{ 'package.json': JSON.stringify(described) }];
    // Yarn 4 takes a comment in its lockfile for a change that it would have to undo.
    const comment = lockfile.endsWith('.json') ? '\n' : lockfile === 'bun.lock' ? '\n// x\n' : '\n# x\n';
    if (app !== 'yarn-4') changes.push({ [lockfile]: files[lockfile] + comment });
    for (const change of changes) {
      const log = await logOf({ ...files, ...change }, app);
      expect(log).not.toContain(fromCache);
      expect(log).toContain('-----> Installing dependencies');
      expect(log).not.toContain('downloaded.');
    }
    if (offline) expect(await logOf(files, app, offline)).toContain('-----> Installing dependencies');
  });

  test('NODE_MODULES_CACHE=false installs anew, and keeps nothing of it', async () => {
    const without = { NODE_MODULES_CACHE: 'false' };
    expect(await logOf(sample(app), `${app}-without`, without)).toContain('-----> Installing dependencies');
    expect(await logOf(sample(app), `${app}-without`, without)).toContain('-----> Installing dependencies');
  });
});

test("cacheDirectories: the app's own caches come back, and go with NODE_MODULES_CACHE=false", async () => {
  const source = {
    'package.json': JSON.stringify({
      engines: { node: '24.x' },
      cacheDirectories: ['.own', './made/cache/'],
      scripts: {
        'heroku-prebuild': 'echo prebuild',
        build: 'echo never',
        'heroku-postbuild':
          'mkdir -p .own made/cache; echo x >> .own/file; echo "builds: $(wc -l < .own/file)"',
        'heroku-cleanup': 'rm -r .own; echo cleanup',
        start: 'node server.js',
      },
      dependencies: { ms: '^2.1.3' },
    }),
    'server.js': '',
  };
  const first = await logOf(source, 'directories');
  expect(first).toContain('       builds: 1');
  const steps = [...first.matchAll(/^-----> (.*)$/gm)].map((step) => step[1]);
  const own = ['heroku-prebuild', 'Installing', 'heroku-postbuild', 'heroku-cleanup'];
  expect(steps.filter((step) => own.some((name) => step!.includes(name)))).toEqual([
    'Running the "heroku-prebuild" script',
    'Installing dependencies',
    'Running the "heroku-postbuild" script',
    'Running the "heroku-cleanup" script',
  ]);
  // heroku-postbuild stands in for build.
  expect(first).not.toContain('       never');
  expect(await logOf(source, 'directories')).toContain('       builds: 2');
  expect(await logOf(source, 'directories', { NODE_MODULES_CACHE: 'false' })).toContain('       builds: 1');
});

test.each([
  ['yarn-1', { YARN_PRODUCTION: 'false' }, 'YARN_PRODUCTION is set'],
  ['yarn-4', { YARN2_SKIP_PRUNING: 'true' }, 'YARN2_SKIP_PRUNING is true'],
  ['pnpm', { PNPM_SKIP_PRUNING: 'true' }, 'PNPM_SKIP_PRUNING is true'],
  ['build-script', { NPM_CONFIG_PRODUCTION: 'false' }, 'NPM_CONFIG_PRODUCTION is set'],
  ['bun', { SKIP_PRUNING: 'true' }, 'SKIP_PRUNING is true'],
  ['pnpm', { NODE_ENV: 'staging' }, 'NODE_ENV is staging'],
])('%s: devDependencies stay with %j', async (app, config, why) => {
  const built = await builds.build(sample(app), { app, config });
  expect(built.lines).toContain(`       devDependencies stay: ${why}.`);
  expect(built.lines.join('\n')).not.toContain('removed');
});
