// Files that an Aptfile names: which lines are addresses, what is kept and for how long, what is asked for again.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addressLines, fetchDebs, trimDebs } from '../../../platform/build/debs.ts';
import type { Download } from '../../../platform/domain/address.ts';

let folder: string;
let asked: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-debs-'));
  asked = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** Answers with the path, so many times. */
const download: Download = async (url) => {
  asked.push(url.pathname);
  return (async function* () {
    yield Buffer.from(url.pathname.repeat(10));
  })();
};
const contentOf = (path: string) => path.repeat(10);
const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const pinned = (path: string) => `https://a.example${path}#sha256=${sha(contentOf(path))}`;

let builds = 0;
async function fetchAll(aptfile: string, limits = {}) {
  const into = join(folder, `build-${++builds}`);
  const notes: string[] = [];
  const needs = { folder: join(folder, 'kept'), download, limits };
  const signal = new AbortController().signal;
  await fetchDebs(needs, { aptfile, into, note: (line) => notes.push(line), signal });
  return { into, notes };
}

it('finds addresses with their line and hash; names, comments and other lines are none', () => {
  const hash = 'AB'.repeat(32);
  const text = `\uFEFF# https://no.example/x.deb\r\njq\r\n  https://a.example/x.deb # ours\r\nhttps://a.example/y.deb#sha256=${hash} # pinned\r\nhttp://b.example/z.deb\n:repo:deb https://c.example trixie main\n`;
  expect(addressLines(text)).toEqual([
    { number: 3, text: 'https://a.example/x.deb', hash: null },
    { number: 4, text: `https://a.example/y.deb#sha256=${hash}`, hash: hash.toLowerCase() },
  ]);
});

it('lays each under the hash of its line, readable by a build and not writable', async () => {
  const { into } = await fetchAll(`https://a.example/x.deb\n${pinned('/y.deb')}\n`);
  for (const [line, path] of [
    ['https://a.example/x.deb', '/x.deb'],
    [pinned('/y.deb'), '/y.deb'],
  ] as const) {
    const file = join(into, `${sha(line)}.deb`);
    expect(await readFile(file, 'utf8')).toBe(contentOf(path));
    expect((await stat(file)).mode & 0o777).toBe(0o644);
  }
});

it('asks once for what has a hash, and in every build for what has none', async () => {
  const aptfile = `https://a.example/x.deb\n${pinned('/y.deb')}\n`;
  const first = await fetchAll(aptfile);
  await fetchAll(aptfile);
  expect(asked).toEqual(['/x.deb', '/y.deb', '/x.deb']);
  expect(first.notes.filter((line) => line.startsWith(' !'))).toEqual([
    expect.stringContaining('Aptfile line 1 has no hash'),
    expect.stringContaining(`#sha256=${sha(contentOf('/x.deb'))}`),
  ]);
});

it('keeps what was used last, and a build has its own all the same', async () => {
  const keptBytes = 2 * contentOf('/1.deb').length;
  const limits = { keptBytes };
  await fetchAll(pinned('/1.deb'), limits);
  await fetchAll(pinned('/2.deb'), limits);
  await fetchAll(pinned('/1.deb'), limits);
  const { into } = await fetchAll(pinned('/3.deb'), limits);
  expect((await readdir(join(folder, 'kept'))).sort()).toEqual(
    ['/1.deb', '/3.deb'].map((path) => `${sha(contentOf(path))}.deb`).sort(),
  );
  const needs = { folder: join(folder, 'kept'), limits: { keptBytes: keptBytes - 1 } };
  const one = { count: 1, bytes: contentOf('/1.deb').length };
  expect(await trimDebs(needs, true)).toEqual(one);
  expect(await trimDebs(needs, false)).toEqual(one);
  expect(await readdir(needs.folder)).toEqual([`${sha(contentOf('/3.deb'))}.deb`]);
  const tiny = await fetchAll(pinned('/4.deb'), { keptBytes: 1 });
  expect(await readdir(join(folder, 'kept'))).toEqual([]);
  expect(await readdir(tiny.into)).toHaveLength(1);
  expect(await readdir(into)).toHaveLength(1);
});

it('builds at the same time have theirs, whichever of them removes what is over the limit', async () => {
  const names = Array.from({ length: 5 }, (_, n) => `/${n}.deb`);
  const aptfile = names.map((name) => `${pinned(name)}\n`).join('');
  let ended = false;
  const others = Array.from({ length: 3 }, async () => {
    while (!ended) await fetchAll(aptfile.split('\n')[0]!, { keptBytes: 1 });
  });
  const built = Promise.all(Array.from({ length: 20 }, () => fetchAll(aptfile, { keptBytes: 1 })));
  const folders = await built.finally(() => {
    ended = true;
  });
  await Promise.all(others);
  for (const { into } of folders) expect(await readdir(into)).toHaveLength(5);
});

it('refuses what is another file, too many, and what is no URL to fetch from; nothing is left lying', async () => {
  await expect(fetchAll(`https://a.example/x.deb#sha256=${'0'.repeat(64)}`)).rejects.toMatchObject({
    code: 'build_failed',
    details: { id: 'E7' },
  });
  await expect(fetchAll('https://a.example/x.deb\n'.repeat(3), { files: 2 })).rejects.toThrow(
    'names 3 addresses',
  );
  await expect(fetchAll('https:///\n')).rejects.toThrow('Aptfile line 1');
  expect((await readdir(join(folder, 'kept'))).filter((name) => !name.endsWith('.deb'))).toEqual([]);
});
