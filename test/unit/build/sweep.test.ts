// What a killed server left of its builds: cleared away at start, and never worth a start that fails.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBuilder } from '../../../platform/build/build.ts';
import type { BuilderNeeds } from '../../../platform/build/needs.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

let folder: string;
let engine: MemoryEngine;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-sweep-'));
  engine = createMemoryEngine({ images: ['twelve/build:1'] });
});
afterEach(() => rm(folder, { recursive: true }));

const names = async (): Promise<string[]> => (await engine.list({})).map(({ name }) => name).sort();

async function left(build: string): Promise<string> {
  const labels = { 'twelve.instance': 'mine', 'twelve.kind': 'build', 'twelve.build': build };
  return engine.create({ name: build, image: 'twelve/build:1', labels, env: {} });
}

it('one container that cannot be removed keeps neither the others nor the folders, and goes when it can', async () => {
  const busy = await left('busy');
  await left('free');
  await mkdir(join(folder, 'work', 'busy'), { recursive: true });
  await mkdir(join(folder, 'debs'));
  for (const name of ['whole.deb', 'half.part']) await writeFile(join(folder, 'debs', name), '');
  let isBusy = true;
  const remove = async (id: string): Promise<void> => {
    if (isBusy && id === busy) throw new Error('device or resource busy');
    await engine.remove(id);
  };
  const needs = {
    engine: { ...engine, remove },
    instance: 'mine',
    workFolder: join(folder, 'work'),
    cacheFolder: join(folder, 'cache'),
    debs: { folder: join(folder, 'debs') },
  };
  const builder = createBuilder(needs as unknown as BuilderNeeds);
  await builder.sweep();
  expect(await names()).toEqual(['busy']);
  expect(await readdir(folder, { recursive: true })).toEqual(['debs', 'debs/whole.deb']);
  isBusy = false;
  await expect.poll(names, { timeout: 10_000 }).toEqual([]);
  await builder.close();
});
