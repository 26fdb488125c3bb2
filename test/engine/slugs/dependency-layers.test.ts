// Dependencies of real builds as layers: unchanged ones are neither packed nor pulled again, changed ones are never missed.
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { label } from '../../../platform/engine/labels.ts';
import { createSlugs, type PackedSlug, type Slugs } from '../../../platform/slugs/slugs.ts';
import { type Builds, type Files, ourBuildpacks, startBuilds } from '../build/builds.ts';
import { textsOf } from '../build/stack.ts';

const instance = `Test_${randomBytes(4).toString('hex')}`;
const problems: string[] = [];
let builds: Builds;
let slugs: Slugs;
let blobs: string;
let stackImage: string;
let express: Files;

/** Trees that were read by a program, and layers that the engine asked for. */
const seen = { programs: [] as { spawnargs: string[] }[], pulled: new Set<string>() };
const onProgram = (message: unknown): void => {
  // What it is started as is known a moment later.
  seen.programs.push((message as { process: { spawnargs: string[] } }).process);
};
const onRequest = (message: unknown): void => {
  const { request } = message as { request: { url: string; method: string } };
  const digest = /\/blobs\/(sha256:[0-9a-f]+)$/.exec(request.url)?.[1];
  if (digest && request.method === 'GET') seen.pulled.add(digest);
};

beforeAll(async () => {
  subscribe('child_process', onProgram);
  subscribe('http.server.request.start', onRequest);
  express = await textsOf(join(ourBuildpacks, 'node', 'test', 'express'));
  builds = await startBuilds();
  stackImage = (await builds.images.ensure('stack')).reference;
  blobs = join(builds.folder, 'blobs');
  slugs = await createSlugs({
    engine: builds.engine,
    instance,
    folder: blobs,
    address: { host: '127.0.0.1', port: 0 },
    token: 'a-token',
    onProblem: (message) => problems.push(message),
  });
  await slugs.prime(stackImage);
});
afterAll(async () => {
  unsubscribe('child_process', onProgram);
  unsubscribe('http.server.request.start', onRequest);
  await slugs?.close();
  for (const image of await builds.engine.images({ [label.slug]: instance })) {
    for (const name of [...image.tags, ...image.digests]) await builds.engine.removeImage(name);
  }
  await builds[Symbol.asyncDispose]();
  expect(problems).toEqual([]);
});

interface Deployed {
  slug: PackedSlug;
  image: string;
  packed: number;
  pulled: Set<string>;
}

/** What a push does until its image can be run, and what that cost. */
async function deploy(files: Files, app: string): Promise<Deployed> {
  const { tree } = await builds.build(files, { app });
  seen.programs = [];
  seen.pulled.clear();
  const limitBytes = 1e9;
  const slug = await slugs.pack({ root: tree.root, created: tree.created, stackImage, limitBytes });
  const image = await slugs.ensureImage({ appName: app, manifest: slug.manifest });
  const packed = seen.programs.filter(({ spawnargs }) => spawnargs[0] === 'tar').length;
  return { slug, image, packed, pulled: new Set(seen.pulled) };
}

const layer = ({ slug }: Deployed, name: string) => slug.layers.find((one) => one.label === name)!;
const file = (digest: string) => stat(join(blobs, 'sha256', digest.slice('sha256:'.length)));

async function says(image: string, program: string): Promise<string[]> {
  const { engine } = builds;
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image,
    labels: {},
    command: ['/app/.heroku/node/bin/node', '-e', program],
    env: {},
    network: 'none',
  });
  try {
    await engine.start(id);
    await engine.wait(id);
    return await engine.lastLines(id, 5);
  } finally {
    await engine.remove(id);
  }
}

test('layers of dependencies that did not change are not stored, pulled or even read again', async () => {
  const cold = await deploy(express, 'one');
  expect(cold.slug.layers.map((one) => one.label)).toEqual(['.heroku/node', 'node_modules', 'app']);
  for (const { digest } of cold.slug.layers) expect(cold.pulled.has(digest)).toBe(true);
  const before = await file(layer(cold, 'node_modules').digest);

  // The first that comes out of the cache is read once, to know it from then on.
  const server = express['server.js']!;
  const change = (text: string) => ({ ...express, 'server.js': `${server}// ${text}\n` });
  for (const [text, packed] of [
    ['two', 3],
    ['three', 1],
  ] as const) {
    const warm = await deploy(change(text), 'one');
    expect(warm.slug.layers.slice(0, 2)).toEqual(cold.slug.layers.slice(0, 2));
    expect(warm.packed).toBe(packed);
    expect(warm.pulled.has(layer(warm, 'app').digest)).toBe(true);
    for (const name of ['.heroku/node', 'node_modules'])
      expect(warm.pulled.has(layer(warm, name).digest)).toBe(false);
  }
  const after = await file(layer(cold, 'node_modules').digest);
  expect([after.ino, after.birthtimeMs]).toEqual([before.ino, before.birthtimeMs]);
}, 300_000);

test('another app with the same lockfile shares them', async () => {
  const first = await deploy(express, 'one');
  const second = await deploy({ ...express, 'server.js': '// another app\n' }, 'two');
  expect(second.slug.layers.slice(0, 2)).toEqual(first.slug.layers.slice(0, 2));
  expect(layer(second, 'app').digest).not.toBe(layer(first, 'app').digest);
  for (const name of ['.heroku/node', 'node_modules'])
    expect(second.pulled.has(layer(second, name).digest)).toBe(false);
}, 300_000);

/** Asks the app, as it is started, for its page; says what answered. */
const powered = `process.env.PORT = '5006'; process.chdir('/app'); require('/app/server.js');
  fetch('http://127.0.0.1:5006/').then((page) => { console.log(page.headers.get('x-powered-by')); process.exit(); });`;

test('one byte that a build script changes in a file of node_modules is served, with the same lockfile', async () => {
  const manifest = JSON.parse(express['package.json']!) as { scripts: object };
  // In place, and neither size nor time of the file tell of it.
  const change = `const fs = require('fs');
    const file = 'node_modules/express/lib/application.js';
    const { atime, mtime, size } = fs.statSync(file);
    const open = fs.openSync(file, 'r+');
    fs.writeSync(open, fs.readFileSync('letter', 'utf8'), fs.readFileSync(file).indexOf("'Express'") + 7);
    fs.closeSync(open);
    fs.utimesSync(file, atime, mtime);
    if (fs.statSync(file).size !== size) throw new Error('more than one byte');\n`;
  const patched = (letter: string): Files => ({
    ...express,
    'package.json': JSON.stringify({ ...manifest, scripts: { ...manifest.scripts, build: 'node build.js' } }),
    'build.js': change,
    letter,
  });
  const served = [];
  const layers = [];
  for (const letter of ['a', 'b', 'b', 'a', 's']) {
    const deployed = await deploy(patched(letter), 'patched');
    served.push(...(await says(deployed.image, powered)));
    layers.push(layer(deployed, 'node_modules').digest);
  }
  // What one build has changed is not in the next one's cache: the last is as its author made it.
  expect(served).toEqual(['Expresa', 'Expresb', 'Expresb', 'Expresa', 'Express']);
  expect(layers[1]).toBe(layers[2]);
  expect(layers[0]).toBe(layers[3]);
  expect(new Set(layers).size).toBe(3);
}, 300_000);
