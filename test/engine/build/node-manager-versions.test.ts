// Which version of a package manager a build uses: as asked, else what the lockfile was made for; refused where neither works.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { sample } from './node-samples.ts';
import { runInStack, textsOf } from './stack.ts';

const lockfiles = join(import.meta.dirname, 'lockfiles');
const app = 'versions';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

/** An app with one package for running and one for building, and no build step. */
const plain = (more: object): Files => ({
  'package.json': JSON.stringify({
    name: 'sample',
    version: '1.0.0',
    private: true,
    scripts: { start: 'node server.js' },
    dependencies: { ms: '^2.1.3' },
    devDependencies: { mkdirp: '^3.0.1' },
    engines: { node: '24.x' },
    ...more,
  }),
  'server.js': `require('node:http').createServer((_, r) => r.end(String(require('ms')('1s')))).listen(process.env.PORT);`,
});

test.each([
  ['pnpm 7.33.7', 'pnpm-lock.yaml', 'pnpm-7.yaml', {}],
  ['pnpm 8.15.9', 'pnpm-lock.yaml', 'pnpm-8.yaml', {}],
  // Newer ones read it too, but ">=8" is no wish for them.
  ['pnpm 8.15.9', 'pnpm-lock.yaml', 'pnpm-8.yaml', { engines: { node: '24.x', pnpm: '>=8' } }],
  ['yarn 3.8.7', 'yarn.lock', 'yarn-3.lock', {}],
])('%s is what %s (%s) was made for', async (said, lockfile, from, more) => {
  const source = {
    ...plain(more),
    [lockfile]: await readFile(join(lockfiles, from), 'utf8'),
    '.yarnrc.yml': 'nodeLinker: node-modules\n',
  };
  const manager = said.split(' ')[0]!;
  const built = await builds.build(source, { app });
  const log = built.lines.join('\n');
  expect(log).toContain(`, ${said}\n`);
  expect(log).toContain('-----> Installing dependencies');
  if (manager === 'yarn') {
    expect(log).toMatch(
      /devDependencies stay: Yarn 3\.8\.7 removes them only with the plugin workspace-tools/,
    );
  } else {
    expect(existsSync(join(built.app, 'node_modules/mkdirp'))).toBe(false);
  }
  expect(await runInStack(builds, built.app, `${manager} start`, { web: true })).toBe('1000');
  // Without a build step the pruned tree itself is what is kept.
  const again = await builds.build(source, { app });
  expect(again.lines.join('\n')).toContain('node_modules comes from the cache, nothing is installed.');
  expect(await runInStack(builds, again.app, `${manager} start`, { web: true })).toBe('1000');
});

test.each([
  ['pnpm 12.21.0', 'pnpm', { packageManager: 'pnpm@12.21.0+sha512.0123' }],
  ['pnpm 11.28.11', 'pnpm', { packageManager: 'pnpm@11.28.11' }],
  ['yarn 4.13.0', 'yarn-4', { engines: { node: '24.x', yarn: '~4.13.0' } }],
])('%s, because package.json asks for it', async (said, from, more) => {
  const files = await textsOf(sample(from));
  const own = JSON.parse(files['package.json']!) as object;
  const source: Files = {
    ...files,
    'package.json': JSON.stringify({ ...own, packageManager: undefined, ...more }),
  };
  // A lockfile that this version would write anew is no lockfile for it.
  if (said.startsWith('yarn')) delete source['yarn.lock'];
  const built = await builds.build(source, { app });
  expect(built.lines.join('\n')).toContain(`, ${said}\n`);
  expect(built.lines.join('\n')).toContain('       1 package removed');
  const start = built.tree.processTypes['web']!;
  expect(await runInStack(builds, built.app, start, { web: true })).toBe(
    'a day has 86400000 ms, stamps: 1\n',
  );
});

describe('is refused before anything is installed (E8)', () => {
  test.each<[Files, RegExp]>([
    [
      { 'package.json': '{"packageManager":"pnpm@8.15.9"}', 'pnpm-lock.yaml': "lockfileVersion: '9.0'\n" },
      /^pnpm 8\.15\.9 cannot read pnpm-lock\.yaml version 9\.0\. Set "packageManager": "pnpm@10\.34\.9"/,
    ],
    [
      { 'package.json': '{"packageManager":"yarn@4.18.1"}', 'yarn.lock': '# yarn lockfile v1\n' },
      /^yarn 4\.18\.1 cannot read yarn\.lock version 1\. Set "packageManager": "yarn@1\.22\.22"/,
    ],
    [
      { 'package.json': '{"packageManager":"yarn@1.22.22"}', 'yarn.lock': '__metadata:\n  version: 8\n' },
      /^yarn 1\.22\.22 cannot read yarn\.lock version 8\. Set "packageManager": "yarn@4\.13\.0"/,
    ],
    [
      { 'package.json': '{"engines":{"pnpm":"banana"}}' },
      /^engines\.pnpm is "banana": that is not a version range\. Set for example "packageManager": "pnpm@10\.34\.9"\.$/,
    ],
    [
      { 'package.json': '{"engines":{"pnpm":">99"}}' },
      /^engines\.pnpm is ">99": no version matches\. Set for example/,
    ],
    [
      { 'package.json': '{"packageManager":"bun@99.0.0"}' },
      /^packageManager asks for bun 99\.0\.0, which the registry does not have\. Set for example "packageManager": "bun@1/,
    ],
    [
      { 'package.json': '{"packageManager":"berry@4.0.0"}' },
      /^packageManager is "berry@4\.0\.0": there is no such package manager here; there are npm, yarn, pnpm and bun\./,
    ],
  ])('%j', async (files, sentence) => {
    expect(await builds.failure(files, { app })).toMatchObject({
      id: 'E8',
      message: expect.stringMatching(sentence),
    });
  });

  test('and when pnpm itself finds that it cannot read the lockfile', async () => {
    const source = {
      ...plain({ packageManager: 'pnpm@10.34.9' }),
      'pnpm-lock.yaml': "lockfileVersion: '6.0'\n\ndependencies: [\n",
    };
    expect(await builds.failure(source, { app })).toMatchObject({
      id: 'E8',
      message: expect.stringMatching(/^pnpm 10\.34\.9 cannot read pnpm-lock\.yaml version 6\.0\. Set/),
    });
  });
});
