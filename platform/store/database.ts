// Opening the database: pragmas, migrations, transactions. The rest of the room gets a `Database` from here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { messageOf, PlatformError } from '../domain/errors.ts';

export type Database = SQLite.Database;

// Source and compiled form both sit one folder below the package's root; SQL files stay in the source tree.
const migrationsFolder = join(import.meta.dirname, '..', '..', 'platform', 'store', 'migrations');

/**
 * Opens (and where needed makes and migrates) the database.
 * @throws PlatformError `service_unavailable` when the file belongs to a newer version of the server
 */
export function openDatabase(file: string): Database {
  const database = new SQLite(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  database.pragma('busy_timeout = 5000');
  migrate(database, file);
  return database;
}

function migrate(database: Database, file: string): void {
  const files = readdirSync(migrationsFolder)
    .filter((name) => /^\d{3}-.+\.sql$/.test(name))
    .sort();
  const current = database.pragma('user_version', { simple: true }) as number;
  if (current > files.length) {
    throw new PlatformError(
      'service_unavailable',
      `${file} was made by a newer version of Twelve (schema ${current}, this one knows ${files.length}). Start the newer version, or restore a backup made by this one.`,
    );
  }
  for (const [index, name] of files.entries()) {
    if (index < current) continue;
    database
      .transaction(() => {
        database.exec(readFileSync(join(migrationsFolder, name), 'utf8'));
        database.pragma(`user_version = ${index + 1}`);
      })
      .exclusive();
  }
}

/**
 * Holds the data folder for this process until it ends, however it ends (the kernel lets go of the lock).
 * @throws PlatformError `conflict` when another server holds it
 */
export function lockFolder(folder: string): { release(): void } {
  let lock: Database | undefined;
  try {
    lock = new SQLite(join(folder, 'server.lock'), { timeout: 0 });
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') {
      throw new PlatformError(
        'service_unavailable',
        `The data folder ${folder} cannot hold the server's files (${messageOf(error)}). Set TWELVE_DATA to a folder on a disk that can be written.`,
      );
    }
    throw new PlatformError(
      'conflict',
      `Another Twelve server is running on the data folder ${folder}. Stop it first, or set TWELVE_DATA to another folder.`,
    );
  }
  const held = lock;
  return { release: () => void held.close() };
}
