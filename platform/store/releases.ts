// The ledger: appended to, never changed. Config is sealed, status lives in a table of its own.
import { randomUUID } from 'node:crypto';
import { type ConfigVars, requireConfigNames } from '../domain/config-vars.ts';
import { PlatformError } from '../domain/errors.ts';
import type { NextRelease, Release, ReleaseStatus } from '../domain/release.ts';
import type { Database } from './database.ts';
import type { Vault } from './secrets.ts';

export type Releases = ReturnType<typeof createReleases>;

interface Row {
  id: string;
  app_id: string;
  version: number;
  slug_id: string | null;
  cause: string;
  description: string;
  user_id: string;
  commit_id: string | null;
  created_at: string;
  status: string;
  reason: string | null;
  at: string;
}

export function createReleases(database: Database, vault: Vault, now: () => string) {
  const select =
    'SELECT releases.*, status, reason, at FROM releases JOIN release_status ON release_status.release_id = releases.id';
  const byId = database.prepare<[string], Row>(`${select} WHERE releases.id = ?`);
  const byVersion = database.prepare<[string, number], Row>(`${select} WHERE app_id = ? AND version = ?`);
  const newest = database.prepare<[string], Row>(`${select} WHERE app_id = ? ORDER BY version DESC LIMIT 1`);
  const base = database.prepare<[string], Row>(
    `${select} WHERE app_id = ? AND status IN ('pending', 'succeeded') ORDER BY version DESC LIMIT 1`,
  );
  const served = database.prepare<[string, number], Row>(
    `${select} WHERE app_id = ? AND status = 'succeeded' AND version < ? ORDER BY version DESC LIMIT 1`,
  );
  const insert = database.prepare(
    'INSERT INTO releases (id, app_id, version, slug_id, cause, description, user_id, commit_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const insertConfig = database.prepare('INSERT INTO release_config (release_id, sealed) VALUES (?, ?)');
  const insertStatus = database.prepare(
    "INSERT INTO release_status (release_id, status, at) VALUES (?, 'pending', ?)",
  );
  const config = database.prepare<[string], { sealed: Buffer }>(
    'SELECT sealed FROM release_config WHERE release_id = ?',
  );
  const setStatus = database.prepare(
    'UPDATE release_status SET status = ?, reason = ?, at = ? WHERE release_id = ?',
  );

  return {
    /** Appends a pending release. Call inside a transaction together with the reads it was made from. */
    append(appId: string, userId: string, next: NextRelease): Release {
      // Everything that becomes config passes here, whoever proposed it.
      requireConfigNames(next.config);
      const id = randomUUID();
      const at = now();
      insert.run(id, appId, next.version, next.slugId, next.cause, next.description, userId, next.commit, at);
      insertConfig.run(id, vault.seal(JSON.stringify(next.config), id));
      insertStatus.run(id, at);
      return toRelease(byId.get(id)!);
    },
    byId: (id: string): Release | undefined => optional(byId.get(id)),
    byVersion: (appId: string, version: number): Release | undefined =>
      optional(byVersion.get(appId, version)),
    newest: (appId: string): Release | undefined => optional(newest.get(appId)),
    /** The newest that serves or may still: what the next one is made on top of. */
    base: (appId: string): Release | undefined => optional(base.get(appId)),
    /** The newest before `version` that served. */
    servedBefore: (appId: string, version: number): Release | undefined =>
      optional(served.get(appId, version)),
    /** Newest first. */
    list: (appId: string): Release[] =>
      database
        .prepare<[string], Row>(`${select} WHERE app_id = ? ORDER BY version DESC`)
        .all(appId)
        .map(toRelease),
    /** Every release whose rollout has not ended, of all apps, oldest first. */
    pending: (): Release[] =>
      database
        .prepare<[], Row>(`${select} WHERE status = 'pending' ORDER BY releases.created_at, version`)
        .all()
        .map(toRelease),
    /** @throws PlatformError `gone` when it was erased */
    config(release: Pick<Release, 'id' | 'version'>): ConfigVars {
      const row = config.get(release.id);
      if (!row) throw new PlatformError('gone', `The config of v${release.version} was erased.`);
      return JSON.parse(vault.open(row.sealed, release.id)) as ConfigVars;
    },
    /** Ends a pending release. The database refuses a second end. */
    end(id: string, status: Exclude<ReleaseStatus, 'pending'>, reason: string | null): void {
      setStatus.run(status, reason, now(), id);
    },
    /** Erases the config of all of an app's releases; the facts stay. */
    eraseConfig(appId: string): void {
      database
        .prepare('DELETE FROM release_config WHERE release_id IN (SELECT id FROM releases WHERE app_id = ?)')
        .run(appId);
    },
  };
}

function optional(row: Row | undefined): Release | undefined {
  return row && toRelease(row);
}

function toRelease(row: Row): Release {
  return {
    id: row.id,
    appId: row.app_id,
    version: row.version,
    slugId: row.slug_id,
    cause: row.cause as Release['cause'],
    description: row.description,
    userId: row.user_id,
    commit: row.commit_id,
    createdAt: row.created_at,
    status: row.status as ReleaseStatus,
    reason: row.reason,
    statusAt: row.at,
  };
}
