// Apps.
import { randomUUID } from 'node:crypto';
import type { App, AppName } from '../domain/app.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Database } from './database.ts';

export type Apps = ReturnType<typeof createApps>;

interface Row {
  id: string;
  name: string;
  owner_id: string;
  stack: string;
  maintenance: number;
  https_redirect: number;
  subnet: string | null;
  serving_version: number | null;
  created_at: string;
  updated_at: string;
}

export function createApps(database: Database, now: () => string) {
  const live = 'SELECT * FROM apps WHERE destroyed_at IS NULL';
  const byId = database.prepare<[string], Row>(`${live} AND id = ?`);
  const byName = database.prepare<[string], Row>(`${live} AND name = ?`);
  const set = (
    column:
      | 'name'
      | 'maintenance'
      | 'https_redirect'
      | 'subnet'
      | 'serving_version'
      | 'stack'
      | 'destroyed_at',
    id: string,
    value: string | number | null,
  ): void => {
    database.prepare(`UPDATE apps SET ${column} = ?, updated_at = ? WHERE id = ?`).run(value, now(), id);
  };
  return {
    /** @throws PlatformError `invalid_params` when the name is taken */
    create(name: AppName, ownerId: string, stack: string): App {
      if (byName.get(name)) throw nameTaken(name);
      const id = randomUUID();
      const at = now();
      database
        .prepare(
          'INSERT INTO apps (id, name, owner_id, stack, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(id, name, ownerId, stack, at, at);
      return toApp(byId.get(id)!);
    },
    byId: (id: string): App | undefined => optional(byId.get(id)),
    byName: (name: string): App | undefined => optional(byName.get(name)),
    list: (): App[] => database.prepare<[], Row>(`${live} ORDER BY name`).all().map(toApp),
    rename(id: string, name: AppName): void {
      if (byName.get(name)) throw nameTaken(name);
      set('name', id, name);
    },
    /** Hands all apps of one user to another. */
    transferAll(from: string, to: string): void {
      database
        .prepare('UPDATE apps SET owner_id = ?, updated_at = ? WHERE owner_id = ? AND destroyed_at IS NULL')
        .run(to, now(), from);
    },
    setMaintenance: (id: string, on: boolean): void => set('maintenance', id, on ? 1 : 0),
    setHttpsRedirect: (id: string, on: boolean): void => set('https_redirect', id, on ? 1 : 0),
    /** Promised to apps. */
    subnets: (): string[] =>
      database
        .prepare<[], string>('SELECT subnet FROM apps WHERE subnet IS NOT NULL AND destroyed_at IS NULL')
        .pluck()
        .all() as string[],
    setSubnet: (id: string, subnet: string | null): void => set('subnet', id, subnet),
    /** Moves the one pointer that says what runs. */
    setServing: (id: string, version: number): void => set('serving_version', id, version),
    /** The row stays for its releases' sake; the name and the subnet become free. */
    destroy(id: string): void {
      set('subnet', id, null);
      set('destroyed_at', id, now());
    },
  };
}

function nameTaken(name: string): PlatformError {
  return new PlatformError('invalid_params', `The name "${name}" is taken by another app. Choose another.`);
}

function optional(row: Row | undefined): App | undefined {
  return row && toApp(row);
}

function toApp(row: Row): App {
  return {
    id: row.id,
    name: row.name as AppName,
    ownerId: row.owner_id,
    stack: row.stack,
    maintenance: row.maintenance === 1,
    httpsRedirect: row.https_redirect === 1,
    subnet: row.subnet,
    servingVersion: row.serving_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
