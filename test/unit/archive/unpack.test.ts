// Unpacking what strangers made: nothing outside the folder, no devices, nothing over the limits.
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpack } from '../../../platform/archive/unpack.ts';
import { endOfArchive, gnuLong, pax, rawEntry } from './raw-tar.ts';

type Entry = Partial<Header> & { name: string; content?: string };

let folder: string;
let into: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-unpack-'));
  into = join(folder, 'into');
  await mkdir(into);
  await writeFile(join(folder, 'secret'), 'secret');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bytes(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header, content ?? '');
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as unknown as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

const open = async (entries: readonly Entry[], limits = { bytes: 1000, entries: 20 }): Promise<void> =>
  unpack(Readable.from([await bytes(entries)]), into, limits);

test('files, folders, links and exec bits come out; owners and odd bits do not', async () => {
  await open([
    { name: './', type: 'directory' },
    { name: 'bin/run', content: 'go', mode: 0o6777, uid: 4, gid: 4 },
    { name: 'bin/../', type: 'directory' },
  ]).catch(() => undefined);
  await open([
    { name: 'lib/a.js', content: 'a', mode: 0o666 },
    { name: 'lib/b.js', type: 'link', linkname: 'lib/a.js' },
    { name: 'lib/c.js', type: 'symlink', linkname: '../bin/run' },
    { name: 'lib/a.js', content: 'newer', mode: 0o600 },
    { name: `${'n'.repeat(150)}/${'m'.repeat(150)}`, content: 'long' },
  ]);
  expect((await lstat(join(into, 'bin/run'))).mode & 0o7777).toBe(0o755);
  expect((await lstat(join(into, 'bin/run'))).uid).toBe(process.getuid?.());
  expect((await lstat(join(into, 'lib/a.js'))).mode & 0o7777).toBe(0o644);
  expect(await readFile(join(into, 'lib/a.js'), 'utf8')).toBe('newer');
  expect(await readFile(join(into, 'lib/b.js'), 'utf8')).toBe('a');
  expect(await readlink(join(into, 'lib/c.js'))).toBe('../bin/run');
  expect(await readFile(join(into, 'n'.repeat(150), 'm'.repeat(150)), 'utf8')).toBe('long');
});

describe('is refused, and nothing outside changes:', () => {
  const cases: [string, Entry[], RegExp][] = [
    ['a path upwards', [{ name: '../secret', content: 'x' }], /outside the folder/],
    ['a path upwards inside', [{ name: 'a/../../secret', content: 'x' }], /outside the folder/],
    ['an absolute path', [{ name: '/tmp/x', content: 'x' }], /outside the folder/],
    ['an absolute link', [{ name: 'l', type: 'symlink', linkname: '/etc' }], /may be outside/],
    ['a link upwards', [{ name: 'a/l', type: 'symlink', linkname: '../../secret' }], /may be outside/],
    [
      'a link whose way leads over another link',
      [
        { name: 's/t/l', type: 'symlink', linkname: '../..' },
        { name: 'x', type: 'symlink', linkname: 's/t/l/../secret' },
      ],
      /may be outside/,
    ],
    [
      'a file below a link',
      [
        { name: 'l', type: 'symlink', linkname: '.' },
        { name: 'l/f', content: 'x' },
      ],
      /is not a folder/,
    ],
    ['a hard link to outside', [{ name: 'h', type: 'link', linkname: '../secret' }], /outside the folder/],
    [
      'a hard link to a link',
      [
        { name: 'l', type: 'symlink', linkname: 'x' },
        { name: 'h', type: 'link', linkname: 'l' },
      ],
      /no file before it/,
    ],
    ['a device', [{ name: 'd', type: 'character-device', devmajor: 1, devminor: 3 }], /character-device/],
    ['a pipe', [{ name: 'p', type: 'fifo' }], /fifo/],
    ['too many bytes', [{ name: 'f', content: 'x'.repeat(1001) }], /more than 1000 bytes/],
    [
      'too many entries',
      Array.from({ length: 21 }, (_, i) => ({ name: `f${i}`, content: '' })),
      /more than 20 entries/,
    ],
  ];
  test.each(cases)('%s', async (_, entries, message) => {
    await expect(open(entries)).rejects.toThrow(message);
    expect(await readFile(join(folder, 'secret'), 'utf8')).toBe('secret');
    expect((await readdir(folder)).sort()).toEqual(['into', 'secret']);
  });

  test('an archive that is cut off or none at all', async () => {
    const whole = await bytes([{ name: 'f', content: 'x'.repeat(600) }]);
    const limits = { bytes: 1000, entries: 20 };
    await expect(unpack(Readable.from([whole.subarray(0, 800)]), into, limits)).rejects.toThrow(
      /cannot be read/,
    );
    await expect(unpack(Readable.from([Buffer.alloc(1024, 'x')]), into, limits)).rejects.toThrow(
      /cannot be read/,
    );
  });
});

