// Builds: one row per attempt to turn source into a slug.
import type { Database } from './database.ts';

export interface Build {
  id: string;
  appId: string;
  userId: string;
  status: 'pending' | 'succeeded' | 'failed';
  reason: string | null;
  commit: string | null;
  stack: string;
  buildpacks: readonly { name: string; url: string }[];
  slugId: string | null;
  releaseId: string | null;
  /** Its turn came; null while it waits, and for builds of older versions. */
  startedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

export type Builds = ReturnType<typeof createBuilds>;

interface Row {
  id: string;
  app_id: string;
  user_id: string;
  status: string;
  reason: string | null;
  commit_id: string | null;
  stack: string;
  buildpacks: string;
  slug_id: string | null;
  release_id: string | null;
  started_at: string | null;
  created_at: string;
  updated_at: string;
}

export function createBuilds(database: Database, now: () => string) {
  const byId = database.prepare<[string], Row>('SELECT * FROM builds WHERE id = ?');
  const totals = database.prepare<
    [],
    { appId: string; status: Build['status']; count: number; timed: number; seconds: number }
  >(
    `SELECT app_id AS appId, status, count(*) AS count, count(started_at) AS timed,
       coalesce(sum(max(0, julianday(updated_at) - julianday(started_at))), 0) * 86400 AS seconds
     FROM builds GROUP BY app_id, status`,
  );
  return {
    insert(build: Pick<Build, 'id' | 'appId' | 'userId' | 'commit' | 'stack'>): Build {
      const at = now();
      database
        .prepare(
          "INSERT INTO builds (id, app_id, user_id, status, commit_id, stack, created_at, updated_at) VALUES (?, ?, ?, 'pending', ?, ?, ?, ?)",
        )
        .run(build.id, build.appId, build.userId, build.commit, build.stack, at, at);
      return toBuild(byId.get(build.id)!);
    },
    /** Once more when it begins again. */
    start(id: string): void {
      database.prepare('UPDATE builds SET started_at = ? WHERE id = ?').run(now(), id);
    },
    succeed(
      id: string,
      result: { slugId: string; releaseId: string; buildpacks: Build['buildpacks'] },
    ): void {
      database
        .prepare(
          "UPDATE builds SET status = 'succeeded', slug_id = ?, release_id = ?, buildpacks = ?, updated_at = ? WHERE id = ?",
        )
        .run(result.slugId, result.releaseId, JSON.stringify(result.buildpacks), now(), id);
    },
    fail(id: string, reason: string): void {
      database
        .prepare(
          "UPDATE builds SET status = 'failed', reason = ?, updated_at = ? WHERE id = ? AND status = 'pending'",
        )
        .run(reason, now(), id);
    },
    /** What a killed server left unfinished, but for those that can begin again. */
    failPending(reason: string): void {
      database
        .prepare(
          "UPDATE builds SET status = 'failed', reason = ?, updated_at = ? WHERE status = 'pending' AND id NOT IN (SELECT build_id FROM build_sources)",
        )
        .run(reason, now());
    },
    /** Oldest first. */
    pending: (): Build[] =>
      database
        .prepare<[], Row>("SELECT * FROM builds WHERE status = 'pending' ORDER BY created_at, rowid")
        .all()
        .map(toBuild),
    /** How many of each app ended how, how many of these were timed, and for how long they ran. */
    totals: () => totals.all(),
    byId(id: string): Build | undefined {
      const row = byId.get(id);
      return row && toBuild(row);
    },
    /** Newest first. */
    list: (appId: string): Build[] =>
      database
        .prepare<[string], Row>('SELECT * FROM builds WHERE app_id = ? ORDER BY created_at DESC, rowid DESC')
        .all(appId)
        .map(toBuild),
  };
}

/** Milliseconds from its turn to its end: the waiting before is not in it. Null for one that has not begun or not ended. */
export function durationOf({ status, startedAt, updatedAt }: Build): number | null {
  if (startedAt === null || status === 'pending') return null;
  // The machine's clock may have been set back meanwhile.
  return Math.max(0, Date.parse(updatedAt) - Date.parse(startedAt));
}

function toBuild(row: Row): Build {
  return {
    id: row.id,
    appId: row.app_id,
    userId: row.user_id,
    status: row.status as Build['status'],
    reason: row.reason,
    commit: row.commit_id,
    stack: row.stack,
    buildpacks: JSON.parse(row.buildpacks) as Build['buildpacks'],
    slugId: row.slug_id,
    releaseId: row.release_id,
    startedAt: row.started_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
