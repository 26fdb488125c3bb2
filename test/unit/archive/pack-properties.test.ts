// Packing any tree: its digest says what is in it and nothing else, and everything comes back out.
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packLayer } from '../../../platform/archive/pack.ts';
import { unpack } from '../../../platform/archive/unpack.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { type Entry, type Making, making, plant, seen, type Tree, tree } from './trees.ts';

const run = promisify(execFile);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-pack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let count = 0;
async function made(wanted: Tree, how: Making): Promise<string> {
  count += 1;
  const root = join(folder, `${count}`);
  await mkdir(join(root, 'app'), { recursive: true });
  plant(join(root, 'app'), wanted, how);
  return root;
}

const packed = (root: string, write: string | null) =>
  packLayer({ root, folders: [], entries: [Buffer.from('app')], write });
const plain: Making = { order: 0, umask: 0o022, time: 0, uid: 0, holes: false };
const limits = { bytes: 10_000_000, entries: 1000 };

test('a digest is the tree’s: who made it, when, in which order and with which umask do not show', async () => {
  await fc.assert(
    fc.asyncProperty(tree({ inside: false }), making, making, async (wanted, one, two) => {
      const first = await packed(await made(wanted, one), join(folder, 'one.tar'));
      const second = await packed(await made(wanted, two), null);
      expect(second).toEqual(first);
      expect((await stat(join(folder, 'one.tar'))).size).toBe(first.size);
      expect((await run('sha256sum', [join(folder, 'one.tar')])).stdout).toContain(first.digest.slice(7));
    }),
  );
}, 120_000);

test('a digest is of one tree: any one difference makes it another', async () => {
  await fc.assert(
    fc.asyncProperty(tree({ inside: false }), fc.nat(), async (wanted, which) => {
      const other = changed(wanted, which);
      const first = await packed(await made(wanted, plain), null);
      const second = await packed(await made(other, plain), null);
      expect(second.digest).not.toBe(first.digest);
    }),
  );
}, 120_000);

test('GNU tar unpacks what was packed: every name, link, hard link and exec bit, wherever links lead', async () => {
  await fc.assert(
    fc.asyncProperty(tree({ inside: false }), making, async (wanted, how) => {
      const tar = join(folder, 'one.tar');
      await packed(await made(wanted, how), tar);
      const back = await mkdtemp(join(folder, 'back-'));
      await run('tar', ['-xf', tar, '-C', back]);
      expect(seen(join(back, 'app'))).toEqual(wanted);
    }),
  );
}, 120_000);

test('so does our own reader, of trees whose links stay inside', async () => {
  await fc.assert(
    fc.asyncProperty(tree({ inside: true }), making, async (wanted, how) => {
      const tar = join(folder, 'one.tar');
      await packed(await made(wanted, how), tar);
      const back = await mkdtemp(join(folder, 'back-'));
      await unpack(createReadStream(tar), back, limits);
      expect(seen(join(back, 'app'))).toEqual(wanted);
      expect(await packed(back, null)).toEqual(await packed(join(folder, `${count}`), null));
    }),
  );
}, 120_000);

test('of trees with a link that may lead outside it takes none, and says which', async () => {
  const anyTree = tree({ inside: false }).filter((wanted) => [...wanted].some(outside));
  await fc.assert(
    fc.asyncProperty(anyTree, async (wanted) => {
      const tar = join(folder, 'one.tar');
      const root = await made(wanted, plain);
      const entries = await readdir(join(root, 'app'), { encoding: 'buffer' });
      await packLayer({ root: join(root, 'app'), folders: [], entries, write: tar });
      const back = await mkdtemp(join(folder, 'back-'));
      const error = await unpack(createReadStream(tar), back, limits).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PlatformError);
      expect((error as PlatformError).code).toBe('invalid_params');
      expect((error as PlatformError).message).toMatch(
        /^The archive is refused: the link ".+" points to ".+", which may be outside\.$/,
      );
    }),
  );
}, 120_000);

/** A link that `trees.ts` made to lead outside: absolute, further up than any tree is deep, or up again after a name. */
function outside([, entry]: [string, Entry]): boolean {
  if (entry.kind !== 'link') return false;
  const steps = entry.target.split('/').filter((step) => step !== '' && step !== '.');
  const name = steps.findIndex((step) => step !== '..');
  return entry.target.startsWith('/') || name >= 9 || (name >= 0 && steps.lastIndexOf('..') > name);
}

test('links are packed as links, also where they lead in a circle, to nowhere, or out to a folder', async () => {
  await mkdir(join(folder, 'secret'));
  await writeFile(join(folder, 'secret', 'key'), 'hidden words');
  const wanted: Tree = new Map<string, Entry>([
    ['around', { kind: 'link', target: 'around' }],
    ['into', { kind: 'link', target: '../../secret' }],
    ['nowhere', { kind: 'link', target: 'absent/file' }],
    ['one', { kind: 'link', target: 'two' }],
    ['two', { kind: 'link', target: 'one' }],
    ['self', { kind: 'link', target: '.' }],
    ['whole', { kind: 'link', target: join(folder, 'secret') }],
  ]);
  const tar = join(folder, 'one.tar');
  await packed(await made(wanted, plain), tar);
  const back = await mkdtemp(join(folder, 'back-'));
  await run('tar', ['-xf', tar, '-C', back]);
  expect(seen(join(back, 'app'))).toEqual(new Map([...wanted].sort()));
  expect((await run('grep', ['-c', 'hidden words', tar]).catch((error) => error)).stdout).toBe('0\n');
});

/** The same but for one thing, chosen by a number. */
function changed(wanted: Tree, which: number): Tree {
  const other = new Map(wanted);
  const path = [...wanted.keys()][which % Math.max(1, wanted.size)];
  const entry = path === undefined ? undefined : wanted.get(path)!;
  const named = [...wanted.values()].some((one) => one.kind === 'same' && one.as === path);
  if (path === undefined || entry === undefined || entry.kind === 'folder' || entry.kind === 'same') {
    other.set('one more', { kind: 'folder' });
    if (wanted.has('one more')) throw new Error('the name is taken');
  } else if (entry.kind === 'link') other.set(path, { kind: 'link', target: `${entry.target}x` });
  else if (which % 3 === 0) other.set(path, { ...entry, exec: !entry.exec });
  else if (which % 3 === 1 || named) other.set(path, { ...entry, content: `${entry.content}\0` });
  else other.delete(path);
  return other;
}
