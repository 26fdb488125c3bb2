// Backups where root has to help the test: a disk that is full, a folder that is somebody else's.
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeBackup } from '../../../platform/actions/backup.ts';
import { createSmallDisk } from '../../support/small-disk.ts';
import { type BackupGround, createBackupGround } from '../../unit/actions/backup-ground.ts';

let ours: BackupGround;
beforeEach(async () => {
  ours = await createBackupGround();
});
afterEach(() => ours[Symbol.asyncDispose]());

it('belongs to the owner of the folder it is restored into', async () => {
  await ours.released('first', 'succeeded');
  await ours.backup();
  mkdirSync(ours.target);
  chownSync(ours.target, 12_345, 12_345);
  await ours.restore();
  const owners = readdirSync(ours.target, { recursive: true }).map(
    (name) => statSync(join(ours.target, String(name))).uid,
  );
  expect(new Set(owners)).toEqual(new Set([12_345]));
});

it('says that the disk is full, and is not tried half', async () => {
  using disk = createSmallDisk(16);
  await ours.released('first', 'succeeded');
  Object.assign(ours.ground.platform.config, { dataFolder: disk.folder });
  disk.fill(0);
  await expect(
    makeBackup(ours.ground.platform, { version: '1', signal: new AbortController().signal }),
  ).rejects.toThrow(/disk has no room for the copy of the database/);
  disk.empty();
  expect(existsSync(join(disk.folder, 'backups', 'making'))).toBe(false);
});

it('is refused where there is too little space for it, and nothing is in the folder', async () => {
  using disk = createSmallDisk(16);
  await ours.released('x'.repeat(3_000_000), 'succeeded');
  await ours.backup();
  disk.fill(2_000_000);
  const folder = join(disk.folder, 'data');
  writeFileSync(`${ours.archive}.gz`, gzipSync(readFileSync(ours.archive)));
  for (const file of [ours.archive, `${ours.archive}.gz`]) {
    await expect(ours.restore(file, ours.key, folder)).rejects.toThrow(/too little space|take more than/);
    expect(readdirSync(folder).filter((name) => name !== 'server.lock')).toEqual([]);
  }
});
