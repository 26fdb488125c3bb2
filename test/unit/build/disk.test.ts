// How much disk a build takes: all of it and what is largest, however many files there are and however long their names.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { measure, watchDisk } from '../../../platform/build/disk.ts';

let folder: string;
const { PATH } = process.env;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-disk-'));
});
afterEach(async () => {
  process.env['PATH'] = PATH;
  await rm(folder, { recursive: true });
});

it('says what all takes, and the largest as the buildpack calls them', async () => {
  const sizes = { 'tmp/build_1/big': 400, 'tmp/build_1/one': 100, 'tmp/cache/two': 200, 'home/three': 300 };
  for (const [path, kilobytes] of Object.entries(sizes)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), Buffer.alloc(kilobytes * 1024, 1));
  }
  for (let n = 0; n < 4; n++) await writeFile(join(folder, `home/small-${n}`), 'x');
  const { bytes, largest } = await measure(folder);
  expect(bytes).toBeGreaterThanOrEqual(1000 * 1024);
  expect(largest.map(({ name }) => name).slice(0, 4)).toEqual(['big', '/app/three', 'cache/two', 'one']);
  expect(largest).toHaveLength(5);
});

it('a listing of more than any buffer holds does not hide what it takes', { timeout: 30_000 }, async () => {
  // In the place of du: what that prints of half a million files, 120 MB.
  const script = `#!/bin/sh\nyes '4096\t${folder}/tmp/build_1/${'x'.repeat(200)}' | head -n 500000 | tr '\\n' '\\0'\nprintf '2048000000\\t${folder}\\0'\n`;
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/du'), script, { mode: 0o755 });
  process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${PATH}`;
  const limits = { diskBytes: 1e9, minFreeBytes: 0, lookMs: 20 };
  const error = await new Promise((resolve) => {
    const watch = watchDisk(folder, limits, (exceeded) => {
      watch.end();
      resolve(exceeded);
    });
  });
  expect(error).toMatchObject({ code: 'build_failed' });
});

it('what du does not say is no zero', async () => {
  await expect(measure(join(folder, 'none'))).rejects.toThrow('du does not say');
});
