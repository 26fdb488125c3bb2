// What a backup needs on the server's own disk while it is made, asked for before it begins.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseEntry } from '../domain/backup.ts';
import { PlatformError } from '../domain/errors.ts';
import { freeBytes } from '../store/space.ts';
import { dataKinds, diskUsage } from '../store/usage.ts';

/**
 * The copy of the database, which stays until the end, and beside it the pack of one repository at a time, which is hardly
 * larger than the repository.
 * @throws PlatformError `service_unavailable`
 */
export async function requireBackupRoom(dataFolder: string): Promise<void> {
  const database = join(dataFolder, databaseEntry);
  const needed =
    (await sizeOf(database)) +
    (await sizeOf(`${database}-wal`)) +
    (await largestIn(join(dataFolder, dataKinds.repositories)));
  const free = await freeBytes(dataFolder);
  if (free === null || free >= needed) return;
  throw new PlatformError(
    'service_unavailable',
    `A backup needs up to ${megabytes(needed)} MB on the server's own disk while it is made, for a copy of the database and of one repository at a time, and ${Math.floor(free / 1_048_576)} MB are free at ${dataFolder}. Nothing was begun. Make space there, "twelve server:gc" shows what takes how much, and try again.`,
  );
}

async function largestIn(folder: string): Promise<number> {
  let largest = 0;
  for await (const { path, bytes } of diskUsage([folder], { depth: 1, files: false }))
    if (path !== folder) largest = Math.max(largest, bytes);
  return largest;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1_048_576);
