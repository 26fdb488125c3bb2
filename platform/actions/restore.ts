// A backup into an empty data folder: unpacked beside, checked to the last byte, and only then put in place.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from '../archive/gunzip.ts';
import { unpack } from '../archive/unpack.ts';
import { type BackupManifest, databaseEntry } from '../domain/backup.ts';
import { hasCode, messageOf, PlatformError } from '../domain/errors.ts';
import { makeFromCopy } from '../git/copy.ts';
import { createPrograms, usualSearchPath } from '../git/programs.ts';
import { defaultMaxPushBytes, gitSettings } from '../git/settings.ts';
import { makeFolder, writeWhole } from '../store/data-folder.ts';
import { lockFolder } from '../store/database.ts';
import { emptyAgain, requireEmpty, restoringFolder } from '../store/restoring.ts';
import { openVault, type Vault } from '../store/secrets.ts';
import { freeBytes } from '../store/space.ts';
import { checkBackup } from './check-backup.ts';

export interface RestoreOrder {
  file: string;
  keyFile: string;
  /** The data folder; made where it is missing. */
  folder: string;
  signal: AbortSignal;
  /** Told what is being done. */
  note(line: string): void;
}

/** Far above any platform; only there so that a broken archive ends. */
const maxEntries = 10_000_000;

/**
 * Nothing is in the folder, as before, when it fails.
 * @throws PlatformError `conflict` when the folder is not empty or in use; `invalid_params` when the archive is not whole,
 *   was changed, is of a newer version or the key is another one's
 */
export async function restoreBackup(order: RestoreOrder): Promise<BackupManifest> {
  const { folder } = order;
  const file = await open(order.file, 'r').catch((error: unknown) => {
    throw new PlatformError('not_found', `The backup cannot be read: ${messageOf(error)}.`);
  });
  try {
    const vault = openKey(order.keyFile);
    makeFolder(folder);
    // First who uses it: a running server's folder is not empty either.
    if (existsSync(join(folder, 'server.lock'))) lockFolder(folder).release();
    requireEmpty(folder);
    const lock = lockFolder(folder);
    try {
      await emptyAgain(folder);
      return await fill(order, vault, await readerOf(file, folder));
    } catch (error) {
      await emptyAgain(folder);
      // What is left is the lock.
      await giveToOwner(folder);
      throw error;
    } finally {
      lock.release();
    }
  } finally {
    await file.close().catch(() => undefined);
  }
}

async function fill(order: RestoreOrder, vault: Vault, { tar, bytes }: { tar: Readable; bytes: number }) {
  const { folder, signal, note } = order;
  const restoring = restoringFolder(folder);
  const unpacked = join(restoring, 'unpacked');
  await mkdir(unpacked, { recursive: true, mode: 0o700 });
  note('Unpacking');
  await unpack(tar, unpacked, { bytes, entries: maxEntries }, { signal });
  note('Checking');
  const manifest = await checkBackup({ folder: unpacked, vault, signal });
  note('Making repositories');
  await makeRepositories(manifest, unpacked, join(restoring, 'git'), signal);
  signal.throwIfAborted();
  note('Putting it in place');
  await rename(join(restoring, 'git'), join(folder, 'git'));
  for (const name of ['blobs', 'outputs', databaseEntry])
    if (existsSync(join(unpacked, name))) await rename(join(unpacked, name), join(folder, name));
  writeWhole(join(folder, 'instance'), `${manifest.instance}\n`, 0o644);
  writeWhole(join(folder, 'secret.key'), await readFile(order.keyFile, 'utf8'), 0o600);
  await giveToOwner(folder);
  // What was written is on the disk before the mark goes that it may not be.
  await promisify(execFile)('sync', ['-f', folder]);
  await rm(restoring, { recursive: true });
  return manifest;
}

/** Who restores is often root, and the server is not. */
async function giveToOwner(folder: string): Promise<void> {
  const { uid, gid } = await stat(folder);
  if (process.getuid?.() === 0 && uid !== 0)
    // What is in it, where the folder itself is a link.
    await promisify(execFile)('chown', ['-R', '-h', `${uid}:${gid}`, `${folder}/`]);
}

function openKey(keyFile: string): Vault {
  if (!existsSync(keyFile))
    throw new PlatformError(
      'not_found',
      `There is no key file ${keyFile}. On the server that was backed up "twelve server:key <file>" writes it; without it a backup's secrets cannot be read.`,
    );
  return openVault(keyFile, false);
}

/** @throws PlatformError when there is no space for it @returns the tar in it, and how much may come out of it */
async function readerOf(
  file: Awaited<ReturnType<typeof open>>,
  folder: string,
): Promise<{ tar: Readable; bytes: number }> {
  const { size } = await file.stat();
  const bytes = (await freeBytes(folder)) ?? 0;
  const told = `There is too little space at ${folder} for this backup: ${Math.floor(bytes / 1_048_576)} MB are free.`;
  const start = Buffer.alloc(2);
  await file.read(start, 0, 2, 0);
  const content = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 });
  if (start[0] === 0x1f && start[1] === 0x8b)
    return { tar: Readable.from(gunzip(content, { bytes, told }), { objectMode: false }), bytes };
  if (size > bytes) throw new PlatformError('service_unavailable', told);
  return { tar: content, bytes };
}

async function makeRepositories(
  manifest: BackupManifest,
  unpacked: string,
  into: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(into, { mode: 0o700 });
  const home = await mkdtemp(join(tmpdir(), 'twelve-restore-'));
  try {
    const programs = await createPrograms({
      home,
      settings: gitSettings(defaultMaxPushBytes),
      searchPath: usualSearchPath,
    });
    for (const record of manifest.repositories) {
      signal.throwIfAborted();
      const pack = join(unpacked, 'git', `${record.app}.pack`);
      const found = await stat(pack).catch(() => null);
      await makeFromCopy(programs, join(into, `${record.app}.git`), record, found ? pack : null);
    }
  } catch (error) {
    if (hasCode(error, 'service_unavailable') || signal.aborted) throw error;
    throw new PlatformError('invalid_params', `A repository cannot be made again: ${messageOf(error)}`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
