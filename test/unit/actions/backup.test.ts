// Backups without an engine: a real store, git and blobs into a real archive, and back; what is not whole is refused.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBackup } from '../../../platform/actions/backup.ts';
import { requireBackupRoom } from '../../../platform/actions/backup-room.ts';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { type BackupManifest, manifestMark } from '../../../platform/domain/backup.ts';
import { openBlobs } from '../../../platform/slugs/blobs.ts';
import { wholeBlobs } from '../../../platform/slugs/puller.ts';
import { openVault } from '../../../platform/store/secrets.ts';
import { openStore } from '../../../platform/store/store.ts';
import { type BackupGround, createBackupGround } from './backup-ground.ts';
import type { Ground } from './ground.ts';
import { type Part, partsOf, tarOf } from './tar-parts.ts';

let ours: BackupGround;
let ground: Ground;

beforeEach(async () => {
  ours = await createBackupGround();
  ground = ours.ground;
});
afterEach(() => ours[Symbol.asyncDispose]());

const archive = (): string => ours.archive;
const target = (): string => ours.target;
const key = (): string => ours.key;
const repository = (folder = ground.folder): string => join(folder, 'git', `${ground.app.id}.git`);
const inGit = (...args: string[]): string => ours.inGit(...args);
const released: BackupGround['released'] = (text, status) => ours.released(text, status);
const backup = (): Promise<void> => ours.backup();
const restore = (file?: string, keyFile?: string): Promise<BackupManifest> => ours.restore(file, keyFile);

it('brings back database, secrets, repositories, slugs and outputs', async () => {
  const first = await released('first', 'succeeded');
  inGit('update-ref', 'refs/heads/main', first);
  inGit('update-ref', 'refs/heads/other', first);
  ground.platform.outputs.open('0000-aaaa').write('it was built');
  await backup();
  expect(readdirSync(join(ground.folder, 'backups'))).toEqual([]);
  for (const secret of ['secret of first', readFileSync(key(), 'utf8').trim()])
    expect(readFileSync(archive()).includes(secret)).toBe(false);

  const manifest = await restore();
  expect(manifest).toMatchObject({ twelve: '1.2.3', instance: 'mine', lost: [] });
  const store = openStore({ folder: target() });
  const release = store.releases.newest(ground.app.id)!;
  expect(store.releases.config(release)).toEqual({ SECRET: 'secret of first' });
  store.close();
  expect(readFileSync(join(target(), 'outputs', '0000-aaaa.log'), 'utf8')).toBe('it was built\n');
  expect(readFileSync(join(target(), 'instance'), 'utf8')).toBe('mine\n');
  const restored = await openBlobs(join(target(), 'blobs'));
  const kept = ground.store.slugs.kept();
  expect(kept).toHaveLength(1);
  for (const { manifest } of kept) expect(await wholeBlobs(restored, manifest)).toHaveLength(3);
  const refs = execFileSync('git', ['for-each-ref', '--format=%(refname) %(objectname)'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], GIT_DIR: repository(target()) },
  });
  expect(refs).toBe(`refs/heads/main ${first}\nrefs/heads/other ${first}\n`);
  expect(readdirSync(target()).sort()).toEqual(
    ['blobs', 'git', 'instance', 'outputs', 'secret.key', 'server.lock', 'twelve.db'].sort(),
  );
});

it('is refused before it begins where its own copies have no room', async () => {
  await released('first', 'succeeded');
  const wal = join(ground.folder, 'twelve.db-wal');
  const { size } = statSync(wal);
  // It takes nothing on the disk, and its copy might.
  truncateSync(wal, 2 ** 43);
  try {
    await expect(backup()).rejects.toMatchObject({
      code: 'service_unavailable',
      message: expect.stringMatching(
        /^A backup needs up to 83886\d\d MB on the server's own disk .*, and \d+ MB are free at .* Nothing was begun\./,
      ),
    });
  } finally {
    truncateSync(wal, size);
  }
  expect(existsSync(archive())).toBe(false);
  expect(readdirSync(ground.folder)).not.toContain('backups');
  await backup();
  await restore();
});

