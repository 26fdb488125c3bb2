// Slugs on a real engine: packed, pulled from our endpoint, run, pruned, pulled again, collected.
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../../platform/domain/slug.ts';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createImages } from '../../../platform/engine/images.ts';
import { label } from '../../../platform/engine/labels.ts';
import { openBlobs } from '../../../platform/slugs/blobs.ts';
import { startDistribution } from '../../../platform/slugs/distribution.ts';
import { createSlugs, type PackedSlug, type Slugs } from '../../../platform/slugs/slugs.ts';

const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] ?? '/var/run/docker.sock' });
const instance = `Test_${randomBytes(4).toString('hex')}`;
const problems: string[] = [];
let folder: string;
let stackImage: string;
let slugs: Slugs;

const open = (): Promise<Slugs> =>
  createSlugs({
    engine,
    instance,
    folder: join(folder, 'blobs'),
    address: { host: '127.0.0.1', port: 0 },
    token: 'a-token',
    onProblem: (message) => problems.push(message),
  });

beforeAll(async () => {
  stackImage = (await createImages({ engine }).ensure('stack')).reference;
  folder = await mkdtemp(join(tmpdir(), 'twelve-slugs-'));
  slugs = await open();
});

afterAll(async () => {
  await slugs?.close();
  for (const image of await engine.images({ [label.slug]: instance })) {
    for (const name of [...image.tags, ...image.digests]) await engine.removeImage(name);
  }
  engine.close();
  await rm(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

/** A built app whose start says `words`. */
async function tree(name: string, words: string): Promise<string> {
  const app = join(folder, name, 'app');
  await mkdir(join(app, 'node_modules/dep'), { recursive: true });
  await writeFile(join(app, 'node_modules/dep/index.js'), 'x'.repeat(2_000_000));
  await mkdir(join(app, '.heroku/node/bin'), { recursive: true });
  await writeFile(join(app, '.heroku/node/bin/node'), 'n'.repeat(1_500_000), { mode: 0o755 });
  await writeFile(join(app, 'start'), `#!/bin/bash\necho ${words}\n`);
  await chmod(join(app, 'start'), 0o700);
  await writeFile(join(app, 'two words'), 'data', { mode: 0o600 });
  await writeFile(Buffer.concat([Buffer.from(`${app}/caf`), Buffer.of(0xe9)]), 'latin');
  await mkdir(join(app, 'd'.repeat(120), 'e'.repeat(120)), { recursive: true });
  await symlink('two words', join(app, 'soft'));
  await link(join(app, 'two words'), join(app, 'hard'));
  return join(folder, name);
}

const created = ['node_modules', '.heroku'];
const pack = async (name: string, words: string): Promise<PackedSlug> => {
  return slugs.pack({ root: await tree(name, words), created, stackImage, limitBytes: 1e9 });
};

async function output(image: string, script: string): Promise<string[]> {
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image,
    labels: {},
    command: ['bash', '-c', script],
    env: {},
    network: 'none',
  });
  try {
    await engine.start(id);
    await engine.wait(id);
    return await engine.lastLines(id, 50);
  } finally {
    await engine.remove(id);
  }
}

const look = `
  id -u; id -g; pwd; ./start
  stat -c '%A %u:%g %n' . start 'two words' soft node_modules .heroku .heroku/node/bin/node
  cat soft; echo; cat "$(printf 'caf\\351')"; echo
  [ hard -ef 'two words' ] && echo same-file; ls -d d*/e* | wc -c
  touch new && echo may-write; stat -c %s node_modules/dep/index.js`;

let first: PackedSlug;

test('the engine pulls a slug and runs it: files, modes, owner and links are right', async () => {
  await slugs.prime(stackImage);
  await slugs.prime(stackImage);
  first = await pack('one', 'hello');
  expect(first.layers.map((layer) => layer.label)).toEqual(['.heroku/node', 'node_modules', 'app']);
  expect(first.size).toBe(first.layers.reduce((sum, layer) => sum + layer.size, 0));
  expect(await slugs.has(first.manifest)).toBe(true);
  const id = await slugs.ensureImage({ appName: 'App_One', manifest: first.manifest });
  expect(await output(id, look)).toEqual([
    '20012',
    '20012',
    '/app',
    'hello',
    'drwxr-xr-x 20012:20012 .',
    '-rwxr-xr-x 20012:20012 start',
    '-rw-r--r-- 20012:20012 two words',
    'lrwxrwxrwx 20012:20012 soft',
    'drwxr-xr-x 20012:20012 node_modules',
    'drwxr-xr-x 20012:20012 .heroku',
    '-rwxr-xr-x 20012:20012 .heroku/node/bin/node',
    'data',
    'latin',
    'same-file',
    '242',
    'may-write',
    '2000000',
  ]);
});

test('the same tree is the same slug; another start shares all other layers', async () => {
  expect(await pack('again', 'hello')).toEqual(first);
  const second = await pack('two', 'goodbye');
  expect(second.manifest).not.toBe(first.manifest);
  expect(second.layers.slice(0, 2)).toEqual(first.layers.slice(0, 2));
  const ids = await Promise.all(
    ['a', 'a', 'b'].map((appName) => slugs.ensureImage({ appName, manifest: second.manifest })),
  );
  expect(new Set(ids).size).toBe(1);
  expect(await output(ids[0]!, './start')).toEqual(['goodbye']);
});

test('a restart on another port finds the image; a pruned one is pulled again', async () => {
  const before = await slugs.ensureImage({ appName: 'App_One', manifest: first.manifest });
  await slugs.close();
  slugs = await open();
  const pulledFrom = (await engine.image(before))!.digests;
  expect(await slugs.ensureImage({ appName: 'App_One', manifest: first.manifest })).toBe(before);
  const image = (await engine.image(before))!;
  expect(image.digests).toEqual(pulledFrom);

  for (const name of [...image.tags, ...image.digests]) await engine.removeImage(name);
  expect(await engine.image(before)).toBeNull();
  expect(await slugs.ensureImage({ appName: 'App_One', manifest: first.manifest })).toBe(before);
  expect(await output(before, './start')).toEqual(['hello']);
});

test('no config, name or secret of anybody is in the image', async () => {
  const blobs = await openBlobs(join(folder, 'blobs'));
  const manifest = JSON.parse((await blobs.bytes(first.manifest)).toString()) as {
    config: { digest: Digest };
  };
  const config = JSON.parse((await blobs.bytes(manifest.config.digest)).toString()) as Record<
    string,
    unknown
  >;
  expect(config['config']).toEqual({
    User: '20012:20012',
    WorkingDir: '/app',
    Env: expect.arrayContaining([expect.stringMatching(/^PATH=/)]),
    Labels: { [label.slug]: instance },
  });
});

test('the wrong token pulls nothing', async () => {
  const endpoint = await startDistribution({
    blobs: await openBlobs(join(folder, 'blobs')),
    address: { host: '127.0.0.1', port: 0 },
    token: 'right',
    onProblem: (message) => problems.push(message),
  });
  try {
    const reference = `${endpoint.address}/x/y@${first.manifest}`;
    const auth = { username: 'twelve', password: 'wrong' };
    await expect(engine.pullImage({ reference, auth })).rejects.toMatchObject({ name: 'PlatformError' });
    await expect(engine.pullImage({ reference })).rejects.toMatchObject({ name: 'PlatformError' });
  } finally {
    await endpoint.close();
  }
});

test('collection removes what no kept slug names, from disk and from the engine', async () => {
  const gone = await pack('gone', 'never again');
  const goneId = await slugs.ensureImage({ appName: 'gone', manifest: gone.manifest });
  expect(await slugs.collect([first.manifest])).toEqual({ blobs: 0, bytes: 0, images: [] });

  const store = join(folder, 'blobs/sha256');
  const old = new Date(Date.now() - 2 * 3_600_000);
  for (const name of await readdir(store)) await utimes(join(store, name), old, old);
  const removed = await slugs.collect([first.manifest]);
  // Of each of two slugs: manifest, config and app layer; and the stack alone, which this run has not primed.
  expect(removed.blobs).toBe(8);
  expect(removed.images).toHaveLength(3);
  expect(await engine.image(goneId)).toBeNull();
  expect(await slugs.has(gone.manifest)).toBe(false);
  expect(await slugs.has(first.manifest)).toBe(true);
  await expect(slugs.ensureImage({ appName: 'gone', manifest: gone.manifest })).rejects.toMatchObject({
    code: 'gone',
  });
  const id = await slugs.ensureImage({ appName: 'App_One', manifest: first.manifest });
  expect(await output(id, './start')).toEqual(['hello']);
});

test('a stack whose blobs were collected is exported again', async () => {
  const store = join(folder, 'blobs/sha256');
  for (const name of await readdir(store)) await rm(join(store, name));
  expect(await slugs.has(first.manifest)).toBe(false);
  expect(await pack('once more', 'hello')).toEqual(first);
  expect(await slugs.has(first.manifest)).toBe(true);
  expect((await stat(join(store, first.manifest.slice(7)))).size).toBeGreaterThan(0);
});

test('a stack that is nowhere is named', async () => {
  const name = `twelve/none-${randomBytes(4).toString('hex')}`;
  await expect(slugs.prime(name)).rejects.toThrow(`The stack image ${name} is not on the engine.`);
});
