// The node buildpack on the real engine: installs once, restores after, refuses early, and what it makes really runs.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { sample } from './node-samples.ts';
import { runInStack, textsOf } from './stack.ts';
import { listing } from './tree-listing.ts';

const app = 'app';
/** A registry that nobody answers at. */
const nowhere = 'http://127.0.0.1:9';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe('an app with a lockfile', () => {
  let first: string;

  test('cold: Node and packages are installed, and the tree answers in the run stack', async () => {
    const cold = await builds.build(sample('express'), { app });
    expect(cold.lines).toContain('       Build cache: empty');
    expect(cold.lines.join('\n')).toMatch(
      / {7}Node 24\.\d+\.\d+ \(engines\.node "24\.x"\), npm 11\.\d+\.\d+/,
    );
    expect(cold.lines.join('\n')).toMatch(/added \d+ packages/);
    expect(cold.tree.processTypes).toEqual({ web: 'npm start' });
    expect(cold.tree.created).toEqual(['.heroku', '.profile.d', 'node_modules']);
    expect(existsSync(join(cold.app, '.heroku/node/include'))).toBe(false);
    const answer = await runInStack(builds, cold.app, 'npm start', { web: true });
    expect(answer).toMatch(/^hello from Node v24\./);
    first = `${await listing(join(cold.app, '.heroku'))}\n${await listing(join(cold.app, 'node_modules'))}`;
  });

  test('warm: nothing is installed, no registry is asked, and the layers are the same', async () => {
    // npmConfig names the registry in a file; the environment of a config var would change the cache's key.
    await using offline = await startBuilds({
      npmConfig: { registry: nowhere },
      cacheFolder: join(builds.folder, 'cache'),
    });
    // A config var that no package manager reads changes nothing about what is installed.
    const warm = await offline.build(sample('express'), { app, config: { GREETING: 'hi' } });
    expect(warm.lines).toContain('       Build cache: restored');
    expect(warm.lines).toContain('       Node and npm come from the cache.');
    expect(warm.lines).toContain('       node_modules comes from the cache, nothing is installed.');
    expect(warm.lines.join('\n')).not.toContain('added');
    expect(
      `${await listing(join(warm.app, '.heroku'))}\n${await listing(join(warm.app, 'node_modules'))}`,
    ).toBe(first);
    expect(await runInStack(builds, warm.app, 'npm start', { web: true })).toMatch(/^hello from Node v24\./);
  });

  test('at run time: production, workers by memory, tools on the PATH', async () => {
    const { app: tree } = await builds.build(sample('express'), { app });
    const said = await runInStack(builds, tree, 'echo "$NODE_ENV $WEB_CONCURRENCY"; command -v node npm', {
      env: { MEMORY_AVAILABLE: '1024' },
    });
    expect(said.split('\n')).toEqual([
      'production 2',
      '/app/.heroku/node/bin/node',
      '/app/.heroku/node/bin/npm',
      '',
    ]);
    const own = await runInStack(builds, tree, 'echo "$NODE_ENV $WEB_CONCURRENCY"', {
      env: { MEMORY_AVAILABLE: '64', NODE_ENV: 'staging' },
    });
    expect(own).toBe('staging 1\n');
  });

  test('NODE_MODULES_CACHE=false installs anew', async () => {
    const { lines } = await builds.build(sample('express'), { app, config: { NODE_MODULES_CACHE: 'false' } });
    expect(lines.join('\n')).toMatch(/added \d+ packages/);
  });
});