const limits = { bytes: 1000, entries: 20 };
const openRaw = (...parts: readonly Buffer[]): Promise<void> =>
  unpack(Readable.from([Buffer.concat([...parts, endOfArchive])]), into, limits);

describe('what no library would write', () => {
  test.each<[string, Buffer[], RegExp]>([
    [
      'folders on the way count like any others',
      [gnuLong('L', `${'d/'.repeat(30)}f`), rawEntry({})],
      /more than 20 entries/,
    ],
    ['a sparse file of GNU', [rawEntry({ type: 'S' })], /"f" is of a kind that is not known; only files/],
    [
      'a sparse file in PAX form, which would come out as something else',
      [pax([['GNU.sparse.major', '1']]), rawEntry({ content: 'x' })],
      /"f" is a sparse file; pack it without --sparse/,
    ],
    [
      'a PAX name that is not UTF-8, which would come out as another',
      [pax([['path', 'caf\xe9']]), rawEntry({})],
      /PAX header that is not UTF-8; use tar's gnu format/,
    ],
    ['a name that no disk takes', [gnuLong('L', 'n'.repeat(300)), rawEntry({})], /"n{200}" is too long for/],
    [
      'a path that no disk takes',
      [gnuLong('L', `${'dd'.repeat(100)}/`.repeat(25)), rawEntry({})],
      /too long|entries/,
    ],
    ['a size below zero', [rawEntry({ size: -512 })], /cannot be read: Invalid header/],
    ['a size in words', [rawEntry({ size: 'garbage' })], /cannot be read: Invalid header/],
    [
      'a size in a form that nobody knows',
      [rawEntry({ size: '\x81'.repeat(12) })],
      /a size in it cannot be read/,
    ],
    ['a size of nine petabytes', [rawEntry({ size: 2 ** 53 })], /more than 1000 bytes/],
    ['a size without end, by PAX', [pax([['size', '9'.repeat(400)]]), rawEntry({})], /more than 1000 bytes/],
    ['a link with a NUL, by PAX', [pax([['linkpath', 'a\0b']]), rawEntry({ type: '2' })], /may be outside/],
    ['headers from before there were any', [rawEntry({ magic: 'none' })], /cannot be read: .*unknown format/],
  ])('%s', async (_, parts, message) => {
    await expect(openRaw(...parts)).rejects.toThrow(message);
    expect((await readdir(folder)).sort()).toEqual(['into', 'secret']);
  });

  test('a hard link of a file to itself changes nothing', async () => {
    await openRaw(rawEntry({ content: 'kept' }), rawEntry({ type: '1', linkname: './f' }));
    expect(await readFile(join(into, 'f'), 'utf8')).toBe('kept');
  });

  test('a folder said by a slash at its end', async () => {
    await openRaw(rawEntry({ name: 'old/', type: '\0' }), rawEntry({ name: 'old/f', content: 'x' }));
    expect(await readFile(join(into, 'old/f'), 'utf8')).toBe('x');
  });

  test('PAX names are UTF-8, and an empty one says nothing', async () => {
    await openRaw(
      pax([['path', '\xc3\xa9']]),
      rawEntry({}),
      pax([['path', '']]),
      rawEntry({ name: 'caf\xe9' }),
    );
    expect(await readdir(into, { encoding: 'latin1' })).toEqual(['caf\xe9', '\xc3\xa9']);
  });
});

test('an archive that has no end is not read to it, and its source is let go', async () => {
  let given = 0;
  let released = false;
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      yield rawEntry({ size: 900 }).subarray(0, 512);
      for (;;) {
        given += 1;
        yield rawEntry({ name: `f${given}` });
      }
    } finally {
      released = true;
    }
  }
  await expect(unpack(Readable.from(endless()), into, limits)).rejects.toThrow(/more than 20 entries/);
  expect(given).toBeLessThan(200);
  await expect.poll(() => released).toBe(true);
});

test('a signal ends it, whatever it waits for', async () => {
  const stop = new AbortController();
  async function* silent(): AsyncGenerator<Buffer> {
    yield rawEntry({ content: 'x'.repeat(600) }).subarray(0, 700);
    setTimeout(() => stop.abort(new Error('gone')), 20);
    await new Promise(() => undefined);
  }
  await expect(unpack(Readable.from(silent()), into, limits, { signal: stop.signal })).rejects.toThrow(
    'gone',
  );
});

test('a disk that takes nothing is not called a fault of the archive', async () => {
  const opening = unpack(Readable.from([await bytes([{ name: 'f', content: 'x' }])]), '/sys', limits);
  await expect(opening).rejects.toMatchObject({
    code: 'internal_server_error',
    message: expect.stringMatching(/^The archive could not be unpacked: E(ACCES|PERM|ROFS): [a-z -]+\.$/),
  });
});
