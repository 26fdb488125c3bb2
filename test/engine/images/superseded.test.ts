// Images of older definitions on a real engine: children before what they start from, and none that a container uses.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { contextOf } from '../../../platform/engine/image-definition.ts';
import { createImages } from '../../../platform/engine/images.ts';
import { removeSuperseded } from '../../../platform/engine/superseded.ts';

const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] ?? '/var/run/docker.sock' });
// Names of this test's own: everybody's images are on this engine.
const own = randomUUID().slice(0, 8);
const parent = `parent-${own}`;
const child = `child-${own}`;
const hash = (digit: number): string => `${digit}`.repeat(12);
let folder: string;
let base: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-images-'));
  const images = createImages({ engine });
  base = (await images.ensure('router')).reference;
  await images.close();
});
afterAll(async () => {
  for (const name of [child, parent])
    for (const image of await engine.images({ 'twelve.image': name }))
      for (const tag of image.tags) await engine.removeImage(tag);
  engine.close();
  await rm(folder, { recursive: true });
});

async function make(tag: string, from: string, name: string): Promise<void> {
  await writeFile(join(folder, 'Dockerfile'), `FROM ${from}\nENV WHAT=${tag}\n`);
  await engine.buildImage({ tag, context: contextOf({ folder }), labels: { 'twelve.image': name } });
}

const remove = async (keep: string[]) => {
  const gone = await removeSuperseded({
    engine,
    names: [child, parent],
    keep: new Set(keep),
    before: new Date(Date.now() + 60_000),
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  return gone.length;
};

it('old ones go with what they started from; those in use and those of now stay', async () => {
  const tags = (name: string) => [1, 2].map((digit) => `twelve/${name}:${hash(digit)}`) as [string, string];
  const [parents, children] = [tags(parent), tags(child)];
  for (const index of [0, 1] as const) {
    await make(parents[index], base, parent);
    await make(children[index], parents[index], child);
  }
  const id = await engine.create({
    name: `twelve-test-${own}`,
    image: children[0],
    command: ['/bin/true'],
    labels: {},
    env: {},
  });
  try {
    await remove([parents[1], children[1]]);
    expect(await engine.image(children[0])).not.toBeNull();
    // Not removed although unused, or removed and not missed: what the container needs is there in both image stores.
    await engine.start(id);
  } finally {
    await engine.remove(id);
  }
  await remove([parents[1], children[1]]);
  for (const gone of [parents[0], children[0]]) expect(await engine.image(gone)).toBeNull();
  for (const kept of [parents[1], children[1], base]) expect(await engine.image(kept)).not.toBeNull();
});
