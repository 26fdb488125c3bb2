// What is kept of processes that crashed and are not up again: how often, until when they wait, and why.
import type { Code } from '../domain/code.ts';
import type { Database } from './database.ts';

export type ProcessSetbackRecords = ReturnType<typeof createProcessSetbacks>;

/** Times are in ms since the epoch. */
export interface KeptSetback {
  /** Release, type and number: `4/web.1`. */
  slot: string;
  attempt: number;
  restarts: number;
  retryAt: number;
  since: number;
  /** Of the process that crashed, and when it was made. */
  processId: string;
  madeAt: number;
  code: Code | null;
  failure: { process: string; sentence: string; lastLines: readonly string[] };
}

interface Row {
  slot: string;
  attempt: number;
  restarts: number;
  retry_at: number;
  since: number;
  process_id: string;
  made_at: number;
  code: Code | null;
  failure: string;
}

export function createProcessSetbacks(database: Database) {
  const ofApp = database.prepare<[string], Row>('SELECT * FROM process_setbacks WHERE app_id = ?');
  const set = database.prepare(
    `INSERT OR REPLACE INTO process_setbacks (app_id, slot, attempt, restarts, retry_at, since, process_id, made_at, code, failure)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare('DELETE FROM process_setbacks WHERE app_id = ? AND slot = ?');
  const removeAll = database.prepare('DELETE FROM process_setbacks WHERE app_id = ?');
  return {
    ofApp: (appId: string): KeptSetback[] => ofApp.all(appId).map(asSetback),
    set(
      appId: string,
      { slot, attempt, restarts, retryAt, since, processId, madeAt, code, failure }: KeptSetback,
    ): void {
      set.run(
        appId,
        slot,
        attempt,
        restarts,
        retryAt,
        since,
        processId,
        madeAt,
        code,
        JSON.stringify(failure),
      );
    },
    remove: (appId: string, slot: string): void => void remove.run(appId, slot),
    removeAll: (appId: string): void => void removeAll.run(appId),
  };
}

function asSetback({ retry_at, process_id, made_at, failure, ...row }: Row): KeptSetback {
  return {
    ...row,
    retryAt: retry_at,
    processId: process_id,
    madeAt: made_at,
    failure: JSON.parse(failure) as KeptSetback['failure'],
  };
}
