// Unpacking what strangers made: nothing outside the folder, no devices, nothing over the limits.
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpack } from '../../../platform/archive/unpack.ts';

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
