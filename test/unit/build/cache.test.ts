// Build caches on disk: replaced as a whole, and protected trees that a build cannot spoil.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBuildCache } from '../../../platform/build/cache.ts';

let folder: string;
let cache: ReturnType<typeof createBuildCache>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-cache-'));
  cache = createBuildCache(join(folder, 'cache'));
});
afterEach(() => rm(folder, { recursive: true }));

async function restored(key = 'k', app = 'app'): Promise<string> {
  const into = await mkdtemp(join(folder, 'work-'));
  await cache.restore(app, key, into);
  return into;
}

async function put(root: string, path: string, text: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), text);
}

test('what a build left comes back; a build that was not saved changes nothing', async () => {
  expect(await cache.restore('app', 'k', await mkdtemp(join(folder, 'work-')))).toBe('empty');
  const first = await restored();
  await put(first, 'deep/file', 'one');
  await cache.save('app', 'k', first, 'b1');
  const second = await restored();
  expect(await readFile(join(second, 'deep/file'), 'utf8')).toBe('one');
  await put(second, 'deep/file', 'half-written');
  expect(await readFile(join(await restored(), 'deep/file'), 'utf8')).toBe('one');
  await cache.save('app', 'k', second, 'b2');
  expect(await readFile(join(await restored(), 'deep/file'), 'utf8')).toBe('half-written');
});

test('another key or app starts empty; a saved key replaces the others; purge empties', async () => {
  await put(folder, 'a/file', 'x');
  await cache.save('app', 'old', join(folder, 'a'), 'b1');
  expect(await readdir(await restored('new'))).toEqual([]);
  expect(await readdir(await restored('old', 'other'))).toEqual([]);
  await put(folder, 'b/file', 'y');
  await cache.save('app', 'new', join(folder, 'b'), 'b2');
  expect(await readdir(await restored('old'))).toEqual([]);
  await cache.purge('app');
  expect(await readdir(await restored('new'))).toEqual([]);
});

test('a protected tree comes back as links to files of root, and survives being moved out or deleted', async () => {
  await put(folder, 'a/.immutable/runtime-1/bin/x', 'program');
  await put(folder, 'a/.immutable/other-1/y', 'y');
  await cache.save('app', 'k', join(folder, 'a'), 'b1');
  const kept = join(folder, 'cache', 'app', 'k', 'kept', 'runtime-1', 'bin', 'x');
  const moved = await restored();
  const back = join(moved, '.immutable', 'runtime-1');
  expect((await stat(join(back, 'bin', 'x'))).ino).toBe((await stat(kept)).ino);
  expect((await stat(kept)).uid).toBe(0);
  await rename(back, join(folder, 'slug'));
  await rm(join(moved, '.immutable', 'other-1'), { recursive: true });
  await writeFile(join(moved, '.immutable', '.keep'), 'runtime-1\n');
  await cache.save('app', 'k', moved, 'b2');
  const again = await restored();
  expect(await readFile(join(again, '.immutable', 'runtime-1', 'bin', 'x'), 'utf8')).toBe('program');
  expect(existsSync(join(again, '.immutable', 'other-1'))).toBe(false);
});

test('what a killed server left half-saved is swept, the last good cache stays', async () => {
  await put(folder, 'a/file', 'good');
  await cache.save('app', 'k', join(folder, 'a'), 'b1');
  await put(folder, 'cache/app/k/plain-b2/file', 'half');
  await put(folder, 'cache/app/half/plain-b3/file', 'half');
  await cache.sweep();
  expect((await readdir(join(folder, 'cache/app'))).sort()).toEqual(['k']);
  expect(existsSync(join(folder, 'cache/app/k/plain-b2'))).toBe(false);
  expect(await readFile(join(await restored(), 'file'), 'utf8')).toBe('good');
});

test('who wants a cache that is being saved waits for it; so does who purges it, and who asks whether all is done', async () => {
  const work = await restored();
  await put(work, 'file', 'one');
  const saving = cache.save('app', 'k', work, 'b1');
  expect(await readFile(join(await restored(), 'file'), 'utf8')).toBe('one');
  await saving;
  const next = await restored();
  void cache.save('app', 'k', next, 'b2');
  await cache.settled();
  expect(existsSync(next)).toBe(false);
  const last = await restored();
  void cache.save('app', 'k', last, 'b3');
  await cache.purge('app');
  expect(await readdir(await restored())).toEqual([]);
});
