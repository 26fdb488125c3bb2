// What SQLite cannot do, as people read it: somebody else holds the database, the disk has no room or fails, the file is damaged.
import { hasCode, PlatformError } from '../domain/errors.ts';

const theDatabase = "The platform's database, twelve.db in its data folder,";

const sentences: readonly (readonly [code: RegExp, sentence: string])[] = [
  [
    /^SQLITE_BUSY/,
    "Another program holds the platform's database, twelve.db in its data folder, so this was not done. Close that program, and try again.",
  ],
  [
    /^SQLITE_FULL/,
    "The disk of the platform's data folder is full, so this was not done. Free some space there, and try again.",
  ],
  [
    /^SQLITE_(READONLY|CANTOPEN|PERM)/,
    `${theDatabase} cannot be opened or written. It has to be a file of the user that the server runs as, in a folder and on a disk that this user can write to.`,
  ],
  [
    /^SQLITE_IOERR/,
    "The disk of the platform's data folder fails: the database, twelve.db there, cannot be read or written. What the machine says of its disks (dmesg) has more.",
  ],
  [
    /^SQLITE_(NOTADB|CORRUPT)/,
    `${theDatabase} is damaged. Move the folder away and restore a backup (twelve server:restore); or stop the server and put a copy of the folder's backups/ in the place of twelve.db, without twelve.db-wal and twelve.db-shm.`,
  ],
];

function sentenceFor(error: unknown): string | undefined {
  const code = String((error as { code?: unknown } | null)?.code);
  return sentences.find(([pattern]) => pattern.test(code))?.[1];
}

/** For what is written by the way, and is not worth a failure of what was asked; also by what fails clearly. */
export function ifPossible(write: () => unknown): void {
  try {
    write();
  } catch (error) {
    if (!sentenceFor(error) && !hasCode(error, 'service_unavailable')) throw error;
  }
}

/** @throws PlatformError `service_unavailable` instead of SQLite's own word for it */
export function clearly<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const sentence = sentenceFor(error);
    throw sentence ? new PlatformError('service_unavailable', sentence, {}, { cause: error }) : error;
  }
}

/** The same functions, failing clearly. */
export function clear<T extends object>(repository: T): T {
  const entries = Object.entries(repository).map(([name, work]) => [
    name,
    typeof work === 'function' ? (...given: unknown[]) => clearly(() => work(...given)) : work,
  ]);
  return Object.fromEntries(entries) as T;
}