describe('an app with a build script and devDependencies', () => {
  test('is built and pruned, the same way from the cache; a change in place stays in its own build', async () => {
    for (const from of ['registry', 'cache', 'cache']) {
      const built = await builds.build(sample('build-script'), { app: 'scripted' });
      const log = built.lines.join('\n');
      expect(log.includes('nothing is installed')).toBe(from === 'cache');
      expect(log).toContain('-----> Running the "build" script');
      expect(log).toContain('       1 package removed');
      expect((await readdir(join(built.app, 'node_modules'))).sort()).toEqual([
        '.bin',
        '.package-lock.json',
        'ms',
      ]);
      expect(await readdir(join(built.app, 'node_modules/.bin'))).toEqual([]);
      expect(await runInStack(builds, built.app, 'npm start', { web: true })).toBe(
        'a day has 86400000 ms, stamps: 1\n',
      );
    }
  });

  test('devDependencies stay when asked to', async () => {
    const { app: tree, lines } = await builds.build(sample('build-script'), {
      app: 'unpruned',
      config: { SKIP_PRUNING: 'true' },
    });
    expect(lines).toContain('       devDependencies stay: SKIP_PRUNING is true.');
    expect(existsSync(join(tree, 'node_modules/mkdirp'))).toBe(true);
  });

  test('a start command that a pruned package would have run is refused (E12)', async () => {
    const files = await textsOf(sample('build-script'));
    const own = JSON.parse(files['package.json']!) as { scripts: object };
    files['package.json'] = JSON.stringify({
      ...own,
      scripts: { ...own.scripts, start: 'NODE_ENV=x mkdirp run' },
    });
    const failure = await builds.failure(files, { app: 'scripted' });
    expect(failure.id).toBe('E12');
    expect(failure.message).toContain('"start" runs "mkdirp", which comes from the devDependency mkdirp.');
    expect(failure.message).toContain('(found: dist/index.js)');
    const procfile = await builds.failure(
      { ...(await textsOf(sample('build-script'))), Procfile: 'web: npx mkdirp run\n' },
      { app: 'scripted' },
    );
    expect(procfile.message).toContain('"Procfile" runs "mkdirp"');
  });

  test('a failing script is E13 and leaves the cache as it was', async () => {
    const files = await textsOf(sample('build-script'));
    const failing = { ...files, 'src/stamp.js': 'process.exit(3)' };
    expect(await builds.failure(failing, { app: 'scripted' })).toMatchObject({
      id: 'E13',
      message: expect.stringMatching(
        /^The "build" script failed with exit code 3\..*npm ci && npm run build\.$/,
      ),
    });
    const own = JSON.parse(files['package.json']!) as object;
    const missing = { ...files, 'package.json': JSON.stringify({ ...own, scripts: { build: 'tsc -p .' } }) };
    expect((await builds.failure(missing, { app: 'scripted' })).message).toContain(
      'Command "tsc" was not found: is it listed in dependencies?',
    );
    const { lines } = await builds.build(sample('build-script'), { app: 'scripted' });
    expect(lines.join('\n')).toContain('nothing is installed');
  });
});

describe('a native addon', () => {
  const addon: Files = {
    'package.json': '{"name":"addon","version":"1.0.0","engines":{"node":"24.x"}}',
    'package-lock.json':
      '{"name":"addon","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"addon","version":"1.0.0"}}}',
    'binding.gyp': '{"targets":[{"target_name":"hello","sources":["hello.c"]}]}',
    'server.js': '',
    'hello.c': readFileSync(join(sample('native'), 'addon', 'hello.c'), 'utf8').replace(
      'hello from C',
      'native hello',
    ),
  };

  test('is compiled with headers from the cache and loads in the run stack', async () => {
    // They come with Node itself: nobody is asked for them.
    const config = { npm_config_disturl: 'http://127.0.0.1:9' };
    const { app: tree } = await builds.build(addon, { app, config });
    expect(existsSync(join(tree, '.heroku/node/include'))).toBe(false);
    const call = `node -p 'require("./build/Release/hello").hello()'`;
    expect(await runInStack(builds, tree, call)).toBe('native hello\n');
  });

  test('that cannot be compiled is E14, with what is missing', async () => {
    const failure = await builds.failure({ ...addon, 'hello.c': '#include <not_there.h>\n' }, { app });
    expect(failure).toMatchObject({
      id: 'E14',
      message: expect.stringMatching(/native part that could not be compiled: missing header not_there\.h\./),
    });
  });
});

describe('versions', () => {
  test('.nvmrc and .node-version count where engines says nothing; else the current LTS with a hint', async () => {
    const bare = { 'server.js': '', 'package.json': '{}' };
    const nvmrc = await builds.build({ ...bare, '.nvmrc': 'lts/krypton\n' }, { app });
    expect(nvmrc.lines.join('\n')).toMatch(/Node 24\.\d+\.\d+ \(\.nvmrc "lts\/krypton"\)/);
    expect(nvmrc.tree.processTypes).toEqual({ web: 'node server.js' });
    const file = await builds.build({ ...bare, '.node-version': 'v24\n' }, { app });
    expect(file.lines.join('\n')).toMatch(/Node 24\.\d+\.\d+ \(\.node-version "v24"\)/);
    const none = await builds.build(
      { 'package.json': '{"main":"my app.js"}', 'my app.js': '' },
      { app: 'lts' },
    );
    expect(none.lines.join('\n')).toMatch(/\(current LTS\)[\s\S]*"engines": \{"node": "\d+\.x"\}/);
    expect(none.tree.processTypes).toEqual({ web: 'node my\\ app.js' });
  });
});
