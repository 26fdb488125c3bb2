// An unpacked backup, looked at before anything is done with it: all of it is there, nothing else, unchanged, and ours to read.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  type BackupEntry,
  type BackupManifest,
  backupFormat,
  databaseEntry,
  isBackupName,
  keyMark,
  manifestEntry,
  manifestMark,
  signatureEntry,
} from '../domain/backup.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Vault } from '../store/secrets.ts';
import { faultOf } from '../store/snapshot.ts';
import { newestSchema } from '../store/upgrade.ts';

/** Of two million entries. */
const maxManifestBytes = 256 * 1_048_576;

/** @throws PlatformError `invalid_params` with what is wrong */
export async function checkBackup(needs: {
  folder: string;
  vault: Vault;
  signal: AbortSignal;
}): Promise<BackupManifest> {
  const { folder, signal } = needs;
  const manifest = await readManifest(folder, needs.vault);
  requireKnown(manifest);
  const listed = new Map(manifest.entries.map((entry) => [entry.name, entry]));
  for (const name of await filesIn(folder)) {
    if (name === manifestEntry || name === signatureEntry) continue;
    const entry = listed.get(name);
    if (!entry || !isBackupName(name)) throw refusal(`${JSON.stringify(name)} does not belong there`);
    signal.throwIfAborted();
    await checkFile(join(folder, name), entry);
    listed.delete(name);
  }
  const [missing] = listed.keys();
  if (missing !== undefined) throw refusal(`${missing} is missing`);
  const fault = faultOf(join(folder, databaseEntry), manifest.schema);
  if (fault !== null) throw refusal(`its database is damaged: ${fault}`);
  return manifest;
}

async function readManifest(folder: string, vault: Vault): Promise<BackupManifest> {
  const [text, signature] = await Promise.all(
    [manifestEntry, signatureEntry].map((name) => contentOf(join(folder, name))),
  );
  const manifest = text && parsed(text);
  if (!manifest || !signature) throw refusal('it is none of Twelve, or not all of one');
  if (manifest.key !== vault.sign(keyMark))
    throw refusal(
      'it was made with another key than this one; "twelve server:key" on the server it was made on writes the right one',
    );
  const sha256 = createHash('sha256').update(text).digest('hex');
  if (signature.toString('utf8').trim() !== vault.sign(manifestMark(sha256)))
    throw refusal('its list of contents was changed after it was made');
  return manifest;
}

/** Null where there is none, or none that could be a list of ours. */
async function contentOf(path: string): Promise<Buffer | null> {
  const found = await lstat(path).catch(() => null);
  return found?.isFile() && found.size <= maxManifestBytes ? await readFile(path) : null;
}

function parsed(text: Buffer): BackupManifest | null {
  try {
    const value = JSON.parse(text.toString('utf8')) as Partial<BackupManifest> | null;
    return typeof value?.key === 'string' ? (value as BackupManifest) : null;
  } catch {
    return null;
  }
}

function requireKnown({ format, schema, twelve }: BackupManifest): void {
  if (format <= backupFormat && schema <= newestSchema()) return;
  throw refusal(
    `it was made by a newer version (Twelve ${twelve}, schema ${schema}; this one knows ${newestSchema()}). Restore it with that version or a later one`,
  );
}

/** @throws PlatformError when something else than files and folders is there, or a file has two names */
async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const name = relative(folder, path);
    if (!entry.isFile() || (await lstat(path)).nlink > 1) throw refusal(`${JSON.stringify(name)} is a link`);
    names.push(name);
  }
  return names;
}

async function checkFile(path: string, entry: BackupEntry): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(piece);
    size += piece.length;
  }
  const sha256 = hash.digest('hex');
  if (size !== entry.size || sha256 !== entry.sha256) throw refusal(`${entry.name} is damaged`);
  const blob = /^blobs\/sha256\/(.+)$/.exec(entry.name)?.[1];
  // It was damaged on the old server already: without it its slug is known for lost.
  if (blob !== undefined && blob !== sha256) await rm(path);
  else await chmod(path, 0o600);
}

function refusal(why: string): PlatformError {
  return new PlatformError('invalid_params', `The backup is refused, and nothing was changed: ${why}.`);
}
