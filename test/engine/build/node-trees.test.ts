// Dependencies that are more than a folder beside package.json: workspaces, Plug'n'Play, native addons, committed ones.
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { offline, sample } from './node-samples.ts';
import { runInStack, textsOf } from './stack.ts';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

/** The log and the answer of a build that has the registry, and of the next one, which has none. */
async function coldAndWarm(source: string | Files, app: string, start: string) {
  const cold = await builds.build(source, { app });
  await using away = await offline(builds);
  const warm = await away.build(source, { app });
  return {
    cold,
    warm,
    coldLog: cold.lines.join('\n'),
    warmLog: warm.lines.join('\n'),
    answers: [
      await runInStack(builds, cold.app, start, { web: true }),
      await runInStack(builds, warm.app, start, { web: true }),
    ],
  };
}

describe.each([
  ['workspaces-npm', 'npm start'],
  ['workspaces-yarn', 'yarn start'],
  ['workspaces-pnpm', 'pnpm start'],
  ['workspaces-bun', 'bun run start'],
])('%s', (name, start) => {
  test('a workspace app builds, boots and answers, from the registry and from the cache', async () => {
    const { cold, warm, coldLog, warmLog, answers } = await coldAndWarm(sample(name), name, start);
    expect(answers).toEqual(['a day has 86400000 ms\n', 'a day has 86400000 ms\n']);
    expect(coldLog).toContain('-----> Installing dependencies');
    expect(warmLog).toContain('node_modules comes from the cache, nothing is installed.');
    expect(warmLog).toContain('       1 package removed');
    for (const tree of [cold.app, warm.app]) {
      expect(existsSync(join(tree, 'node_modules/mkdirp'))).toBe(false);
      expect(existsSync(join(tree, 'apps/web/node_modules/mkdirp'))).toBe(false);
      // npm itself is in the slug once, whatever is found below it.
      expect(existsSync(join(tree, '.heroku/node/lib/node_modules/node_modules'))).toBe(false);
    }
  });
});

test("Plug'n'Play: packages are zips in the slug, and the app finds them", async () => {
  const { warm, coldLog, warmLog, answers } = await coldAndWarm(sample('yarn-pnp'), 'yarn-pnp', 'yarn start');
  const answer = 'a day has 86400000 ms, from a zip\n';
  expect(answers).toEqual([answer, answer]);
  expect(coldLog).toContain('yarn 4.18.1 downloaded.');
  expect(warmLog).toContain('Packages come from the cache, nothing is installed.');
  expect(existsSync(join(warm.app, 'node_modules'))).toBe(false);
  expect(coldLog).toContain('       1 package removed');
  const files = await textsOf(sample('yarn-pnp'));
  const own = JSON.parse(files['package.json']!) as object;
  const failure = await builds.failure(
    { ...files, 'package.json': JSON.stringify({ ...own, scripts: { start: 'mkdirp run' } }) },
    { app: 'yarn-pnp' },
  );
  expect(failure).toMatchObject({ id: 'E12', message: expect.stringContaining('the devDependency mkdirp') });
});

test('a native addon among the packages is compiled once, and runs from the cache too', async () => {
  const { coldLog, warmLog, answers } = await coldAndWarm(sample('native'), 'native', 'npm start');
  expect(answers).toEqual(['hello from C\n', 'hello from C\n']);
  expect(coldLog).toContain('-----> Installing dependencies');
  expect(warmLog).toContain('node_modules comes from the cache, nothing is installed.');
  // The addon's source is not in package.json, and decides all the same.
  const files = await textsOf(sample('native'));
  const changed = { ...files, 'addon/hello.c': files['addon/hello.c']!.replace('hello from C', 'changed') };
  const third = await builds.build(changed, { app: 'native' });
  expect(third.lines.join('\n')).toContain('-----> Installing dependencies');
  expect(await runInStack(builds, third.app, 'npm start', { web: true })).toBe('changed\n');
});

test('committed node_modules are rebuilt for this machine, and the pusher is warned', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-committed-'));
  try {
    await cp(sample('native'), folder, { recursive: true });
    // As npm on the pusher's machine would have left it, but for what was compiled there.
    await cp(join(folder, 'addon'), join(folder, 'node_modules', 'hello-native'), { recursive: true });
    const built = await builds.build(folder, { app: 'committed' });
    const log = built.lines.join('\n');
    expect(log).toContain(
      ' !     node_modules is committed: its native parts are rebuilt, nothing is installed.',
    );
    expect(log).toContain('-----> Rebuilding committed node_modules');
    expect(await runInStack(builds, built.app, 'npm start', { web: true })).toBe('hello from C\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});
