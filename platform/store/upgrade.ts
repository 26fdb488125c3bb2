// The schema's way forward: numbered migrations, all that are due or none, after a copy of what was before.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { beginCopy } from './copies.ts';
import type { Database } from './database.ts';
import { clearly } from './failures.ts';

// Source and compiled form both sit one folder below the package's root; SQL files stay in the source tree.
const migrationsFolder = join(import.meta.dirname, '..', '..', 'platform', 'store', 'migrations');

export function newestSchema(): number {
  return migrationsIn(migrationsFolder).length;
}

/**
 * @param upgrade false: what has to be done for it is only said
 * @param folder of the migrations
 * @throws PlatformError `service_unavailable`; the database is as it was
 */
export function bringUpToDate(
  database: Database,
  file: string,
  upgrade: boolean,
  folder: string = migrationsFolder,
): void {
  const files = migrationsIn(folder);
  const current = database.pragma('user_version', { simple: true }) as number;
  if (current === files.length) return;
  if (current > files.length)
    throw unavailable(
      `${file} was made by a newer version of Twelve (schema ${current}, this one knows ${files.length}). Start the newer version, or restore a backup made by this one.`,
    );
  if (!upgrade)
    throw unavailable(
      `${file} is of an older version of Twelve (schema ${current}, this one has ${files.length}). Start the server of this version first, which brings it up to date.`,
    );
  const copy = current > 0 ? keepCopy(database, file, current) : null;
  try {
    // One transaction for all: there is no state in between that any version knows.
    clearly(() =>
      database
        .transaction(() => {
          for (const name of files.slice(current)) database.exec(readFileSync(join(folder, name), 'utf8'));
          database.pragma(`user_version = ${files.length}`);
        })
        .exclusive(),
    );
  } catch (error) {
    copy?.failed();
    if (error instanceof PlatformError) throw error;
    throw unavailable(
      `${file} could not be brought from schema ${current} to ${files.length} (${messageOf(error)}) and is as it was. Start the version that you had before.`,
    );
  }
  copy?.done();
}

/** In the order in which they are applied; their number is the newest schema. */
function migrationsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^\d{3}-.+\.sql$/.test(name))
    .sort();
}

function keepCopy(database: Database, file: string, schema: number): ReturnType<typeof beginCopy> {
  const folder = join(dirname(file), 'backups');
  try {
    return beginCopy(folder, schema, (copy) => database.prepare('VACUUM INTO ?').run(copy));
  } catch (error) {
    throw unavailable(
      `${file} has to be upgraded, and no copy of it could be made first in ${folder} (${messageOf(error)}). Nothing was changed. Make space there and start the server again.`,
    );
  }
}

function unavailable(message: string): PlatformError {
  return new PlatformError('service_unavailable', message);
}
