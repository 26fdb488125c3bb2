// The database as it is at one moment, in a file of its own, and what a backup has to know of it.
import { chmodSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { type DeployedCommits, deployedCommits } from '../domain/backup.ts';
import { messageOf } from '../domain/errors.ts';
import type { Slug } from '../domain/slug.ts';
import { createApps } from './apps.ts';
import type { Database } from './database.ts';
import { createReleases } from './releases.ts';
import type { Vault } from './secrets.ts';
import { createSlugRecords } from './slugs.ts';

export interface Snapshot {
  schema: number;
  /** Of those whose blobs are kept. */
  slugs: Slug[];
  apps: { id: string; deployed: DeployedCommits }[];
}

/** While it is copied, page by page, others go on; what they change is in the copy. */
export async function takeSnapshot(database: Database, vault: Vault, file: string): Promise<Snapshot> {
  await database.backup(file);
  chmodSync(file, 0o600);
  const copy = new SQLite(file);
  const now = (): string => new Date().toISOString();
  try {
    // One file, whole in itself.
    copy.pragma('journal_mode = DELETE');
    const releases = createReleases(copy, vault, now);
    return {
      schema: copy.pragma('user_version', { simple: true }) as number,
      slugs: createSlugRecords(copy, now).kept(),
      apps: createApps(copy, now)
        .list()
        .map(({ id }) => ({ id, deployed: deployedCommits(releases.list(id)) })),
    };
  } finally {
    copy.close();
  }
}

/** What is wrong with a database file, in SQLite's words; null: nothing. @param schema what it has to be */
export function faultOf(file: string, schema: number): string | null {
  let database: Database | undefined;
  try {
    database = new SQLite(file, { readonly: true, fileMustExist: true });
    const found = database.pragma('user_version', { simple: true });
    if (found !== schema) return `its schema is ${found}, not ${schema}`;
    const said = database.pragma('integrity_check(1)', { simple: true });
    return said === 'ok' ? null : String(said);
  } catch (error) {
    return messageOf(error);
  } finally {
    database?.close();
  }
}
