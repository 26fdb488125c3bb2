// What is kept of the health of processes that run: which have not passed their checks yet, which get no requests.
import type { Database } from './database.ts';

export type ProcessHealthRecords = ReturnType<typeof createProcessHealth>;

/** Places of the readiness checks that fail; null: it has not passed its checks yet. */
export type Failing = readonly number[] | null;

export function createProcessHealth(database: Database) {
  const of = database.prepare<[string], { failing: string | null }>(
    'SELECT failing FROM process_health WHERE process_id = ?',
  );
  const set = database.prepare(
    'INSERT OR REPLACE INTO process_health (process_id, app_id, failing) VALUES (?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM process_health WHERE process_id = ?');
  const removeAll = database.prepare('DELETE FROM process_health WHERE app_id = ?');
  const keepOnly = database.prepare(
    'DELETE FROM process_health WHERE process_id NOT IN (SELECT value FROM json_each(?))',
  );
  return {
    /** undefined: nothing has to be known of it. */
    of(processId: string): Failing | undefined {
      const row = of.get(processId);
      return row && (row.failing === null ? null : (JSON.parse(row.failing) as number[]));
    },
    set: (processId: string, appId: string, failing: Failing): void =>
      void set.run(processId, appId, failing && JSON.stringify(failing)),
    remove: (processId: string): void => void remove.run(processId),
    removeAll: (appId: string): void => void removeAll.run(appId),
    /** At start: of all others nothing is left. */
    keepOnly: (processIds: readonly string[]): void => void keepOnly.run(JSON.stringify(processIds)),
  };
}
