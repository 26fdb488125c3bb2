// What the node buildpack keeps between builds, for every manager: what misses, what is found again, what can be turned off.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { textsOf } from './stack.ts';

const sample = (name: string) => join(ourBuildpacks, 'node', 'test', name);
const fromCache = 'node_modules comes from the cache, nothing is installed.';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

const logOf = async (source: string | Files, app: string, config: Record<string, string> = {}) =>
  (await builds.build(source, { app, config })).lines.join('\n');

describe.each([
  ['build-script', 'package-lock.json'],
  ['yarn-1', 'yarn.lock'],
  ['yarn-4', 'yarn.lock'],
  ['pnpm', 'pnpm-lock.yaml'],
  ['bun', 'bun.lock'],
])('%s', (app, lockfile) => {
  test('another lockfile or package.json misses; packages then come from the download cache', async () => {
    await builds.build(sample(app), { app });
    expect(await logOf(sample(app), app)).toContain(fromCache);
    const files = await textsOf(sample(app));
    const comment = lockfile.endsWith('.json') ? '\n' : lockfile === 'bun.lock' ? '\n// x\n' : '\n# x\n';
    const other = await logOf({ ...files, [lockfile]: files[lockfile] + comment }, app);
    expect(other).not.toContain(fromCache);
    expect(other).toContain('-----> Installing dependencies');
    expect(other).not.toContain('downloaded.');
    const described = { ...(JSON.parse(files['package.json']!) as object), description: 'x' };
    // The registry's metadata is not needed with a lockfile, and its archives are in the cache: none has to answer.
    await using away = await startBuilds({
      npmConfig: { registry: 'http://127.0.0.1:9' },
      cacheFolder: join(builds.folder, 'cache'),
    });
    const offline = await away.build({ ...files, 'package.json': JSON.stringify(described) }, { app });
    expect(offline.lines.join('\n')).toContain('-----> Installing dependencies');
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
