// What each package manager refuses, caused for real: the id and the sentence the pusher sees, in the manager's own names.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { sample } from './node-samples.ts';
import { textsOf } from './stack.ts';

/** A registry that nobody answers at, and no patience. */
const nowhere = {
  npm_config_registry: 'http://127.0.0.1:9',
  npm_config_fetch_retries: '0',
  YARN_HTTP_RETRY: '0',
};

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe.each([
  ['yarn-1', 'yarn', 'yarn.lock', 'yarn@1.22.22'],
  ['yarn-4', 'yarn', 'yarn.lock', 'yarn@4.18.1'],
  ['pnpm', 'pnpm', 'pnpm-lock.yaml', 'pnpm@10.34.9'],
  ['bun', 'bun', 'bun.lock', 'bun@1.4.5'],
])('%s', (app, manager, lockfile, packageManager) => {
  /** An app without a lockfile. */
  const bare = (more: object): Files => ({
    'package.json': JSON.stringify({ packageManager, engines: { node: '24.x' }, ...more }),
    '.yarnrc.yml': 'nodeLinker: node-modules\n',
    'server.js': '',
  });

  async function changed(change: object): Promise<Files> {
    const files = await textsOf(sample(app));
    const own = JSON.parse(files['package.json']!) as object;
    return { ...files, 'package.json': JSON.stringify({ ...own, ...change }) };
  }

  test('no lockfile: it is built all the same, with a warning (E6)', async () => {
    const built = await builds.build(bare({ dependencies: { ms: '^2.1.3' } }), { app });
    expect(built.lines).toContain(
      ' !     No lockfile: versions are chosen anew in each build, so this release may differ from what you tested.',
    );
    expect(built.lines).toContain(` !     Run ${manager} install, commit ${lockfile}.`);
    expect(built.tree.created).toContain('node_modules');
  });

  test('a stale lockfile is E7, with the first difference', async () => {
    const failure = await builds.failure(
      await changed({ dependencies: { ms: '2.1.2' }, devDependencies: { mkdirp: '^3.0.1' } }),
      { app },
    );
    expect(failure.id).toBe('E7');
    expect(failure.message).toMatch(
      new RegExp(
        `^${lockfile} does not match package\\.json \\(ms.*2\\.1\\.2.*\\)\\. Run ${manager} install locally and commit ${lockfile}\\.$`,
      ),
    );
  });

  test.each([
    ['twelve-no-such-package-here', '^1.0.0'],
    ['ms', '99.0.0'],
  ])('%s@%s is not there: E10', async (name, range) => {
    const failure = await builds.failure(bare({ dependencies: { [name]: range } }), { app });
    expect(failure).toMatchObject({
      id: 'E10',
      message: `${name}@${range}, required by package.json, is not in the registry. Check the spelling, the version, and whether it is private (then add a token by config var).`,
    });
  });

  test('a registry that does not answer is E9', async () => {
    const failure = await builds.failure(bare({ dependencies: { ms: '^2.1.3' } }), {
      app,
      config: nowhere,
    });
    expect(failure).toMatchObject({
      id: 'E9',
      message: expect.stringContaining(
        'The build could not talk to the package registry (connection refused). Your app is fine.',
      ),
    });
  });

  test("the app's own install script that fails is E13, by its name", async () => {
    const failure = await builds.failure(
      await changed({ scripts: { postinstall: 'node -e "process.exit(3)"', start: 'node server.js' } }),
      { app },
    );
    expect(failure).toMatchObject({
      id: 'E13',
      message: expect.stringMatching(
        new RegExp(
          `^The "postinstall" script failed with exit code \\d\\. Last output is above\\. Reproduce locally: rm -rf node_modules && ${manager} install && ${manager} run postinstall\\.`,
        ),
      ),
    });
  });

  test('a build whose program is not there is E13 and says so', async () => {
    const failure = await builds.failure(await changed({ scripts: { build: 'tsc -p .' } }), { app });
    expect(failure.id).toBe('E13');
    expect(failure.message).toMatch(
      new RegExp(
        `^The "build" script failed with exit code (127|1)\\. Last output is above\\. Reproduce locally: rm -rf node_modules && ${manager} install && ${manager} run build\\. Command "tsc" was not found: is it listed in dependencies\\?$`,
      ),
    );
  });

  test('a git dependency over SSH is E15', async () => {
    const dependencies = { secret: 'git+ssh://git@127.0.0.1/no/where.git' };
    expect(await builds.failure(bare({ dependencies }), { app })).toMatchObject({
      id: 'E15',
      message:
        'A git dependency is fetched over SSH. Builds have no SSH key: use an https URL with a token, or a registry version.',
    });
  });
});

test('a package that refuses this Node, or this Yarn, is E8', async () => {
  const npm = {
    'package.json': JSON.stringify({ engines: { node: '24.x' }, dependencies: { old: 'file:old' } }),
    'old/package.json': '{"name":"old","version":"1.0.0","engines":{"node":"<10"}}',
    '.npmrc': 'engine-strict=true\ninstall-links=true\n',
  };
  const yarn = {
    'package.json': JSON.stringify({
      name: 'sample',
      version: '1.0.0',
      packageManager: 'yarn@1.22.22',
      engines: { node: '24.x', yarn: '>=4' },
      dependencies: { ms: '^2.1.3' },
    }),
  };
  expect(await builds.failure(npm, { app: 'npm' })).toMatchObject({
    id: 'E8',
    message: expect.stringMatching(/^A package refuses Node 24\.\d+\.\d+: .*old@1\.0\.0.*<10/),
  });
  expect(await builds.failure(yarn, { app: 'yarn-1' })).toMatchObject({
    id: 'E8',
    message: expect.stringMatching(
      /^A package refuses Node .* or Yarn 1\.22\.22: sample@1\.0\.0: The engine "yarn" is incompatible with this module\. Expected version ">=4"\. Got "1\.22\.22"\. Set engines/,
    ),
  });
});

test('install scripts that pnpm and Bun did not run: a refusal where pnpm is told to be strict (E15), else a warning', async () => {
  const files: Files = {
    'addon/package.json': '{"name":"hello-native","version":"1.0.0","scripts":{"install":"true"}}',
    'server.js': '',
  };
  const source = (packageManager: string, settings: Files): Files => ({
    ...files,
    ...settings,
    'package.json': JSON.stringify({
      packageManager,
      engines: { node: '24.x' },
      dependencies: { 'hello-native': 'file:addon' },
    }),
  });
  const strict = { 'pnpm-workspace.yaml': 'strictDepBuilds: true\n' };
  const failure = await builds.failure(source('pnpm@10.34.9', strict), { app: 'pnpm' });
  expect(failure).toMatchObject({
    id: 'E15',
    message: expect.stringMatching(
      /^pnpm refused to run install scripts of hello-native.*\. Approve them locally \(pnpm approve-builds\), commit the change\.$/,
    ),
  });
  const pnpm = await builds.build(source('pnpm@10.34.9', {}), { app: 'pnpm' });
  expect(pnpm.lines.join('\n')).toMatch(/ ! {5}pnpm did not run the install scripts of hello-native/);
  const bun = await builds.build(source('bun@1.4.5', {}), { app: 'bun' });
  expect(bun.lines.join('\n')).toContain(' !     Bun did not run the install scripts of some packages');
});
