// Custom domains of apps.
import { randomUUID } from 'node:crypto';
import type { Domain, HostName } from '../domain/host-name.ts';
import type { Database } from './database.ts';

export type Domains = ReturnType<typeof createDomains>;

interface Row {
  id: string;
  app_id: string;
  host_name: string;
  created_at: string;
}

export function createDomains(database: Database, now: () => string) {
  const ofApp = database.prepare<[string], Row>('SELECT * FROM domains WHERE app_id = ? ORDER BY host_name');
  const byName = database.prepare<[string], Row>('SELECT * FROM domains WHERE host_name = ?');
  const under = database.prepare<[string, string], Row>(
    'SELECT * FROM domains WHERE substr(host_name, -length(?)) = ? ORDER BY host_name',
  );
  const insert = database.prepare(
    'INSERT INTO domains (id, app_id, host_name, created_at) VALUES (?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM domains WHERE id = ?');
  const removeAll = database.prepare('DELETE FROM domains WHERE app_id = ?');
  return {
    ofApp: (appId: string): Domain[] => ofApp.all(appId).map(toDomain),
    byName(hostName: HostName): Domain | undefined {
      const row = byName.get(hostName);
      return row && toDomain(row);
    },
    /** Those that are a label, or a star, before `parent`. */
    under: (parent: string): Domain[] =>
      under
        .all(`.${parent}`, `.${parent}`)
        .map(toDomain)
        .filter(({ hostName }) => hostName.indexOf('.') === hostName.length - parent.length - 1),
    /** The caller has looked whether the name is free, in the same transaction. */
    add(appId: string, hostName: HostName): Domain {
      insert.run(randomUUID(), appId, hostName, now());
      return toDomain(byName.get(hostName)!);
    },
    remove: (id: string): void => void remove.run(id),
    removeAll: (appId: string): void => void removeAll.run(appId),
  };
}

function toDomain(row: Row): Domain {
  return {
    id: row.id,
    appId: row.app_id,
    hostName: row.host_name as HostName,
    createdAt: row.created_at,
  };
}
