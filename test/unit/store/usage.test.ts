// What lies in the data folder, by kind; files with several names once, and a folder that is a link as what it leads to.
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytesBelow, usedByKind } from '../../../platform/store/usage.ts';

let folder: string;
const megabyte = 1_048_576;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-usage-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, megabytes: number): string {
  const file = join(folder, 'data', path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, Buffer.alloc(megabytes * megabyte, 1));
  return file;
}

it('sums each kind, and what is beside the folders is the database', async () => {
  write('blobs/deep/er/one', 2);
  linkSync(write('debs/two', 1), join(folder, 'data', 'debs', 'again'));
  write('twelve.db', 3);
  write('stranger/four', 4);
  symlinkSync(join(folder, 'data'), join(folder, 'link'));
  for (const name of ['data', 'link']) {
    const used = (await usedByKind(join(folder, name)))!;
    const rounded = Object.entries(used).map(([kind, bytes]) => [kind, Math.floor(bytes / megabyte)]);
    expect(Object.fromEntries(rounded)).toMatchObject({
      ...{ slugs: 2, 'Debian packages': 1, database: 3, other: 4 },
      ...{ repositories: 0, logs: 0, backups: 0 },
    });
  }
  expect(Math.floor((await bytesBelow(join(folder, 'data', 'blobs'))) / megabyte)).toBe(2);
  expect(await bytesBelow(join(folder, 'nowhere'))).toBe(0);
});

it('is not known when it takes longer than it may, or nobody can tell', async () => {
  write('blobs/one', 1);
  const path = process.env['PATH'];
  const slow = join(folder, 'bin');
  mkdirSync(slow);
  writeFileSync(join(slow, 'du'), '#!/bin/sh\nprintf "4096\\t/x/blobs\\0"\nexec /bin/sleep 30\n', {
    mode: 0o755,
  });
  try {
    process.env['PATH'] = slow;
    expect(await usedByKind(join(folder, 'data'), 200)).toBeNull();
    process.env['PATH'] = join(folder, 'nowhere');
    expect(await usedByKind(join(folder, 'data'))).toBeNull();
  } finally {
    process.env['PATH'] = path;
  }
});
