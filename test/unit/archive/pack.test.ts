// Packing: the same tree gives the same bytes, and odd names and links come back as they were.
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packLayer } from '../../../platform/archive/pack.ts';
import { unpack } from '../../../platform/archive/unpack.ts';

const run = promisify(execFile);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-pack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tree(name: string, names: readonly string[] = ['b.js', 'a.js', 'sub/c.js']): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, 'app/sub'), { recursive: true });
  for (const file of names) await writeFile(join(root, 'app', file), `content of ${file}`);
  return root;
}

const pack = (root: string, entries: (string | Buffer)[], tar = join(folder, 'out.tar')) =>
  packLayer({ root, folders: ['app'], entries: entries.map((entry) => Buffer.from(entry)), write: tar });

test('order of creation, times and umask do not show; one byte of content does', async () => {
  const first = await tree('first');
  const second = await tree('second', ['sub/c.js', 'a.js', 'b.js']);
  await utimes(join(second, 'app/a.js'), 1_000_000, 2_000_000);
  await chmod(join(second, 'app/a.js'), 0o600);
  await chmod(join(second, 'app/b.js'), 0o664);
  await chmod(join(second, 'app/sub'), 0o2770);
  const one = await pack(first, ['app/a.js', 'app/b.js', 'app/sub']);
  const two = await pack(second, ['app/sub', 'app/b.js', 'app/a.js']);
  expect(two).toEqual(one);
  expect((await lstat(join(folder, 'out.tar'))).size).toBe(one.size);

  await writeFile(join(second, 'app/sub/c.js'), 'content of sub/c.jS');
  expect((await pack(second, ['app/sub', 'app/b.js', 'app/a.js'])).digest).not.toBe(one.digest);
});

test('an exec bit shows', async () => {
  const root = await tree('one');
  const before = await pack(root, ['app/a.js']);
  await chmod(join(root, 'app/a.js'), 0o755);
  expect((await pack(root, ['app/a.js'])).digest).not.toBe(before.digest);
});

test('owner, times, modes and order are as promised', async () => {
  const root = await tree('one');
  await chmod(join(root, 'app/a.js'), 0o4777);
  await pack(root, ['app/sub', 'app/a.js']);
  const list = await run('tar', ['-tvf', join(folder, 'out.tar'), '--numeric-owner', '--full-time', '--utc']);
  const lines = list.stdout.trim().split('\n');
  expect(lines.map((line) => line.split(/\s+/).at(-1))).toEqual([
    'app/',
    'app/a.js',
    'app/sub/',
    'app/sub/c.js',
  ]);
  expect(lines[0]).toMatch(/^drwxr-xr-x 20012\/20012 +0 1970-01-01 00:00:01 app\/$/);
  expect(lines[1]).toMatch(/^-rwxr-xr-x 20012\/20012 /);
  expect(lines[3]).toMatch(/^-rw-r--r-- 20012\/20012 /);
});

test('odd names and links survive the way through a tar', async () => {
  const root = await tree('odd', []);
  const app = join(root, 'app');
  const notUtf8 = Buffer.concat([Buffer.from(`${app}/caf`), Buffer.of(0xe9), Buffer.from('.txt')]);
  const long = `${'d'.repeat(120)}/${'e'.repeat(120)}`;
  await mkdir(join(app, long), { recursive: true });
  const names = [
    '-rf',
    'a b',
    'new\nline',
    'back\\nslash',
    'star*',
    'ünï',
    `${long}/deep.txt`,
    '[x]',
    '@file',
  ];
  for (const name of names) await writeFile(join(app, name), name);
  await writeFile(notUtf8, 'latin');
  await link(join(app, 'a b'), join(app, 'hard'));
  await symlink('a b', join(app, 'soft'));
  await symlink('nowhere', join(app, 'dangling'));
  await symlink('/etc/passwd', join(app, 'outside'));
  await symlink('..', join(app, 'sub/up'));
  await mkdir(join(app, 'empty'));
  const entries = (await readdir(app, { encoding: 'buffer' })).map((name) =>
    Buffer.concat([Buffer.from('app/'), name]),
  );
  await pack(root, entries);

  const back = join(folder, 'back');
  await mkdir(back);
  await run('tar', ['-xf', join(folder, 'out.tar'), '-C', back]);
  for (const name of names) expect(await readFile(join(back, 'app', name), 'utf8')).toBe(name);
  const found = Buffer.from(notUtf8.toString('latin1').replace(app, join(back, 'app')), 'latin1');
  expect(await readFile(found, 'utf8')).toBe('latin');
  expect((await lstat(join(back, 'app/hard'))).ino).toBe((await lstat(join(back, 'app/a b'))).ino);
  expect(await readlink(join(back, 'app/soft'))).toBe('a b');
  expect(await readlink(join(back, 'app/dangling'))).toBe('nowhere');
  expect(await readlink(join(back, 'app/outside'))).toBe('/etc/passwd');
  expect(await readlink(join(back, 'app/sub/up'))).toBe('..');
  expect(await readdir(join(back, 'app/empty'))).toEqual([]);
});

test('our own reader brings back what was packed, bytes of names included', async () => {
  const root = await tree('own');
  const odd = Buffer.concat([Buffer.from(`${root}/app/caf`), Buffer.of(0xe9)]);
  await writeFile(odd, 'latin');
  await mkdir(join(root, 'app', 'l'.repeat(200)));
  await chmod(join(root, 'app/a.js'), 0o755);
  await link(join(root, 'app/a.js'), join(root, 'app/z.js'));
  await symlink('a.js', join(root, 'app/link'));
  await packLayer({ root, folders: [], entries: [Buffer.from('app')], write: join(folder, 'own.tar') });
  const back = join(folder, 'back');
  await mkdir(back);
  await unpack(createReadStream(join(folder, 'own.tar')), back, { bytes: 1e6, entries: 100 });
  const again = await packLayer({
    root: back,
    folders: [],
    entries: [Buffer.from('app')],
    write: join(folder, 'again.tar'),
  });
  expect(await readFile(join(folder, 'again.tar'))).toEqual(await readFile(join(folder, 'own.tar')));
  expect(again.size).toBeGreaterThan(0);
});

test('a missing entry, a name that layers cannot hold and a signal all end it', async () => {
  const root = await tree('one');
  await expect(pack(root, ['app/none'])).rejects.toThrow(
    /Packing the app failed: tar: app\/none: Cannot stat/,
  );
  await writeFile(join(root, 'app/sub/.wh.secret'), '');
  await expect(pack(root, ['app/sub'])).rejects.toThrow(/app\/sub\/\.wh\.secret.*Rename it/);
  await rename(join(root, 'app/sub/.wh.secret'), join(root, 'app/sub/x.wh.secret'));
  await expect(pack(root, ['app/sub'])).resolves.toMatchObject({ digest: expect.stringMatching(/^sha256:/) });
  const input = { root, folders: ['app'], entries: [Buffer.from('app/sub')], write: join(folder, 'x.tar') };
  await expect(packLayer({ ...input, signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  const stop = new AbortController();
  const onBytes = (): void => stop.abort(new Error('enough'));
  await expect(packLayer({ ...input, onBytes, signal: stop.signal })).rejects.toThrow('enough');
});
