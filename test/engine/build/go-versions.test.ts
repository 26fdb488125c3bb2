// Go newer than the stack's own, on the real engine and through the real module proxy.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

const run = promisify(execFile);
const sample = (name: string) => join(ourBuildpacks, 'go', 'test', name);
const app = 'app';
/** A module proxy that nobody answers at. */
const nowhere = { GOPROXY: 'http://127.0.0.1:9' };

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
  await builds.images.ensure('build-go');
}, 300_000);
afterAll(() => builds[Symbol.asyncDispose]());

const sumOf = async (path: string) => (await run('sha256sum', [path])).stdout.split(' ')[0];

describe('a newer Go', () => {
  const newer = async (line: string): Promise<Files> => {
    const files = await textsOf(sample('hello'));
    return { ...files, 'go.mod': files['go.mod']!.replace('go 1.24', line) };
  };

  test('comes through the module proxy, is kept, and is not in the slug', async () => {
    const files = await newer('go 1.25');
    const cold = await builds.build(files, { app });
    const version = /Go (1\.25\.\d+) downloaded/.exec(cold.lines.join('\n'))?.[1];
    expect(version).toBeDefined();
    expect(cold.tree.created).toEqual(['.profile.d', 'bin']);
    expect(await runInStack(builds, cold.app, 'bin/hello', { web: true })).toContain(`from go${version},`);
    await using offline = await startBuilds({
      goConfig: nowhere,
      cacheFolder: join(builds.folder, 'cache'),
    });
    const warm = await offline.build(files, { app });
    expect(warm.lines).toContain('       Go comes from the cache.');
    expect(await sumOf(join(warm.app, 'bin/hello'))).toBe(await sumOf(join(cold.app, 'bin/hello')));
  }, 300_000);

  test('one that there is not is refused with those that are (E8)', async () => {
    const line = await builds.failure(await newer('go 1.99'), { app });
    expect(line.id).toBe('E8');
    expect(line.message).toMatch(
      /^"go" in go\.mod asks for Go 1\.99, which is not to be had\. Those that are: 1\.24\.\d+ \(the stack's own\), .*1\.25\.\d+, /,
    );
    const exact = await builds.failure(await newer('go 1.24\n\ntoolchain go1.25.99'), { app });
    expect(exact.message).toMatch(/^"toolchain" in go\.mod asks for Go 1\.25\.99, which is not to be had/);
    const word = await builds.failure(await newer('go 1.24'), { app, config: { GOVERSION: 'latest' } });
    expect(word.message).toBe(
      'config var GOVERSION asks for Go "latest", which is no version. Write it like "1.25" or "1.25.3".',
    );
    const held = await builds.failure(await newer('go 1.25'), { app, config: { GOVERSION: '1.24' } });
    expect(held).toMatchObject({ id: 'E8', message: expect.stringMatching(/wants Go 1\.25 or newer/) });
  });
});
