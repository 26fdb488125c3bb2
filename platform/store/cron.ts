// What is kept of cron entries between their runs.
import type { CronRecord, CronRun, MissedRuns } from '../domain/cron.ts';
import type { Database } from './database.ts';

export type CronRecords = ReturnType<typeof createCronRecords>;

interface Row {
  app_id: string;
  entry_id: string;
  watched_until: string | null;
  suspended: number | null;
  run_id: string | null;
  run_due_at: string | null;
  run_started_at: string | null;
  run_ended_at: string | null;
  run_process: string | null;
  run_status: number | null;
  run_failure: string | null;
  skipped: number;
  missed: string | null;
}

export function createCronRecords(database: Database, now: () => string) {
  const ofApp = database.prepare<[string], Row>('SELECT * FROM cron_entries WHERE app_id = ?');
  const open = database.prepare<[], Row>(
    'SELECT * FROM cron_entries WHERE run_id IS NOT NULL AND run_ended_at IS NULL',
  );
  const make = database.prepare('INSERT OR IGNORE INTO cron_entries (app_id, entry_id) VALUES (?, ?)');
  const ended = database.prepare(
    `UPDATE cron_entries SET run_ended_at = ?, run_status = ?, run_failure = ?, run_process = coalesce(?, run_process)
     WHERE app_id = ? AND run_id = ? AND run_ended_at IS NULL`,
  );
  const named = database.prepare('UPDATE cron_entries SET run_process = ? WHERE app_id = ? AND run_id = ?');
  const isSuspended = database.prepare<[string]>('SELECT 1 FROM cron_suspended WHERE app_id = ?');
  const set = (appId: string, entryId: string, columns: Record<string, string | number | null>): void => {
    make.run(appId, entryId);
    const names = Object.keys(columns).map((name) => `${name} = ?`);
    database
      .prepare(`UPDATE cron_entries SET ${names.join(', ')} WHERE app_id = ? AND entry_id = ?`)
      .run(...Object.values(columns), appId, entryId);
  };
  const takeOn = database.prepare(
    'INSERT OR IGNORE INTO cron_due (app_id, entry_id, due_at) VALUES (?, ?, ?)',
  );
  const dealtWith = database.prepare(
    'DELETE FROM cron_due WHERE app_id = ? AND entry_id = ? AND due_at <= ?',
  );
  const waiting = database.prepare<[], { app_id: string; entry_id: string; due_at: string }>(
    'SELECT * FROM cron_due ORDER BY due_at',
  );
  return {
    /** By the id of the entry; also of entries that earlier releases had. */
    ofApp: (appId: string): Map<string, CronRecord> =>
      new Map(ofApp.all(appId).map((row) => [row.entry_id, toRecord(row)])),
    /** Runs whose end is not known, of all apps. */
    unended: (): { appId: string; entryId: string; run: CronRun }[] =>
      open.all().map((row) => ({ appId: row.app_id, entryId: row.entry_id, run: toRecord(row).run! })),
    watch: (appId: string, entryId: string, until: string | null): void =>
      set(appId, entryId, { watched_until: until }),
    missed: (appId: string, entryId: string, missed: MissedRuns): void =>
      set(appId, entryId, { missed: JSON.stringify(missed) }),
    skipped(appId: string, entryId: string): void {
      make.run(appId, entryId);
      database
        .prepare('UPDATE cron_entries SET skipped = skipped + 1 WHERE app_id = ? AND entry_id = ?')
        .run(appId, entryId);
    },
    began: (appId: string, entryId: string, run: Pick<CronRun, 'id' | 'dueAt' | 'startedAt'>): void =>
      set(appId, entryId, {
        run_id: run.id,
        run_due_at: run.dueAt,
        run_started_at: run.startedAt,
        ...{ run_ended_at: null, run_process: null, run_status: null, run_failure: null, skipped: 0 },
      }),
    named: (appId: string, runId: string, process: string): void => void named.run(process, appId, runId),
    /** @returns false when its end is known, or it is not the newest any more */
    ended: (appId: string, runId: string, end: Pick<CronRun, 'process' | 'status' | 'failure'>): boolean =>
      ended.run(now(), end.status, end.failure, end.process, appId, runId).changes > 0,
    suspend: (appId: string, entryId: string, suspended: boolean): void =>
      set(appId, entryId, { suspended: suspended ? 1 : 0 }),
    isSuspended: (appId: string): boolean => isSuspended.get(appId) !== undefined,
    /** All of an app's; resuming them takes back what was said of single ones, too. */
    suspendAll(appId: string, suspended: boolean): void {
      if (suspended) {
        database.prepare('INSERT OR IGNORE INTO cron_suspended (app_id) VALUES (?)').run(appId);
        return;
      }
      database.prepare('DELETE FROM cron_suspended WHERE app_id = ?').run(appId);
      database
        .prepare('UPDATE cron_entries SET suspended = NULL WHERE app_id = ? AND suspended = 1')
        .run(appId);
    },
    /** A run that is due, before it can be begun or left out. */
    takeOn: (appId: string, entryId: string, dueAt: string): void => void takeOn.run(appId, entryId, dueAt),
    /** With those before it, too: runs of an entry have their turns in the order in which they were due. */
    dealtWith: (appId: string, entryId: string, dueAt: string): void =>
      void dealtWith.run(appId, entryId, dueAt),
    /** Those with which nothing was done yet, of all apps, the earliest first. */
    waiting: (): { appId: string; entryId: string; dueAt: string }[] =>
      waiting.all().map((row) => ({ appId: row.app_id, entryId: row.entry_id, dueAt: row.due_at })),
    removeAll(appId: string): void {
      database.prepare('DELETE FROM cron_due WHERE app_id = ?').run(appId);
      database.prepare('DELETE FROM cron_suspended WHERE app_id = ?').run(appId);
      database.prepare('DELETE FROM cron_entries WHERE app_id = ?').run(appId);
    },
  };
}

function toRecord(row: Row): CronRecord {
  return {
    entryId: row.entry_id,
    watchedUntil: row.watched_until,
    suspended: row.suspended === null ? null : row.suspended === 1,
    run: row.run_id === null ? null : toRun(row),
    skipped: row.skipped,
    missed: row.missed === null ? null : (JSON.parse(row.missed) as MissedRuns),
  };
}

function toRun(row: Row): CronRun {
  return {
    id: row.run_id!,
    dueAt: row.run_due_at,
    startedAt: row.run_started_at!,
    endedAt: row.run_ended_at,
    process: row.run_process,
    status: row.run_status,
    failure: row.run_failure,
  };
}
