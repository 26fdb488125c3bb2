// What an app's own files and config vars decide about a Node build: an old version, npm's other lockfile, options, patches.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

let builds: Builds;
let sample: Files;
beforeAll(async () => {
  builds = await startBuilds();
  sample = await textsOf(join(ourBuildpacks, 'node', 'test', 'build-script'));
});
afterAll(() => builds[Symbol.asyncDispose]());

const fromCache = 'node_modules comes from the cache, nothing is installed.';
const logOf = async (source: Files, app: string, config: Record<string, string> = {}): Promise<string> =>
  (await builds.build(source, { app, config })).lines.join('\n');

test('a Node past its end of life is installed, with a warning that says since when and what to set (E8)', async () => {
  const manifest = { engines: { node: '18.x' }, scripts: { build: 'node --version' } };
  const { app, lines } = await builds.build({ 'package.json': JSON.stringify(manifest), 'server.js': '' });
  expect(lines.filter((line) => line.includes('end of life'))).toEqual([
    expect.stringMatching(
      /^ ! {5}Node 18 has had no security fixes since 2025-04-30 \(end of life\)\. Set engines\.node to "\d+\.x" when you can\.$/,
    ),
  ]);
  expect(await runInStack(builds, app, 'node --version')).toMatch(/^v18\.\d+\.\d+\n$/);
});

test('npm-shrinkwrap.json is a lockfile as package-lock.json is, and no second one beside it', async () => {
  const { 'package-lock.json': lock, ...rest } = sample;
  const app = 'shrinkwrap';
  const first = await builds.build({ ...rest, 'npm-shrinkwrap.json': lock! }, { app });
  expect(first.lines.join('\n')).toMatch(/added \d+ packages/);
  expect(first.lines.join('\n')).not.toContain('No lockfile');
  expect(await runInStack(builds, first.app, first.tree.processTypes['web']!, { web: true })).toContain(
    'a day has 86400000 ms',
  );
  expect(await logOf({ ...rest, 'npm-shrinkwrap.json': lock! }, app)).toContain(fromCache);
  expect(await logOf({ ...sample, 'npm-shrinkwrap.json': lock! }, app)).not.toContain('E5');
});

test("NODE_OPTIONS is the user's where it is set, else a heap that fits into the build", async () => {
  const manifest = { engines: { node: '24.x' }, scripts: { build: 'echo "options: $NODE_OPTIONS"' } };
  const source = { 'package.json': JSON.stringify(manifest), 'server.js': '' };
  const own = '--max-old-space-size=333 --no-warnings';
  expect(await logOf(source, 'options', { NODE_OPTIONS: own })).toMatch(
    /^ {7}options: --max-old-space-size=333 --no-warnings$/m,
  );
  expect(await logOf(source, 'options')).toMatch(/^ {7}options: --max_old_space_size=1536$/m);
});

test('patches and .npmrc decide about node_modules: with others they are installed anew', async () => {
  const app = 'decides';
  await builds.build(sample, { app });
  expect(await logOf(sample, app)).toContain(fromCache);
  for (const change of [{ '.npmrc': 'fund=false\n' }, { 'patches/ms+2.1.3.patch': 'a change\n' }]) {
    const log = await logOf({ ...sample, ...change } as Files, app);
    expect(log).not.toContain(fromCache);
    expect(log).toContain('-----> Installing dependencies');
    expect(await logOf({ ...sample, ...change } as Files, app)).toContain(fromCache);
  }
});
