// What the node buildpack refuses, caused for real: the id and the sentence the pusher sees.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { textsOf } from './stack.ts';

const sample = (name: string) => join(ourBuildpacks, 'node', 'test', name);
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
    [
      'E4',
      { 'package.json': '{\n  "name": "x",\n  "scripts": {\n    "start": oops\n  }\n}\n' },
      /^package\.json is not valid JSON: .* at line \d, column \d+: /,
    ],
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
      'E8',
      { 'package.json': '{}', 'yarn.lock': '' },
      /^This app's packages belong to yarn \(yarn\.lock\), which this platform cannot install yet; it can npm\./,
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
