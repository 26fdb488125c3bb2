// Users. One who was removed keeps the row, since releases name it, and is found by its id alone.
import { randomUUID } from 'node:crypto';
import type { User } from '../domain/user.ts';
import type { Database } from './database.ts';

export type { User };

export type Users = ReturnType<typeof createUsers>;

interface Row {
  id: string;
  email: string;
  name: string | null;
  admin: number;
  created_at: string;
}

const columns = 'id, email, name, admin, created_at';
const here = `SELECT ${columns} FROM users WHERE removed_at IS NULL`;

/** Who is here, by id: not one who was removed. */
export function userHere(database: Database): (id: string) => User | undefined {
  const byId = database.prepare<[string], Row>(`${here} AND id = ?`);
  return (id) => {
    const row = byId.get(id);
    return row && toUser(row);
  };
}

export function createUsers(database: Database, now: () => string) {
  const one = (row: Row | undefined): User | undefined => row && toUser(row);
  const byId = database.prepare<[string], Row>(`SELECT ${columns} FROM users WHERE id = ?`);
  const byEmail = database.prepare<[string], Row>(`${here} AND email = ?`);
  const hereById = userHere(database);
  return {
    /** Who was removed is the same user again, with nothing of before but the releases. */
    create(email: string, { admin = false } = {}): User {
      const row = database
        .prepare<[string, string, number, string], Row>(
          `INSERT INTO users (id, email, admin, created_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (email) DO UPDATE SET removed_at = NULL, admin = excluded.admin
           WHERE removed_at IS NOT NULL RETURNING ${columns}`,
        )
        .get(randomUUID(), email, admin ? 1 : 0, now());
      if (!row) throw new Error(`there is a user ${email}`);
      return toUser(row);
    },
    /** Also one who was removed. */
    byId: (id: string): User | undefined => one(byId.get(id)),
    byEmail: (email: string): User | undefined => one(byEmail.get(email)),
    /** By e-mail address or id. */
    find: (which: string): User | undefined => one(byEmail.get(which.toLowerCase())) ?? hereById(which),
    list: (): User[] => database.prepare<[], Row>(`${here} ORDER BY email`).all().map(toUser),
    /** The administrator that has been there longest; at first the only one. */
    first: (): User | undefined =>
      one(database.prepare<[], Row>(`${here} AND admin = 1 ORDER BY created_at LIMIT 1`).get()),
    setAdmin(id: string, admin: boolean): void {
      database.prepare('UPDATE users SET admin = ? WHERE id = ?').run(admin ? 1 : 0, id);
    },
    remove(id: string): void {
      database.prepare('UPDATE users SET removed_at = ?, admin = 0 WHERE id = ?').run(now(), id);
    },
  };
}

function toUser(row: Row): User {
  return { id: row.id, email: row.email, name: row.name, admin: row.admin === 1, createdAt: row.created_at };
}
