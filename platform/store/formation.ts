// The formation: how many of each process type run.
import { randomUUID } from 'node:crypto';
import type { FormationEntry } from '../domain/formation.ts';
import type { Database } from './database.ts';

export interface StoredFormationEntry extends FormationEntry {
  id: string;
  updatedAt: string;
}

export type Formations = ReturnType<typeof createFormations>;

interface Row {
  id: string;
  type: string;
  quantity: number;
  size: string;
  updated_at: string;
}

export function createFormations(database: Database, now: () => string) {
  const list = database.prepare<[string], Row>(
    'SELECT id, type, quantity, size, updated_at FROM formation WHERE app_id = ? ORDER BY position',
  );
  const remove = database.prepare('DELETE FROM formation WHERE app_id = ? AND type = ?');
  const upsert = database.prepare(
    `INSERT INTO formation (app_id, type, id, quantity, size, position, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (app_id, type) DO UPDATE SET quantity = excluded.quantity, size = excluded.size, position = excluded.position, updated_at = excluded.updated_at`,
  );
  return {
    of: (appId: string): StoredFormationEntry[] =>
      list.all(appId).map(({ updated_at, ...entry }) => ({ ...entry, updatedAt: updated_at })),
    /** The whole formation of an app, replaced. Types that stay keep their id. */
    replace(appId: string, entries: readonly FormationEntry[]): void {
      const at = now();
      for (const row of list.all(appId)) {
        if (!entries.some((entry) => entry.type === row.type)) remove.run(appId, row.type);
      }
      for (const [position, entry] of entries.entries()) {
        upsert.run(appId, entry.type, randomUUID(), entry.quantity, entry.size, position, at);
      }
    },
  };
}
