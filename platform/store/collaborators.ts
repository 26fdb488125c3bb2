// Collaborators: who else works on an app.
import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

export interface Collaborator {
  id: string;
  appId: string;
  userId: string;
  createdAt: string;
}

interface Row {
  id: string;
  app_id: string;
  user_id: string;
  created_at: string;
}

export function createCollaborators(database: Database, now: () => string) {
  const has = database.prepare<[string, string], Row>(
    'SELECT * FROM collaborators WHERE app_id = ? AND user_id = ?',
  );
  return {
    /** Adding one again changes nothing. */
    add(appId: string, userId: string): Collaborator {
      database
        .prepare(
          'INSERT INTO collaborators (id, app_id, user_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        )
        .run(randomUUID(), appId, userId, now());
      return toCollaborator(has.get(appId, userId)!);
    },
    has: (appId: string, userId: string): boolean => has.get(appId, userId) !== undefined,
    ofApp: (appId: string): Collaborator[] =>
      database
        .prepare<[string], Row>('SELECT * FROM collaborators WHERE app_id = ? ORDER BY created_at')
        .all(appId)
        .map(toCollaborator),
    /** Ids of the apps that somebody works on without owning them. */
    appsOf: (userId: string): Set<string> =>
      new Set(
        database
          .prepare<[string], string>('SELECT app_id FROM collaborators WHERE user_id = ?')
          .pluck()
          .all(userId) as string[],
      ),
    remove(appId: string, userId: string): void {
      database.prepare('DELETE FROM collaborators WHERE app_id = ? AND user_id = ?').run(appId, userId);
    },
    removeAll(appId: string): void {
      database.prepare('DELETE FROM collaborators WHERE app_id = ?').run(appId);
    },
    removeUser(userId: string): void {
      database.prepare('DELETE FROM collaborators WHERE user_id = ?').run(userId);
    },
  };
}

function toCollaborator(row: Row): Collaborator {
  return { id: row.id, appId: row.app_id, userId: row.user_id, createdAt: row.created_at };
}
