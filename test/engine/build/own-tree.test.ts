// Apps that bring their own buildpack (inline), are a folder of their repository (subdir) or need none (procfile, null), and app.json's word for new ones.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Builds, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

let builds: Builds;
afterEach(() => builds[Symbol.asyncDispose]());
const sample = (name: string) => textsOf(join(ourBuildpacks, name));

describe('inline', () => {
  test('the sample app builds itself, keeps its cache, boots and answers; what it exports ends with the build', async () => {
    builds = await startBuilds();
    const files = await sample('inline/test/own');
    const { app, lines, tree } = await builds.build(files, { app: 'own' });
    expect(tree.buildpacks).toMatchObject([{ name: 'inline', displayName: 'Own' }]);
    expect(lines).toContain('built before: 0');
    expect((await builds.build(files, { app: 'own' })).lines).toContain('built before: 1');
    expect(await runInStack(builds, app, tree.processTypes['web']!, { web: true })).toBe(
      'made by the app itself with compile\n',
    );
    expect(await readdir(app)).not.toContain('export');
    expect(await runInStack(builds, app, 'echo "[$OWN_TOOL]"')).toBe('[]\n');
  });

  test('says what is missing, and that its own program failed', async () => {
    builds = await startBuilds();
    expect(await builds.failure({ '.buildpacks': 'inline' })).toMatchObject({
      id: 'E2',
      message: expect.stringMatching(
        /^Buildpack inline \(1 of 1\) does not apply .*The app has no bin\/compile\. It is named by the file \.buildpacks\.$/,
      ),
    });
    const failing = { '.buildpacks': 'inline', 'bin/compile': '#!/bin/sh\necho oh no; exit 7\n' };
    expect(await builds.failure(failing)).toMatchObject({
      message: "The app's own bin/compile ended with exit code 7.",
      lines: expect.arrayContaining(['oh no']),
    });
  });
});

describe('subdir', () => {
  test('PROJECT_PATH alone: the sample app is found in its folder, boots and answers', async () => {
    builds = await startBuilds();
    const files = await sample('subdir/test/monorepo');
    const { app, lines, tree } = await builds.build(files, { config: { PROJECT_PATH: ' site/ ' } });
    expect(tree.buildpacks.map((one) => one.name)).toEqual(['subdir', 'procfile']);
    expect(lines.filter((line) => line.startsWith('----->') || line.includes('left out'))).toEqual([
      '-----> Building on the debian-13 stack',
      '-----> Using buildpack: subdir',
      '-----> Subdirectory app detected',
      '       site/ is the app; what is beside it is left out.',
      '-----> Using buildpack: procfile',
      '-----> Procfile app detected',
      '-----> Discovering process types',
    ]);
    expect(await readdir(app)).toEqual(['Procfile', 'page.txt']);
    expect(await readFile(join(app, 'page.txt'), 'utf8')).toBe('the page\n');
    expect(tree.created).toEqual([]);
    expect(await runInStack(builds, app, tree.processTypes['web']!, { web: true })).toContain('page.txt');
  });

  test('in a list it comes first; a folder that is not there, or outside, is refused with those there are', async () => {
    builds = await startBuilds();
    const files = { 'a/b/Procfile': 'web: x', 'a/b/.hidden': '', 'c/x': '', out: '-> /etc' };
    const build = (PROJECT_PATH: string | undefined, listed = true) =>
      builds.failure(
        { ...files, ...(listed ? { '.buildpacks': 'subdir\nprocfile' } : {}) },
        { config: PROJECT_PATH === undefined ? {} : { PROJECT_PATH } },
      );
    const { app } = await builds.build(
      { ...files, '.buildpacks': 'subdir\nprocfile' },
      { config: { PROJECT_PATH: 'a/b' } },
    );
    expect((await readdir(app)).sort()).toEqual(['.hidden', 'Procfile']);
    expect((await build(undefined)).message).toMatch(/PROJECT_PATH does not say which folder/);
    expect((await build('nope')).message).toMatch(
      /^PROJECT_PATH is "nope", and there is no such folder .*\nIts folders: a c\n/,
    );
    for (const outside of ['../..', 'out', '/etc/../..'])
      expect((await build(outside)).message).toMatch(/leads out of|no such folder/);
    expect((await build('c', false)).message).toMatch(
      /^No buildpack recognises this app\. The folder c \(PROJECT_PATH\) of commit 0123456 contains: x\./,
    );
  });
});

describe('app.json of a new app', () => {
  const appJson = JSON.stringify({
    buildpacks: [{ url: 'inline' }],
    env: { GIVEN: 'given', OWN: 'default', KEY: { generator: 'secret' } },
    formation: { web: { quantity: 2 } },
    scripts: { postdeploy: 'bin/seed' },
  });
  const files = {
    'app.json': appJson,
    Procfile: 'web: x',
    'package.json': '{}',
    'bin/compile': '#!/bin/sh\necho "$(cat $3/GIVEN) $(cat $3/OWN)"; echo "key $(cat $3/KEY)"\n',
  };

  test('names buildpacks, gives config vars to the build already, and says the rest to the deploy', async () => {
    builds = await startBuilds();
    const { tree, lines } = await builds.build(files, { isFirst: true, config: { OWN: 'mine' } });
    expect(tree.beginning).toEqual({
      buildpacks: [{ reference: 'inline', pin: null }],
      formation: { web: { quantity: 2 } },
      postdeploy: 'bin/seed',
    });
    expect(lines).toContain('given mine');
    expect(tree.configDefaults).toEqual({ GIVEN: 'given', KEY: expect.stringMatching(/^[0-9a-f]{64}$/) });
    // Made by us, and a credential by its name.
    expect(lines).toContain('key ********');
  });

  test("is nobody's word for an app that has begun", async () => {
    builds = await startBuilds();
    const rest = { ...files, '.buildpacks': 'procfile' };
    const { tree } = await builds.build(rest);
    expect(tree).toMatchObject({ beginning: null, configDefaults: {} });
    const listed = await builds.build(files, {
      isFirst: true,
      buildpacks: [{ reference: 'procfile', pin: null }],
    });
    expect(listed.tree.beginning).toMatchObject({ buildpacks: [], postdeploy: 'bin/seed' });
    expect(listed.tree.buildpacks).toMatchObject([{ name: 'procfile' }]);
  });
});

describe('procfile and null', () => {
  test('the sample app of a Procfile alone boots and answers', async () => {
    builds = await startBuilds();
    const { app, tree } = await builds.build(await sample('procfile/test/shell'));
    expect(tree.buildpacks).toMatchObject([{ name: 'procfile' }]);
    expect(await runInStack(builds, app, tree.processTypes['web']!, { web: true })).toBe(
      'hello from a Procfile\n',
    );
  });

  test('the sample app of null is left as it is, boots and answers', async () => {
    builds = await startBuilds();
    const files = await sample('null/test/empty');
    const { app, tree } = await builds.build(files);
    expect(tree.buildpacks).toMatchObject([{ name: 'null' }]);
    expect(tree.created).toEqual([]);
    expect((await readdir(app)).sort()).toEqual(Object.keys(files).sort());
    expect(await runInStack(builds, app, tree.processTypes['web']!, { web: true })).toContain('Procfile');
  });
});
