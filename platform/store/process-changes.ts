// Scales, resizes and restarts, and what became of them.
import { randomUUID } from 'node:crypto';
import type { FormationEntry } from '../domain/formation.ts';
import type { ProcessChange } from '../domain/process-change.ts';
import type { Database } from './database.ts';

export type ProcessChanges = ReturnType<typeof createProcessChanges>;

/** How many of an app are kept besides those that go on: somebody may still ask. */
const kept = 20;

interface Row {
  id: string;
  app_id: string;
  kind: ProcessChange['kind'];
  former: string;
  target: string | null;
  status: ProcessChange['status'];
  reason: string | null;
  superseded_by: string | null;
  created_at: string;
}

export function createProcessChanges(database: Database, now: () => string) {
  const byId = database.prepare<[string], Row>('SELECT * FROM process_changes WHERE id = ?');
  const ofApp = database.prepare<[string], Row>(
    'SELECT * FROM process_changes WHERE app_id = ? ORDER BY rowid',
  );
  const pending = database.prepare<[], Row>(
    "SELECT * FROM process_changes WHERE status = 'pending' ORDER BY rowid",
  );
  const pendingOf = database.prepare<[string], Row>(
    "SELECT * FROM process_changes WHERE app_id = ? AND status = 'pending' ORDER BY rowid",
  );
  const insert = database.prepare(
    `INSERT INTO process_changes (id, app_id, kind, former, target, status, created_at)
     VALUES (?, ?, ?, ?, ?, 'pending', ?)`,
  );
  const forget = database.prepare(
    `DELETE FROM process_changes WHERE app_id = ? AND status != 'pending' AND rowid NOT IN
     (SELECT rowid FROM process_changes WHERE app_id = ? ORDER BY rowid DESC LIMIT ${kept})`,
  );
  const end = database.prepare(
    "UPDATE process_changes SET status = ?, reason = ?, superseded_by = ? WHERE id = ? AND status = 'pending'",
  );
  const removeAll = database.prepare('DELETE FROM process_changes WHERE app_id = ?');
  return {
    byId(id: string): ProcessChange | undefined {
      const row = byId.get(id);
      return row && asChange(row);
    },
    /** The last ones, oldest first. */
    ofApp: (appId: string): ProcessChange[] => ofApp.all(appId).map(asChange),
    /** Of all apps, oldest first. */
    pending: (): ProcessChange[] => pending.all().map(asChange),
    pendingOf: (appId: string): ProcessChange[] => pendingOf.all(appId).map(asChange),
    append(
      appId: string,
      {
        kind,
        former,
        target,
      }: { kind: ProcessChange['kind']; former: readonly FormationEntry[]; target: string | null },
    ): ProcessChange {
      const id = randomUUID();
      insert.run(id, appId, kind, JSON.stringify(former), target, now());
      forget.run(appId, appId);
      return asChange(byId.get(id)!);
    },
    /** @returns whether it had not ended before */
    end: (id: string, status: 'succeeded' | 'failed', reason: string | null): boolean =>
      end.run(status, reason, null, id).changes > 0,
    supersede: (id: string, by: string): void => void end.run('expired', null, by, id),
    removeAll: (appId: string): void => void removeAll.run(appId),
  };
}

function asChange(row: Row): ProcessChange {
  return {
    id: row.id,
    appId: row.app_id,
    kind: row.kind,
    former: JSON.parse(row.former) as FormationEntry[],
    target: row.target,
    status: row.status,
    reason: row.reason,
    supersededBy: row.superseded_by,
    createdAt: row.created_at,
  };
}
