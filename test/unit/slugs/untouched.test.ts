// A layer is known without being read only while nobody but us could have written to its files.
import { chmod, chown, link, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../../platform/domain/slug.ts';
import { createKnownLayers, identityOf } from '../../../platform/slugs/untouched.ts';

let root: string;
const at = (path: string): string => join(root, 'app', path);
const identity = (...entries: string[]): Promise<string | null> =>
  identityOf(
    root,
    ['app'],
    entries.map((entry) => Buffer.from(`app/${entry}`)),
  );
const modules = (): Promise<string | null> => identity('modules');

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'twelve-untouched-'));
  await mkdir(at('modules/a'), { recursive: true });
  await writeFile(at('modules/a/index.js'), 'one', { mode: 0o644 });
  await writeFile(at('modules/run'), 'two', { mode: 0o755 });
  await symlink('a/index.js', at('modules/link'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('the same files are the same layer, wherever they were moved from and however many names they have', async () => {
  const before = await modules();
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  await link(at('modules/a/index.js'), join(root, 'kept'));
  await rename(at('modules'), join(root, 'aside'));
  await mkdir(at('modules/a'), { recursive: true });
  await link(join(root, 'kept'), at('modules/a/index.js'));
  await link(join(root, 'aside/run'), at('modules/run'));
  await symlink('a/index.js', at('modules/link'));
  expect(await modules()).toBe(before);
});

test.each<[string, () => Promise<unknown>]>([
  ['other bytes in the same file', () => writeFile(at('modules/run'), 'TWO')],
  ['another file with the same bytes', () => replaced('modules/run', 'two')],
  ['a new file', () => writeFile(at('modules/new'), '')],
  ['a new folder', () => mkdir(at('modules/new'))],
  ['a file that is gone', () => rm(at('modules/run'))],
  ['another name', () => rename(at('modules/run'), at('modules/ran'))],
  [
    'a link that leads elsewhere',
    () => rm(at('modules/link')).then(() => symlink('run', at('modules/link'))),
  ],
  [
    'a link in the place of its file',
    () => rm(at('modules/run')).then(() => symlink('a/index.js', at('modules/run'))),
  ],
  ['an exec bit', () => chmod(at('modules/run'), 0o644)],
  ['a time of change', () => utimes(at('modules/run'), 1, 1)],
])('%s: another layer', async (_, change) => {
  const before = await modules();
  await change();
  expect(await modules()).not.toBe(before);
});

/** As a build could do it, which cannot write to the file: with size and times as they were. */
async function replaced(path: string, content: string): Promise<void> {
  await writeFile(at('other'), content, { mode: 0o755 });
  const then = new Date(Date.now() - 5000);
  await utimes(at('other'), then, then);
  await rename(at('other'), at(path));
}

test.each<[string, () => Promise<unknown>]>([
  ["a build's own file", () => chown(at('modules/run'), 20_012, 20_012)],
  ['a file that its group may write to', () => chmod(at('modules/run'), 0o775)],
  ['a file that everybody may write to', () => chmod(at('modules/a/index.js'), 0o646)],
])('%s: only its bytes tell', async (_, change) => {
  await change();
  expect(await modules()).toBeNull();
});

test('which entries there are, and their order, is decided by their names alone', async () => {
  await writeFile(at('other'), 'x');
  const both = await identity('modules', 'other');
  expect(await identity('other', 'modules')).toBe(both);
  expect(both).not.toBe(await modules());
});

test('names that are not UTF-8 count byte by byte', async () => {
  const name = (byte: number): Buffer => Buffer.concat([Buffer.from(`${at('modules')}/`), Buffer.of(byte)]);
  await writeFile(name(0xe4), '');
  const before = await modules();
  await rename(name(0xe4), name(0xf6));
  expect(await modules()).not.toBe(before);
});

test('known layers: the oldest is forgotten first', () => {
  const known = createKnownLayers();
  const layer = { digest: 'sha256:1' as Digest, size: 1, label: 'x' };
  for (let n = 0; n <= 500; n++) known.set(String(n), layer);
  expect(known.get('0')).toBeUndefined();
  expect(known.get('1')).toEqual(layer);
  expect(known.get('500')).toEqual(layer);
});