it('needs room for the largest repository, and not for all of them', async () => {
  const folder = join(ground.folder, 'rooms');
  for (const [name, bytes] of [
    ['a.git', 5_000_000],
    ['b.git', 9_000_000],
  ] as const) {
    mkdirSync(join(folder, 'git', name), { recursive: true });
    writeFileSync(join(folder, 'git', name, 'pack'), Buffer.alloc(bytes, 1));
  }
  await requireBackupRoom(folder);
  writeFileSync(join(folder, 'twelve.db'), '');
  truncateSync(join(folder, 'twelve.db'), 2 ** 43);
  await expect(requireBackupRoom(folder)).rejects.toThrow(/needs up to 8388617 MB/);
});

it('has the branch where the release is that serves, and a note of one that is not decided', async () => {
  const first = await released('first', 'succeeded');
  await released('refused', 'failed');
  const pending = await released('pending', null);
  // As if it had been decided just after the database was copied.
  inGit('update-ref', 'refs/heads/main', pending);
  await backup();
  await restore();
  const head = execFileSync('git', ['rev-parse', 'HEAD'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], GIT_DIR: repository(target()) },
  }).trim();
  expect(head).toBe(first);
  const notes = readdirSync(repository(target())).filter((name) => name.startsWith('deploying-'));
  expect(notes).toHaveLength(1);
  expect(readFileSync(join(repository(target()), notes[0]!), 'utf8')).toBe(`main ${pending}\n`);
});

it('collects nothing while it is made, and is made once at a time', async () => {
  await released('first', 'succeeded');
  const made = await makeBackup(ground.platform, { version: '1', signal: new AbortController().signal });
  const collecting = collectGarbage(ground.platform);
  await expect(
    makeBackup(ground.platform, { version: '1', signal: new AbortController().signal }),
  ).rejects.toThrow(/A backup is being made since/);
  expect(ours.collected()).toBe(0);
  await pipeline(made.stream, createWriteStream(archive()));
  await collecting;
  expect(ours.collected()).toBe(1);
});

it('ends when the client leaves, and leaves nothing behind', async () => {
  await released('x'.repeat(3_000_000), 'succeeded');
  const left = new AbortController();
  const made = await makeBackup(ground.platform, { version: '1', signal: left.signal });
  left.abort(new Error('gone'));
  await expect(made.done).rejects.toThrow();
  await collectGarbage(ground.platform);
  expect(readdirSync(join(ground.folder, 'backups'))).toEqual([]);
  await backup();
});

it('takes what was written of a destroyed app’s repository for no other app’s', async () => {
  await released('first', 'succeeded');
  const { app, store, platform, caller } = ground;
  const other = store.apps.create(parseAppName('other'), caller.user.id, 'debian-13');
  await platform.git.ensureRepository(other.id);
  const { copy } = platform.git;
  platform.git.copy = async (given) => {
    if (given.app !== app.id) return await copy(given);
    writeFileSync(given.file, 'half of it');
    store.apps.destroy(app.id);
    throw new Error('the repository is gone');
  };
  await backup();
  expect((await restore()).repositories.map((one) => one.app)).toEqual([other.id]);
});

it('says which slugs are not whole', async () => {
  await released('first', 'succeeded');
  const [slug] = ground.store.slugs.kept();
  ours.blobs.removeOlder(slug!.manifest, Date.now() + 1000);
  const made = await makeBackup(ground.platform, { version: '1', signal: new AbortController().signal });
  expect(made.warning).toMatch(/^1 of 1 slugs are not whole/);
  await pipeline(made.stream, createWriteStream(archive()));
  expect((await restore()).lost).toEqual([slug!.id]);
});

