// Each package manager on the real engine: installs, builds, prunes, boots without network; restores what did not change.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { offline, sample } from './node-samples.ts';
import { runInStack, textsOf } from './stack.ts';
import { listing } from './tree-listing.ts';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

const modules = (tree: string) => listing(join(tree, 'node_modules'));

describe.each([
  ['yarn-1', 'yarn 1.22.22', 'yarn start'],
  ['yarn-4', 'yarn 4.18.1', 'yarn start'],
  ['pnpm', 'pnpm 10.34.9', 'pnpm start'],
  ['bun', 'bun 1.4.5', 'bun run start'],
])('%s', (name, manager, start) => {
  let first: string;

  test('cold: is installed, built, pruned, and answers', async () => {
    const cold = await builds.build(sample(name), { app: name });
    const log = cold.lines.join('\n');
    expect(log).toContain(`, ${manager}\n`);
    expect(log).toContain(`       ${manager} downloaded.`);
    expect(log).toContain('-----> Installing dependencies');
    expect(log).toContain('-----> Running the "build" script');
    expect(log).toContain('       1 package removed');
    expect(cold.tree.processTypes).toEqual({ web: start });
    expect(existsSync(join(cold.app, 'node_modules/mkdirp'))).toBe(false);
    expect(await runInStack(builds, cold.app, start, { web: true })).toBe(
      'a day has 86400000 ms, stamps: 1\n',
    );
    first = await modules(cold.app);
  });

  test('warm: nothing is installed and no registry is asked; the tree is the same', async () => {
    await using away = await offline(builds);
    const warm = await away.build(sample(name), { app: name, config: { GREETING: 'hi' } });
    const log = warm.lines.join('\n');
    expect(log).toContain('node_modules comes from the cache, nothing is installed.');
    expect(log).not.toContain('downloaded');
    expect(log).toContain('-----> Running the "build" script');
    expect(log).toContain('       1 package removed');
    expect(await modules(warm.app)).toBe(first);
    expect(await runInStack(builds, warm.app, start, { web: true })).toBe(
      'a day has 86400000 ms, stamps: 1\n',
    );
  });

  test('another app with the same lockfile gets the same tree, and so shares its layer', async () => {
    const other = await builds.build(sample(name), { app: `${name}-other` });
    expect(other.lines.join('\n')).toContain('-----> Installing dependencies');
    expect(await modules(other.app)).toBe(first);
  });

  test('a start command that a pruned package would have run is refused (E12)', async () => {
    const files = await textsOf(sample(name));
    const failure = await builds.failure(withScripts(files, { start: 'mkdirp run' }), { app: name });
    expect(failure).toMatchObject({
      id: 'E12',
      message: expect.stringContaining('"start" runs "mkdirp", which comes from the devDependency mkdirp.'),
    });
  });
});

function withScripts(files: Files, scripts: object): Files {
  const own = JSON.parse(files['package.json']!) as { scripts: object };
  return { ...files, 'package.json': JSON.stringify({ ...own, scripts: { ...own.scripts, ...scripts } }) };
}
