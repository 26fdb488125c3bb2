// The page of codes, the one list of them, what the sources say and the pages of visitors agree.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codes } from '../../../platform/domain/code.ts';
import { pageCodes } from '../../../platform/domain/route.ts';
import { root } from '../../support/server-process.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** Files below a folder, from the root. */
const below = (folder: string, wanted: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => wanted.test(path));
const list: Record<string, string> = codes;
const page = read('docs/reference/codes.md');
/** `| `H10` | App crashed | …`: code → its cells. */
const rows = new Map(
  [...page.matchAll(/^\| `([A-Z]\d\d)` \| (.+) \|$/gm)].map(([, code, rest]) => [code!, rest!.split(' | ')]),
);
const named = (text: string): string[] => [...new Set(text.match(/\b[HR]\d\d\b/g))];

it('the page has a row for each code, under its name, with cause and what to do; and no other', () => {
  expect(Object.fromEntries([...rows].map(([code, [name]]) => [code, name]))).toEqual(list);
  for (const [code, cells] of rows) expect([code, cells.length]).toEqual([code, 4]);
  expect(named(page).filter((code) => !Object.hasOwn(list, code))).toEqual([]);
});

it('the sources name no code that is not in the list, and each of the list is named by what says it', () => {
  const files = below('platform', /\.(?:ts|html)$/).filter((path) => path !== 'platform/domain/code.ts');
  expect(files.length).toBeGreaterThan(200);
  const said = new Set(files.flatMap((path) => named(read(path))));
  expect([...said].sort()).toEqual(Object.keys(list).sort());
});

it("the visitors' pages are named as the list names them, and the page of codes says which code has which", () => {
  const files = below('platform/router/pages', /\/h\d\d\.html$/);
  const shown = files.map((path) => /<p class="code">503 · (H\d\d) · (.+)<\/p>/.exec(read(path))!.slice(1));
  for (const [code, name] of shown) expect(list[code!]).toBe(name);
  const there = shown.map(([code]) => code!);
  expect(files.map((path) => /\/(h\d\d)\./.exec(path)![1]!.toUpperCase())).toEqual(there);
  expect(there).toEqual(expect.arrayContaining(Object.values(pageCodes)));
  const promised = [...rows].flatMap(([code, cells]) => {
    const found = /^page (H\d\d)$/.exec(cells[2]!)?.[1];
    return found ? [[code, found] as const] : [];
  });
  expect(promised.filter(([, found]) => !there.includes(found))).toEqual([]);
  // Whoever has a page of its own is shown that one.
  for (const code of there) expect(promised).toContainEqual([code, code]);
});

it('other pages of the documentation name no code that there is not', () => {
  for (const path of ['README.md', 'CHANGELOG.md', ...below('docs', /\.md$/)])
    expect([path, named(read(path)).filter((code) => !Object.hasOwn(list, code))]).toEqual([path, []]);
});