describe('is refused, and nothing is in the folder,', () => {
  beforeEach(async () => {
    const first = await released('first', 'succeeded');
    inGit('update-ref', 'refs/heads/main', first);
    await backup();
  });

  const refused = async (file: string, why: RegExp, keyFile = key()): Promise<void> => {
    await expect(restore(file, keyFile)).rejects.toThrow(why);
    expect(readdirSync(target()).filter((name) => name !== 'server.lock')).toEqual([]);
  };
  const changed = async (change: (parts: Part[]) => Part[]): Promise<string> => {
    const file = join(ground.folder, 'changed.tar');
    writeFileSync(file, await tarOf(change(await partsOf(archive()))));
    return file;
  };

  it('when it is cut off anywhere', async () => {
    const whole = readFileSync(archive());
    for (const packed of [whole, gzipSync(whole)])
      for (const share of [0, 0.2, 0.5, 0.9, 0.999]) {
        const file = join(ground.folder, 'cut.tar');
        writeFileSync(file, packed.subarray(0, Math.floor(packed.length * share)));
        await refused(file, /The (archive|backup) (cannot be read|is refused)/);
      }
  });

  it('when one byte of any entry is another, or an entry is missing', async () => {
    const names = (await partsOf(archive())).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(6);
    for (const name of names) {
      const flipped = await changed((parts) =>
        parts.map((part) => {
          if (part.name !== name) return part;
          const content = Buffer.from(part.content);
          content[content.length >> 1]! ^= 1;
          return { ...part, content };
        }),
      );
      await refused(flipped, /The backup is refused, and nothing was changed/);
      await refused(
        await changed((parts) => parts.filter((part) => part.name !== name)),
        /The backup is refused/,
      );
    }
  });

  it.each([
    ['a path outside', { name: '../outside' }, /would be outside/],
    ['an absolute path', { name: '/tmp/outside' }, /would be outside/],
    ['a link', { name: 'outputs', type: 'symlink', linkname: '/etc' }, /may be outside/],
    ['a link inside', { name: 'blobs/sha256/x', type: 'symlink', linkname: '../../twelve.db' }, /is a link/],
    [
      'a hard link',
      { name: 'outputs/a.log', type: 'link', linkname: 'twelve.db' },
      /is a link|does not belong/,
    ],
    ['a file that is not listed', { name: 'admin-token' }, /"admin-token" does not belong there/],
    ['a device', { name: 'null', type: 'character-device' }, /only files, folders and links/],
  ] as const)('when it has %s', async (_what, extra, why) => {
    const part = { content: Buffer.alloc(0), ...extra } as Part;
    await refused(await changed((parts) => [...parts, part]), why);
    expect(existsSync(join(ground.folder, 'outside'))).toBe(false);
  });

  it('when the key is not the one it was made with, or none', async () => {
    const other = join(ground.folder, 'other.key');
    openVault(other, true);
    await refused(archive(), /it was made with another key than this one/, other);
    await expect(restore(archive(), join(ground.folder, 'absent'))).rejects.toThrow(/There is no key file/);
  });

  it('when it was made by a newer version', async () => {
    const vault = openVault(key(), false);
    const file = await changed((parts) => {
      const manifest = JSON.parse(
        parts.find(({ name }) => name === 'manifest.json')!.content.toString(),
      ) as BackupManifest;
      const content = Buffer.from(JSON.stringify({ ...manifest, schema: 999 }));
      const sha256 = createHash('sha256').update(content).digest('hex');
      const signature = Buffer.from(vault.sign(manifestMark(sha256)));
      const others = parts.filter(({ name }) => !name.startsWith('manifest'));
      return [...others, { name: 'manifest.json', content }, { name: 'manifest.sig', content: signature }];
    });
    await refused(file, /it was made by a newer version \(Twelve 1\.2\.3, schema 999/);
  });

  it('when something is there already, which stays', async () => {
    mkdirSync(target());
    writeFileSync(join(target(), 'precious'), 'mine');
    await expect(restore()).rejects.toThrow(/is not empty \(precious\)/);
    expect(readdirSync(target())).toEqual(['precious']);
  });

  it('when something is there beside what a cut off restore left, which stays', async () => {
    mkdirSync(join(target(), 'restoring'), { recursive: true });
    for (const name of ['precious', 'twelve.db']) writeFileSync(join(target(), name), 'mine');
    await expect(restore()).rejects.toThrow(/is not empty \(precious\)/);
    expect(readdirSync(target()).sort()).toEqual(['precious', 'restoring', 'twelve.db']);
  });

  it('and a server does not start on half of one; a restore begins anew', async () => {
    mkdirSync(join(target(), 'restoring'), { recursive: true });
    writeFileSync(join(target(), 'twelve.db'), 'half');
    expect(() => openStore({ folder: target(), create: true })).toThrow(/not to its end\. Restore it again/);
    await restore();
    openStore({ folder: target() }).close();
  });
});
