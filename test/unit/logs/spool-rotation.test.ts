// Rotations in the middle of one look: files keep their order, none is read twice.
import { readdirSync, statSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { createSpool, type Spool } from '../../../platform/logs/spool.ts';
import { type EngineFiles, temporaryFolder, writeEngineFiles } from './engine-files.ts';

/** What happens when a path is opened, before it is. */
let meanwhile: (path: string) => void = () => {};

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>();
  return {
    ...original,
    openSync: (path: string, ...rest: [string]) => {
      meanwhile(path);
      return original.openSync(path, ...rest);
    },
  };
});

afterEach(() => {
  meanwhile = () => {};
});

/** Inodes of the files that the spool goes through from here on, each look as it comes. */
function inodes(spool: Spool): string[] {
  const found: string[] = [];
  for (;;) {
    spool.look();
    const file = spool.current();
    if (file && found.at(-1) !== file.inode) found.push(file.inode);
    if (!spool.isFinal()) return found;
    spool.advance();
  }
}

/** A file each, from the oldest to the newest, as the engine makes them. */
function rotateTo(files: EngineFiles, texts: readonly string[]): void {
  for (const text of texts) {
    files.rotate();
    files.print(text);
  }
}

it.each([1, 2, 3, 5])('%i rotations between two openings', (rotations) => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(folder.path, { maxFiles: 50 });
  files.print('known');
  const spool = createSpool(files.path, undefined);
  spool.look();
  const known = spool.current()!.inode;
  rotateTo(files, ['a', 'b']);
  let left = rotations;
  meanwhile = (path) => {
    if (!path.endsWith('.1') || left === 0) return;
    meanwhile = () => {};
    rotateTo(
      files,
      Array.from({ length: left }, (_, index) => `meanwhile ${index}`),
    );
    left = 0;
  };
  const order = inodes(spool);
  meanwhile = () => {};
  expect(left).toBe(0);
  expect(order[0]).toBe(known);
  expect(new Set(order).size).toBe(order.length);
  expect(order).toEqual([known, ...generations(files.path, order.length - 1)]);
  spool.close();
});

/** Inodes of the newest files on disk, oldest first. */
function generations(path: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const number = count - 1 - index;
    const { dev, ino } = statSync(number === 0 ? path : `${path}.${number}`);
    return `${dev}:${ino}`;
  });
}

it('an older file that cannot be opened costs no descriptors, however often it is tried', () => {
  using folder = temporaryFolder();
  const files = writeEngineFiles(folder.path, { maxFiles: 5 });
  files.print('oldest');
  rotateTo(files, ['a', 'b']);
  const spool = createSpool(files.path, undefined);
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  meanwhile = (path) => {
    if (path.endsWith('.2')) throw new Error('EMFILE');
  };
  for (let times = 0; times < 50; times++) expect(() => spool.look()).toThrow('EMFILE');
  // Others open files, too.
  expect(open()).toBeLessThan(before + 50);
  meanwhile = () => {};
  expect(inodes(spool)).toHaveLength(3);
  spool.close();
});
