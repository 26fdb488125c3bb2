// Opening the database, and holding the folders of a server. The rest of the room gets a `Database` from here.
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { bringUpToDate } from './upgrade.ts';

export type Database = SQLite.Database;

/**
 * Opens the database, and where needed makes it and brings it up to date.
 * @param upgrade false: one that is not up to date is left as it is
 * @throws PlatformError `service_unavailable` when the file belongs to a newer version of the server, or cannot be upgraded
 */
export function openDatabase(file: string, upgrade: boolean): Database {
  const database = openFile(file);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    bringUpToDate(database, file, upgrade);
    // Reads the schema: one that is damaged is told here.
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Holds the data folder for this process until it ends, however it ends (the kernel lets go of the lock).
 * @throws PlatformError `conflict` when another server holds it
 */
export function lockFolder(folder: string): { release(): void } {
  return hold(folder, {
    busy: `Another Twelve server is running on the data folder ${folder}. Stop it first, or set TWELVE_DATA to another folder.`,
    fails: (why) =>
      `The data folder ${folder} cannot hold the server's files (${why}). Set TWELVE_DATA to a folder on a disk that can be written.`,
  });
}

/**
 * The same for the folder of sockets, which is named by the platform's id: a backup that is restored beside the server it
 * was made of has the same id, and both would act on the same containers.
 * @throws PlatformError `conflict`
 */
export function lockRun(folder: string, instance: string): { release(): void } {
  return hold(folder, {
    busy: `Another Twelve server of this platform (${instance}) is running on this machine, with the run folder ${folder}. Stop it first; two would act on the same containers.`,
    fails: (why) =>
      `The run folder ${folder} cannot hold the server's files (${why}). Set TWELVE_RUN to another one.`,
  });
}

function hold(folder: string, told: { busy: string; fails(why: string): string }): { release(): void } {
  let lock: Database | undefined;
  try {
    lock = openFile(join(folder, 'server.lock'), { timeout: 0 });
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if (error instanceof PlatformError) throw error;
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new PlatformError('conflict', told.busy);
    throw new PlatformError('service_unavailable', told.fails(messageOf(error)));
  }
  const held = lock;
  return { release: () => void held.close() };
}

/**
 * SQLite is compiled for one Node, and the machine's own may be replaced by another.
 * @throws PlatformError `service_unavailable` when it does not fit the one that runs
 */
export function openFile(file: string, options?: SQLite.Options): Database {
  try {
    return new SQLite(file, options);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_DLOPEN_FAILED') throw error;
    throw new PlatformError(
      'service_unavailable',
      `SQLite (better-sqlite3) was not compiled for the Node that runs this, ${process.version} at ${process.execPath}; the machine's Node may have been replaced. Run scripts/install again where this is a service, else scripts/setup: it is compiled anew. (${messageOf(error).split('\n')[0]})`,
    );
  }
}
