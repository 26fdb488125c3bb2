// The python buildpack with uv, Poetry and pipenv on the real engine: apps that build, restore and answer.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, ourBuildpacks, startBuilds } from './builds.ts';
import { contents, environment, leftPaths, unchanged } from './python-environment.ts';
import { runInStack } from './stack.ts';

const sample = (name: string) => join(ourBuildpacks, 'python', 'test', name);

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe('other package managers', () => {
  test.each([
    [
      'uv',
      'fastapi',
      'uvicorn greeter:app --host 0.0.0.0 --port $PORT',
      'hello from FastAPI on Python 3.13\n',
    ],
    ['poetry', 'poetry', 'gunicorn app:app', 'hello from Flask by poetry on Python 3.13\n'],
    ['pipenv', 'pipenv', 'gunicorn app:app', 'hello from Flask by pipenv on Python 3.13\n'],
  ])(
    '%s: installs from its lockfile without development packages, restores, answers',
    async (manager, name, web, answer) => {
      const cold = await builds.build(sample(name), { app: manager });
      expect(cold.lines).toContain(`-----> Installing dependencies with ${manager}`);
      expect(cold.tree.processTypes).toEqual({ web });
      const packages = await readdir(join(cold.app, environment, 'lib/python3.13/site-packages'));
      expect(packages).not.toContain('iniconfig');
      expect(await leftPaths(cold.app)).toEqual([]);
      expect(await runInStack(builds, cold.app, web, { web: true })).toBe(answer);
      const before = await contents(cold.app);
      const warm = await builds.build(sample(name), { app: manager });
      expect(warm.lines).toContain(unchanged);
      expect(await contents(warm.app)).toEqual(before);
      expect(await leftPaths(warm.app)).toEqual([]);
      expect(await runInStack(builds, warm.app, web, { web: true })).toBe(answer);
    },
  );
});
