// Log drains of apps; their URLs are sealed.
import { randomUUID } from 'node:crypto';
import type { LogDrain } from '../domain/log-drain.ts';
import type { Database } from './database.ts';
import type { Vault } from './secrets.ts';

export type LogDrains = ReturnType<typeof createLogDrains>;

interface Row {
  id: string;
  app_id: string;
  url: Buffer;
  token: string;
  insecure: number;
  created_at: string;
}

export function createLogDrains(database: Database, vault: Vault, now: () => string) {
  const all = database.prepare<[], Row>('SELECT * FROM log_drains ORDER BY created_at, id');
  const ofApp = database.prepare<[string], Row>(
    'SELECT * FROM log_drains WHERE app_id = ? ORDER BY created_at, id',
  );
  const insert = database.prepare(
    'INSERT INTO log_drains (id, app_id, url, token, insecure, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM log_drains WHERE id = ?');
  const removeAll = database.prepare('DELETE FROM log_drains WHERE app_id = ?');
  const context = (id: string): string => `log drain ${id}`;
  const toDrain = (row: Row): LogDrain => ({
    id: row.id,
    appId: row.app_id,
    url: vault.open(row.url, context(row.id)),
    token: row.token,
    insecure: row.insecure === 1,
    createdAt: row.created_at,
  });
  return {
    all: (): LogDrain[] => all.all().map(toDrain),
    ofApp: (appId: string): LogDrain[] => ofApp.all(appId).map(toDrain),
    /** The caller has looked whether the app has it already, in the same transaction. */
    add(appId: string, { url, insecure }: Pick<LogDrain, 'url' | 'insecure'>): LogDrain {
      const drain = { id: randomUUID(), appId, url, token: `d.${randomUUID()}`, insecure, createdAt: now() };
      insert.run(
        drain.id,
        appId,
        vault.seal(url, context(drain.id)),
        drain.token,
        insecure ? 1 : 0,
        drain.createdAt,
      );
      return drain;
    },
    remove: (id: string): void => void remove.run(id),
    removeAll: (appId: string): void => void removeAll.run(appId),
  };
}
