// A built tree becomes layers: reproducible, shared, and refused with reasons when too large.
import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Layer } from '../../../platform/domain/slug.ts';
import { type Blobs, openBlobs } from '../../../platform/slugs/blobs.ts';
import { packTree } from '../../../platform/slugs/pack.ts';
import { createKnownLayers, type KnownLayers } from '../../../platform/slugs/untouched.ts';

const run = promisify(execFile);
const large = 'x'.repeat(1_100_000);
let folder: string;
let blobs: Blobs;
let known: KnownLayers;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-tree-'));
  blobs = await openBlobs(join(folder, 'blobs'));
  known = createKnownLayers();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tree(name: string, files: Record<string, string>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, 'app', path)), { recursive: true });
    await writeFile(join(folder, name, 'app', path), content);
  }
  return join(folder, name);
}

const built = {
  'server.js': 'one',
  'node_modules/a/index.js': large,
  'node_modules/.bin/a': 'link',
  '.heroku/node/bin/node': large,
  '.heroku/bin/run': 'small',
  '.profile.d/nodejs.sh': 'export A=1',
};
const created = ['node_modules', '.heroku', '.profile.d'];
const pack = (root: string, limitBytes = 1e9): Promise<Layer[]> =>
  packTree(blobs, known, { root, created, limitBytes });

async function names(layer: Layer): Promise<string[]> {
  const path = join(folder, 'blobs/sha256', layer.digest.slice(7));
  return (await run('tar', ['-tf', path])).stdout.trim().split('\n');
}

test('every file is in exactly one layer, below app/', async () => {
  const layers = await pack(await tree('one', built));
  expect(layers.map((layer) => layer.label)).toEqual(['.heroku/node', 'node_modules', 'app']);
  expect(await names(layers[0]!)).toEqual([
    'app/',
    'app/.heroku/',
    'app/.heroku/node/',
    'app/.heroku/node/bin/',
    'app/.heroku/node/bin/node',
  ]);
  expect((await names(layers[1]!)).filter((name) => !name.endsWith('/'))).toEqual([
    'app/node_modules/.bin/a',
    'app/node_modules/a/index.js',
  ]);
  expect((await names(layers[2]!)).filter((name) => !name.endsWith('/'))).toEqual([
    'app/.heroku/bin/run',
    'app/.profile.d/nodejs.sh',
    'app/server.js',
  ]);
  for (const layer of layers) expect(await blobs.size(layer.digest)).toBe(layer.size);
});

test('a change of the app leaves its dependency layers alone, and two apps share them', async () => {
  const one = await pack(await tree('one', built));
  const two = await pack(await tree('two', { ...built, 'server.js': 'two' }));
  expect(two.slice(0, 2)).toEqual(one.slice(0, 2));
  expect(two[2]!.digest).not.toBe(one[2]!.digest);
  expect(await blobs.list()).toHaveLength(4);
});

test('one byte in node_modules is another layer', async () => {
  const one = await pack(await tree('one', built));
  const two = await pack(await tree('one', { 'node_modules/a/index.js': `${large.slice(1)}y` }));
  expect(two.map((layer, index) => layer.digest === one[index]!.digest)).toEqual([true, false, true]);
});

test('over the limit it says how large it is and its five largest folders, and leaves nothing behind', async () => {
  const root = await tree('one', {
    ...built,
    'assets/big/a': large + large,
    'tmp/b': 'x'.repeat(5000),
    'c/d': 'e',
    'server.js': large,
  });
  await expect(pack(root, 2_000_000)).rejects.toMatchObject({
    code: 'build_failed',
    details: { id: 'E19' },
    message:
      'The slug is 6 MB, limit 2 MB. Largest: assets (3 MB), assets/big (3 MB), .heroku (2 MB), node_modules (2 MB), .heroku/node (2 MB). Add .slugignore or prune dependencies; large data belongs into a backing service.',
  });
  expect(await readdir(join(folder, 'blobs/incoming'))).toEqual([]);
});

test('links are layers like anything else, and lead nowhere while packing', async () => {
  const root = await tree('one', { 'server.js': 'x' });
  await symlink('/usr', join(root, 'app/node_modules'));
  await symlink('/usr', join(root, 'app/.heroku'));
  const layers = await pack(root);
  expect(layers.map((layer) => layer.label)).toEqual(['app']);
  expect(await names(layers[0]!)).toEqual(['app/', 'app/.heroku', 'app/node_modules', 'app/server.js']);
});

test('no app folder, a link in its place, or a signal', async () => {
  await expect(pack(folder)).rejects.toThrow('no app folder');
  await symlink('/usr', join(folder, 'app'));
  await expect(pack(folder)).rejects.toThrow('no app folder');
  const root = await tree('one', built);
  const signal = AbortSignal.abort(new Error('cancelled by the pusher'));
  await expect(packTree(blobs, known, { root, created, limitBytes: 1e9, signal })).rejects.toThrow(
    'by the pusher',
  );
  expect(await blobs.list()).toEqual([]);
});

test('what nobody but us could have written to is not read again; what was written to is', async () => {
  const root = await tree('one', built);
  const file = join(root, 'app/node_modules/a/index.js');
  const first = await pack(root);
  const { atime, mtime } = await stat(file);
  await writeFile(file, `${large.slice(1)}y`);
  const changed = (await pack(root))[1]!;
  expect(changed).toMatchObject({ size: first[1]!.size });
  expect(changed.digest).not.toBe(first[1]!.digest);
  // As nobody but us could do it: written to, and its time put back to what it was. That it passes shows that nothing is read.
  await utimes(file, atime, mtime);
  const put = await pack(root);
  await writeFile(file, `${large.slice(1)}z`);
  await utimes(file, atime, mtime);
  expect(await pack(root)).toEqual(put);
  // A build's own file is read.
  await chown(file, 20_012, 20_012);
  expect((await pack(root))[1]!.digest).not.toBe(put[1]!.digest);
});

test('a known layer that was collected meanwhile is stored again', async () => {
  const root = await tree('one', built);
  const [node] = await pack(root);
  await rm(join(folder, 'blobs/sha256', node!.digest.slice(7)));
  expect((await pack(root))[0]).toEqual(node);
  expect(await blobs.size(node!.digest)).toBe(node!.size);
});

test('known layers count towards the limit', async () => {
  const root = await tree('one', built);
  const layers = await pack(root);
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  await expect(pack(root, size - 1)).rejects.toMatchObject({ details: { id: 'E19' } });
});
