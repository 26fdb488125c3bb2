// A backup of everything that cannot be made again, as one tar that is written while everything runs.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createTarWriter, type TarWriter } from '../archive/write.ts';
import {
  type BackupManifest,
  backupFormat,
  databaseEntry,
  isBackupName,
  keyMark,
  manifestEntry,
  manifestMark,
  signatureEntry,
} from '../domain/backup.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Digest, Slug } from '../domain/slug.ts';
import type { Snapshot } from '../store/snapshot.ts';
import { requireBackupRoom } from './backup-room.ts';
import type { Platform } from './context.ts';
import { withoutCollection } from './garbage.ts';

interface Begun {
  stream: Readable;
  /** What it will lack although it should not, known before it begins; in words. */
  warning: string | null;
}

export interface Backup extends Begun {
  /** Resolves, with nothing left of it on the disk, with what was found damaged on the way (null: nothing). Rejects as the stream breaks. */
  done: Promise<string | null>;
}

interface Making {
  platform: Platform;
  /** Of our own, below the data folder. */
  folder: string;
  snapshot: Snapshot;
  tar: TarWriter;
  manifest: BackupManifest;
  signal: AbortSignal;
}

const folderOf = (platform: Platform): string => join(platform.config.dataFolder, 'backups', 'making');
const makers = new WeakMap<Platform, Date>();

/**
 * Begins one. Nothing that it names is collected until it has ended.
 * @throws PlatformError `conflict` while another one is being made, `service_unavailable` where there is no room for it
 */
export async function makeBackup(
  platform: Platform,
  order: { version: string; signal: AbortSignal },
): Promise<Backup> {
  const since = makers.get(platform);
  if (since)
    throw new PlatformError(
      'conflict',
      `A backup is being made since ${since.toISOString()}. One is made at a time; try again when it has ended.`,
    );
  makers.set(platform, new Date());
  let begun!: (begun: Begun) => void;
  const beginning = new Promise<Begun>((resolve) => {
    begun = resolve;
  });
  const done = withoutCollection(() => make(platform, order, begun)).finally(() => makers.delete(platform));
  // What fails before it has begun is thrown here; after that it is told by `done`.
  const first = await Promise.race([beginning, done]);
  return { ...(first as Begun), done };
}

/** What a killed server left of one. */
export async function clearBackup(platform: Platform): Promise<void> {
  if (!makers.has(platform)) await rm(folderOf(platform), { recursive: true, force: true });
}

async function make(
  platform: Platform,
  order: { version: string; signal: AbortSignal },
  begun: (begun: Begun) => void,
): Promise<string | null> {
  const { signal } = order;
  const folder = folderOf(platform);
  const tar = createTarWriter();
  const stop = (): void => tar.fail(asError(signal.reason));
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', stop, { once: true });
    await rm(folder, { recursive: true, force: true });
    await requireBackupRoom(platform.config.dataFolder);
    // One by one: on a full disk Node's own way to make both says something else than that it is full.
    if (!existsSync(dirname(folder))) await mkdir(dirname(folder), { mode: 0o700 });
    await mkdir(folder, { mode: 0o700 });
    const snapshot = await platform.store.snapshot(join(folder, databaseEntry));
    const manifest = emptyManifest(platform, order.version, snapshot);
    const making = { platform, folder, snapshot, tar, manifest, signal };
    const blobs = await findBlobs(making);
    begun({ stream: tar.stream, warning: warningOf(snapshot.slugs, manifest.lost) });
    return await write(making, blobs);
  } catch (error) {
    const told = asTold(error, folder);
    tar.fail(told);
    throw told;
  } finally {
    signal.removeEventListener('abort', stop);
    await rm(folder, { recursive: true, force: true }).catch((error: unknown) =>
      platform.log.warn({ error: messageOf(error) }, 'files of a backup not removed'),
    );
  }
}

function emptyManifest(platform: Platform, version: string, { schema }: Snapshot): BackupManifest {
  return {
    format: backupFormat,
    twelve: version,
    schema,
    instance: platform.instance,
    madeAt: new Date().toISOString(),
    key: platform.store.sign(keyMark),
    entries: [],
    repositories: [],
    lost: [],
  };
}

