// What the node buildpack refuses, caused for real: the id and the sentence the pusher sees.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { sample } from './node-samples.ts';
import { textsOf } from './stack.ts';

const app = 'app';
/** A registry that nobody answers at. */
const nowhere = { npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' };

let builds: Builds;
let express: Files;

beforeAll(async () => {
  builds = await startBuilds();
  express = await textsOf(sample('express'));
});
afterAll(() => builds[Symbol.asyncDispose]());

/** The express sample with another package.json. */
function changed(change: object, files: Files = {}): Files {
  const own = JSON.parse(express['package.json']!) as object;
  return { ...express, 'package.json': JSON.stringify({ ...own, ...change }), ...files };
}

describe('what can be read from files is refused before anything is downloaded', () => {
  test.each<[string, Files, RegExp]>([
    // Where it begins, also when it ends its line.
    [
      'E4',
      { 'package.json': '{\n  "name": "x",\n  "scripts": {\n    "start": oops\n  }\n}\n' },
      /^package\.json is not valid JSON: Expecting value at line 4, column 14: {5}"start": oops$/,
    ],
    [
      'E4',
      { 'package.json': '{\n  "name": "x"\n  "version": "1.0.0"\n}\n' },
      /^package\.json is not valid JSON: Expecting ',' delimiter at line 3, column 3: {3}"version": "1\.0\.0"$/,
    ],
    ['E4', { 'package.json': ' \n' }, /^package\.json is not valid JSON: it is empty\.$/],
    ['E4', { 'package.json': '[]' }, /^package\.json is not valid JSON: it is not an object\.$/],
    [
      'E5',
      { 'package.json': '{"packageManager":"yarn@1.22.22"}', 'package-lock.json': '{}', 'yarn.lock': '' },
      /^Found package-lock\.json and yarn\.lock; only one package manager .* To keep yarn: git rm package-lock\.json && git commit/,
    ],
    [
      'E5',
      { 'package.json': '{"packageManager":"pnpm@9.0.0"}', 'yarn.lock': '' },
      /^Found yarn\.lock and "packageManager": "pnpm@9\.0\.0"/,
    ],
    [
      'E5',
      { 'package.json': '{}', 'pnpm-lock.yaml': '', 'bun.lock': '' },
      /^Found pnpm-lock\.yaml and bun\.lock; .* To keep pnpm: git rm bun\.lock && git commit/,
    ],
    [
      'E5',
      { 'package.json': '{"engines":{"yarn":"1.x","pnpm":"9.x"}}' },
      /^Found yarn and pnpm in engines; only one package manager can own the dependencies\./,
    ],
  ])('%s', async (id, files, sentence) => {
    const failure = await builds.failure(files, { app: 'files', config: nowhere });
    expect(failure).toMatchObject({ id, message: expect.stringMatching(sentence) });
  });
});

describe('what the registry and the install find out', () => {
  test('without a lockfile the app works too (and Node is in the cache for the rest)', async () => {
    const source = {
      'package.json': JSON.stringify({ engines: { node: '24.x' }, dependencies: { ms: '^2.1.3' } }),
      'server.js': '',
    };
    const { app: tree } = await builds.build(source, { app });
    expect(JSON.parse(await readFile(join(tree, 'node_modules/ms/package.json'), 'utf8'))).toMatchObject({
      name: 'ms',
    });
  });

  test('a lockfile that does not match is E7, with the first difference', async () => {
    const files = changed({ dependencies: { express: '^5.1.0', ms: '2.1.2' } });
    const failure = await builds.failure(files, { app });
    expect(failure.id).toBe('E7');
    expect(failure.message).toMatch(
      /^package-lock\.json does not match package\.json \((Missing|Invalid): .*ms@2\.1\.2.*\)\. Run npm install/,
    );
  });

  test('a package that does not exist is E10; without a lockfile there is a warning (E6)', async () => {
    const dependencies = { 'twelve-no-such-package-here': '^1.0.0' };
    const files = { 'package.json': JSON.stringify({ engines: { node: '24.x' }, dependencies }) };
    const failure = await builds.failure(files, { app });
    expect(failure.lines.join('\n')).toContain(' !     No lockfile: versions are chosen anew in each build');
    expect(failure).toMatchObject({
      id: 'E10',
      message: expect.stringMatching(
        /^twelve-no-such-package-here@\^1\.0\.0, required by package\.json, is not in the registry/,
      ),
    });
    const range = await builds.failure(
      { 'package.json': JSON.stringify({ engines: { node: '24.x' }, dependencies: { ms: '99.0.0' } }) },
      { app },
    );
    expect(range).toMatchObject({ id: 'E10', message: expect.stringContaining('ms@99.0.0, required by') });
  });

  test('a registry that does not answer is E9, whether Node or packages are wanted', async () => {
    const cold = await builds.failure(express, { app: 'offline', config: nowhere });
    const sentence =
      /^The build could not talk to the package registry \(connection refused\)\. Your app is fine\./;
    // The host's own registry is asked after the app's: only where both fail is the build lost.
    await using offline = await startBuilds({ npmConfig: { registry: nowhere.npm_config_registry } });
    expect(cold.id).toBe('E9');
    expect((await offline.failure(express)).message).toMatch(sentence);
  });

  test.each([
    ['http://registry.invalid', 'name not found'],
    ['http://127.0.0.1:9', 'connection refused'],
  ])('packages from %s: E9, %s', async (npm_config_registry, cause) => {
    const config = { ...nowhere, npm_config_registry };
    expect(await builds.failure(express, { app, config })).toMatchObject({
      id: 'E9',
      message: expect.stringContaining(`could not talk to the package registry (${cause}).`),
    });
  });

  test("a script of the app's own that does not reach its database is E13 and not the registry's fault", async () => {
    const postinstall = `node -e "require('net').connect(5432, '127.0.0.1')"`;
    const failure = await builds.failure(changed({ scripts: { postinstall } }), { app });
    expect(failure.lines.join('\n')).toContain('ECONNREFUSED');
    expect(failure).toMatchObject({
      id: 'E13',
      message: expect.stringMatching(/^The "postinstall" script failed with exit code 1\./),
    });
  });

  test('nothing to start is E11', async () => {
    const failure = await builds.failure({ 'package.json': '{"engines":{"node":"24.x"}}' }, { app });
    expect(failure).toMatchObject({ id: 'E11', message: expect.stringContaining('Add a "start" script') });
  });

  test.each([
    [
      'banana',
      /^engines\.node is "banana": that is not a version range; newest here are 22\.x, 24\.x, 26\.x\. Set for example/,
    ],
    ['99.x', /^engines\.node is "99\.x": no version matches/],
  ])('engines.node %s is refused (E8)', async (node, sentence) => {
    const failure = await builds.failure(changed({ engines: { node } }), { app });
    expect(failure).toMatchObject({ id: 'E8', message: expect.stringMatching(sentence) });
  });
});

describe('what the build finds out', () => {
  const app = 'scripts';

  test('a git dependency over SSH, and one from a source that .npmrc forbids, are E15', async () => {
    const source = (dependency: string) => ({
      'package.json': JSON.stringify({ engines: { node: '24.x' }, dependencies: { secret: dependency } }),
      '.npmrc': 'allow-git=none\n',
    });
    const ssh = { ...source('git+ssh://git@127.0.0.1/no/where.git'), '.npmrc': '' };
    expect(await builds.failure(ssh, { app })).toMatchObject({
      id: 'E15',
      message:
        'A git dependency is fetched over SSH. Builds have no SSH key: use an https URL with a token, or a registry version.',
    });
    expect(await builds.failure(source('git+https://127.0.0.1/no/where.git'), { app })).toMatchObject({
      id: 'E15',
      message: expect.stringMatching(/^npm refused to fetch .*where\.git.*Allow it \(allow-git in \.npmrc\)/),
    });
  });

  test('an archive from elsewhere that .npmrc forbids is E15', async () => {
    const source = {
      'package.json': JSON.stringify({
        engines: { node: '24.x' },
        dependencies: { ms: '^2.1.3', other: 'https://ada:s3cret@127.0.0.1:9/other.tgz?token=s3cret' },
      }),
      '.npmrc': 'allow-remote=none\n',
    };
    expect(await builds.failure(source, { app })).toMatchObject({
      id: 'E15',
      message:
        'npm refused to fetch other@https://127.0.0.1:9/other.tgz, which does not come from the registry. Allow it (allow-remote in .npmrc), or use a version from the registry.',
    });
  });

  test('install scripts that nobody approved are E15 where npm is told to be strict', async () => {
    const source = {
      'package.json': JSON.stringify({
        engines: { node: '24.x' },
        dependencies: { 'hello-native': 'file:addon' },
      }),
      'addon/package.json': '{"name":"hello-native","version":"1.0.0","scripts":{"install":"true"}}',
      '.npmrc': 'install-links=true\nstrict-allow-scripts=true\n',
    };
    expect(await builds.failure(source, { app })).toMatchObject({
      id: 'E15',
      message:
        'npm refused to run install scripts of hello-native@1.0.0. Approve them locally (npm approve-scripts), commit the change.',
    });
  });

  test('a package whose native part needs what is not there is E14, with its name', async () => {
    const native = await textsOf(sample('native'));
    const source = { ...native, 'addon/hello.c': '#include <cairo/cairo.h>\n' };
    expect(await builds.failure(source, { app })).toMatchObject({
      id: 'E14',
      message:
        'hello-native has a native part that could not be compiled: missing header cairo/cairo.h. Try a newer hello-native that ships ready-made binaries, or add the system package libcairo2-dev to an Aptfile and name the buildpacks "apt" and "node" in .buildpacks.',
    });
  });

  test("a ready-made binary that its author's server does not give is E14, and not the registry's fault", async () => {
    const source = {
      'package.json': JSON.stringify({ engines: { node: '24.x' }, dependencies: { addon: 'file:addon' } }),
      'addon/package.json': JSON.stringify({
        name: 'addon',
        version: '1.0.0',
        repository: 'github:someone/addon',
        scripts: { install: 'prebuild-install' },
        binary: { host: 'http://127.0.0.1:9' },
        dependencies: { 'prebuild-install': '7.1.3' },
      }),
      '.npmrc': 'install-links=true\n',
    };
    expect(await builds.failure(source, { app })).toMatchObject({
      id: 'E14',
      message:
        'addon has a native part whose ready-made binary was not to be had: connect ECONNREFUSED 127.0.0.1:9. Try a newer addon that has its binaries in packages of the registry, or one that compiles where there are none.',
    });
  });

  test('a build that needs more memory than it has is E18', async () => {
    await using small = await startBuilds({ memory: 384 * 1_048_576 });
    const build = `node -e "const all = []; for (;;) all.push(new Array(100000).fill(1.5))"`;
    const source = { 'package.json': JSON.stringify({ engines: { node: '24.x' }, scripts: { build } }) };
    expect(await small.failure(source)).toMatchObject({
      id: 'E18',
      message: expect.stringMatching(/^The build used more than its 384 MB\. Lower parallelism/),
    });
  });

  test.each<[string, object, Files, RegExp]>([
    [
      'a file',
      { build: 'node src/Stamp.js' },
      {},
      /^"src\/Stamp\.js" in the "build" script .* but "src\/stamp\.js" does\./,
    ],
    [
      'require',
      { build: 'node src/build.js' },
      { 'src/build.js': "require('./Stamp');\n" },
      /^"\.\/Stamp" in src\/build\.js does not exist, but "src\/stamp\.js" does\. Names are case-sensitive here: fix the import or run git mv\.$/,
    ],
    [
      'import',
      { build: 'node src/build.mjs' },
      { 'src/build.mjs': "import './Stamp.js';\n" },
      /^"src\/Stamp\.js" in src\/build\.mjs does not exist, but "src\/stamp\.js" does\./,
    ],
    [
      'a folder',
      { build: 'node src/build.js' },
      { 'src/build.js': "require('../Parts/Header');\n", 'parts/header/index.js': '' },
      /^"\.\.\/Parts\/Header" in src\/build\.js does not exist, but "parts\/header" does\./,
    ],
    [
      'start',
      { start: 'node Server.js' },
      {},
      /^"Server\.js" in start does not exist, but "server\.js" does\./,
    ],
    [
      'start, by its folder,',
      { start: 'node dist/main.js' },
      { 'Dist/main.js': '' },
      /^"dist\/main\.js" in start does not exist, but "Dist\/main\.js" does\. Names are case-sensitive here: fix the import or run git mv\.$/,
    ],
  ])('%s that differs only in case is E17', async (_, scripts, files, sentence) => {
    const own = {
      'package.json': JSON.stringify({ engines: { node: '24.x' }, scripts }),
      'src/stamp.js': '',
      'server.js': '',
    };
    expect(await builds.failure({ ...own, ...files }, { app })).toMatchObject({
      id: 'E17',
      message: expect.stringMatching(sentence),
    });
  });

  test.each([
    ['tsc --noEmit --skipLibCheck src/app.ts', './Header', 'src/app.ts', 'src/header.ts'],
    // It says what it could not read, and not what is written there.
    ['esbuild --bundle src/app.ts --outfile=dist/app.js', 'src/Header.ts', 'src/app.ts', 'src/header.ts'],
    ['rollup src/app.js --file dist/app.js', './Footer.js', 'src/app.js', 'src/footer.js'],
  ])('%s meets a name that differs only in case: E17', async (build, wanted, from, actual) => {
    const source = {
      'package.json': JSON.stringify({
        engines: { node: '24.x' },
        scripts: { build },
        devDependencies: { typescript: '5.9.x', esbuild: '0.25.x', rollup: '4.x' },
      }),
      'src/app.ts': "import { header } from './Header';\nconsole.log(header);\n",
      'src/header.ts': "export const header = 'x';\n",
      'src/app.js': "import { header } from './Footer.js';\nconsole.log(header);\n",
      'src/footer.js': "export const header = 'x';\n",
    };
    expect(await builds.failure(source, { app })).toMatchObject({
      id: 'E17',
      message: `"${wanted}" in ${from} does not exist, but "${actual}" does. Names are case-sensitive here: fix the import or run git mv.`,
    });
  });
});
