// .slugignore patterns, and their matches on disk.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  ['kept\\ ', 'kept ', false, true],
  ['kept\\  ', 'kept ', false, true],
  ['back\\\\ ', 'back\\', false, true],
  ['\\!odd', '!odd', false, true],
  ['**', 'a', false, true],
  ['a**b', 'axxb', false, true],
  ['x/a**b', 'x/a/b', false, false],
  ['**/a/**/a/**/b', 'a/x/a/a/b', false, true],
  ['**/a/**/a/**/b', 'x/a/b', false, false],
  ['a//', 'a', true, false],
  ['[z-a]', 'b', false, false],
  ['[b-a]x', 'ax', false, false],
  ['[[:digit:]]x', '1x', false, true],
  ['[[:digit:]]x', 'ax', false, false],
  ['[![:alpha:]_]x', '1x', false, true],
  ['[![:alpha:]_]x', '_x', false, false],
  ['[[:nonsense:]a]', 'a', false, false],
  ['[]a]', ']', false, true],
  ['[a-]', '-', false, true],
  ['[\\]a]', ']', false, true],
  ['open[a', 'open[a', false, false],
  ['end\\', 'end\\', false, false],
  ['x[/a]y/z', 'xay/z', false, true],
  ['x[/a]y', 'x/y', false, false],
  ['x[!a]y', 'x/y', false, false],
];

describe('patterns', () => {
  test.each(cases)('%s against %s (folder: %s) is %s', (pattern, path, isFolder, matches) => {
    expect(parseSlugignore(pattern)!(path, isFolder)).toBe(matches);
  });

  test('comments, blank lines and negations are no patterns', () => {
    expect(parseSlugignore('\uFEFF# all of it\r\n\r\n!keep\n')).toBeNull();
  });
});

/** git's own answer, for files that are there. */
async function gitIgnores(root: string, pattern: string, paths: readonly string[]): Promise<string[]> {
  await writeFile(join(root, '.git', 'patterns'), `${pattern}\n`);
  const { stdout } = spawnSync(
    'git',
    ['-c', 'core.excludesFile=.git/patterns', 'check-ignore', '--no-index', '-z', '--stdin'],
    { cwd: root, input: `${paths.join('\0')}\0`, encoding: 'utf8' },
  );
  return stdout.split('\0').slice(0, -1);
}

describe('the same as git', () => {
  const names = ['a', 'b', 'ab', 'a.b', '1a', '-', ']', 'a b', 'é', 'B', '[a', 'aab'];
  const paths = names.flatMap((one) => [
    one,
    ...names.slice(0, 6).map((two) => `d/${one}/${two}`),
    `f${one}/e/b`,
  ]);
  const files = paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`)));
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'twelve-slugignore-'));
    spawnSync('git', ['init', '-q', root]);
    for (const path of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), '');
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  const piece = fc.constantFrom(
    ...[
      'a',
      'b',
      '1',
      '-',
      ']',
      'é',
      '\\a',
      '\\]',
      ' ',
      '?',
      '*',
      '*',
      '/',
      '/',
      '/**/',
      '**/',
      '/**',
      'd',
      'f',
      'e',
    ],
    ...[
      '[ab]',
      '[!a]',
      '[^b]',
      '[]a]',
      '[a-c]',
      '[c-a]',
      '[a-]',
      '[[:alpha:]]',
      '[![:digit:]]',
      '[[:x:]]',
      '[[a]',
      '[',
      '\\',
    ],
  );
  const pattern = fc
    .array(piece, { minLength: 1, maxLength: 6 })
    .map((pieces) => pieces.join(''))
    // git takes `a**/` for `**/` where only plain characters come before, against its own documentation.
    .filter((text) => !/[^/*]\*\*/.test(text));

  test('whatever the pattern', async () => {
    await fc.assert(
      fc.asyncProperty(pattern, async (text) => {
        const ignores = parseSlugignore(text) ?? (() => false);
        const ours = files.filter((path) => {
          const folders = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
          return folders.some((folder) => ignores(folder, true)) || ignores(path, false);
        });
        expect(ours).toEqual(await gitIgnores(root, text, files));
      }),
      { numRuns: 300 },
    );
  });
});

// With a matcher that backtracks each takes from minutes to centuries, and the test's time is over.
describe('patterns made to take long', () => {
  test.each([
    ['*a*a*a*a*a*b', 'a'.repeat(254)],
    [`${'*a'.repeat(100)}*b`, 'a'.repeat(255)],
    [`${'**/a/'.repeat(100)}b`, 'a/'.repeat(1000)],
    [`${'**/*a*a*a*b/'.repeat(20)}c`, `${'a'.repeat(120)}/`.repeat(30)],
    [`x${' '.repeat(60_000)}y`, 'x'],
  ])('%.30s ends', (text, path) => {
    const ignores = parseSlugignore(text)!;
    expect(ignores(`${path}c`, false)).toBe(false);
  });

  test('they match too', () => {
    expect(parseSlugignore('*a*a*a*a*a*b')!(`${'a'.repeat(254)}b`, false)).toBe(true);
  });

  test('many of them over many names leave others their turn, and end with the build', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'twelve-slugignore-'));
    try {
      await Promise.all(
        Array.from({ length: 300 }, (_, n) => writeFile(join(folder, `${'a'.repeat(200)}${n}`), '')),
      );
      const ignores = parseSlugignore(`*${'a'.repeat(90)}b\n`.repeat(700))!;
      const cancel = new AbortController();
      setImmediate(() => setImmediate(() => setTimeout(() => cancel.abort(new Error('cancelled')), 1)));
      await expect(applySlugignore(folder, ignores, cancel.signal)).rejects.toThrow('cancelled');
    } finally {
      await rm(folder, { recursive: true });
    }
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