/** The database first: what comes after it may be newer, never older. */
async function write(making: Making, blobs: ReadonlyMap<Digest, number>): Promise<string | null> {
  const { platform, folder, tar, manifest } = making;
  await addFile(making, databaseEntry, join(folder, databaseEntry));
  await addRepositories(making);
  await addOutputs(making);
  let damaged = 0;
  for (const [digest, size] of blobs) {
    const written = await add(making, `blobs/${digest.replace(':', '/')}`, size, platform.slugs.read(digest));
    if (digest !== `sha256:${written}`) damaged += 1;
  }
  const text = Buffer.from(`${JSON.stringify(manifest)}\n`);
  const sha256 = createHash('sha256').update(text).digest('hex');
  await tar.file(manifestEntry, text.length, [text]);
  const signature = Buffer.from(`${platform.store.sign(manifestMark(sha256))}\n`);
  await tar.file(signatureEntry, signature.length, [signature]);
  tar.end();
  if (damaged === 0) return null;
  return `${damaged} of the files that slugs are made of are damaged on the server's disk; the releases that use them cannot be restored. Redeploy their apps: twelve redeploy -a <app>`;
}

async function findBlobs({ platform, snapshot, manifest }: Making): Promise<Map<Digest, number>> {
  const found = new Map<Digest, number>();
  for (const slug of snapshot.slugs) {
    const blobs = await platform.slugs.blobs(slug.manifest);
    if (!blobs) manifest.lost.push(slug.id);
    for (const { digest, size } of blobs ?? []) found.set(digest, size);
  }
  return found;
}

/** One app's pack at a time is on the disk. */
async function addRepositories(making: Making): Promise<void> {
  const { platform, folder, snapshot, manifest, signal } = making;
  for (const { id, deployed } of snapshot.apps) {
    const file = join(folder, 'pack');
    // Of an app that was destroyed while it was written: it is no other app's.
    await rm(file, { force: true });
    const record = await platform.git.copy({ app: id, deployed, file, signal }).catch((error: unknown) => {
      // Destroyed meanwhile: then it is in the backup without its history.
      if (platform.store.apps.byId(id)) throw error;
      return null;
    });
    if (!record) continue;
    manifest.repositories.push(record);
    if (!existsSync(file)) continue;
    await addFile(making, `git/${id}.pack`, file);
  }
}

/** Of builds that go on, what they have printed so far. */
async function addOutputs(making: Making): Promise<void> {
  const from = join(making.platform.config.dataFolder, 'outputs');
  const copy = join(making.folder, 'output');
  for (const name of await readdir(from)) {
    if (!isBackupName(`outputs/${name}`)) continue;
    const gone = await copyFile(join(from, name), copy).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return true;
      },
    );
    if (!gone) await addFile(making, `outputs/${name}`, copy);
  }
}

async function addFile(making: Making, name: string, path: string): Promise<void> {
  await add(making, name, (await stat(path)).size, createReadStream(path, { highWaterMark: 256 * 1024 }));
}

async function add(
  { tar, manifest, signal }: Making,
  name: string,
  size: number,
  content: AsyncIterable<Buffer>,
): Promise<string> {
  signal.throwIfAborted();
  const sha256 = await tar.file(name, size, content);
  manifest.entries.push({ name, size, sha256 });
  return sha256;
}

function warningOf(slugs: readonly Slug[], lost: readonly string[]): string | null {
  if (lost.length === 0) return null;
  return `${lost.length} of ${slugs.length} slugs are not whole on the server's disk; the releases that use them cannot be restored. Redeploy their apps: twelve redeploy -a <app>`;
}

function asTold(error: unknown, folder: string): Error {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'SQLITE_FULL') return asError(error);
  return new PlatformError(
    'service_unavailable',
    `The server's disk has no room for the copy of the database, or of a repository, that a backup is made from (${folder}). Make space there, "twelve server:gc" shows what takes how much, and try again.`,
    {},
    { cause: error },
  );
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
