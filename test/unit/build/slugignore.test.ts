// .slugignore patterns, and their matches on disk.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applySlugignore, parseSlugignore } from '../../../platform/build/slugignore.ts';

const cases: [pattern: string, path: string, isFolder: boolean, matches: boolean][] = [
  ['*.psd', 'a.psd', false, true],
  ['*.psd', 'deep/down/a.psd', false, true],
  ['*.psd', 'a.psd.txt', false, false],
  ['docs', 'docs', true, true],
  ['docs', 'src/docs', true, true],
  ['docs/', 'docs', false, false],
  ['docs/', 'docs', true, true],
  ['/docs', 'src/docs', true, false],
  ['test/fixtures', 'test/fixtures', true, true],
  ['test/fixtures', 'src/test/fixtures', true, false],
  ['test/*.js', 'test/a.js', false, true],
  ['test/*.js', 'test/deep/a.js', false, false],
  ['**/tmp', 'a/b/tmp', true, true],
  ['**/tmp', 'tmp', true, true],
  ['a/**/z', 'a/z', false, true],
  ['a/**/z', 'a/b/c/z', false, true],
  ['a/**', 'a/b/c', false, true],
  ['a/**', 'a', true, false],
  ['file?.txt', 'file1.txt', false, true],
  ['file[0-9].txt', 'file7.txt', false, true],
  ['file[!0-9].txt', 'file7.txt', false, false],
  ['\\#odd', '#odd', false, true],
  ['a+b(c)', 'a+b(c)', false, true],
  ['trailing   ', 'trailing', false, true],
];

describe('patterns', () => {
  test.each(cases)('%s against %s (folder: %s) is %s', (pattern, path, isFolder, matches) => {
    expect(parseSlugignore(pattern)!(path, isFolder)).toBe(matches);
  });

  test('comments, blank lines and negations are no patterns', () => {
    expect(parseSlugignore('\uFEFF# all of it\r\n\r\n!keep\n')).toBeNull();
  });
});

test('matches are deleted and counted, links are not followed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-slugignore-'));
  try {
    const outside = join(folder, 'outside');
    const root = join(folder, 'root');
    await mkdir(join(root, 'docs', 'deep'), { recursive: true });
    await mkdir(outside);
    await Promise.all([
      writeFile(join(root, 'docs', 'deep', 'a.md'), ''),
      writeFile(join(root, 'keep.js'), ''),
      writeFile(join(root, 'notes.md'), ''),
      writeFile(join(outside, 'precious.md'), ''),
      symlink(outside, join(root, 'link')),
    ]);
    expect(await applySlugignore(root, parseSlugignore('docs/\n*.md\n')!)).toBe(2);
    expect(existsSync(join(root, 'docs'))).toBe(false);
    expect(existsSync(join(root, 'notes.md'))).toBe(false);
    expect(existsSync(join(root, 'keep.js'))).toBe(true);
    expect(existsSync(join(outside, 'precious.md'))).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
