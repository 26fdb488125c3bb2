// Users and tokens.
import { randomUUID } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { Database } from './database.ts';
import { ifPossible } from './failures.ts';
import { hashToken } from './secrets.ts';

export interface User {
  id: string;
  email: string;
  name: string | null;
  createdAt: string;
}

export type Users = ReturnType<typeof createUsers>;

interface Row {
  id: string;
  email: string;
  name: string | null;
  created_at: string;
}

export function createUsers(database: Database, now: () => string) {
  const columns = 'users.id, users.email, users.name, users.created_at';
  const byToken = database.prepare<[Buffer], Row & { token_id: string; last_used_at: string | null }>(
    `SELECT ${columns}, tokens.id AS token_id, tokens.last_used_at FROM tokens JOIN users ON users.id = tokens.user_id WHERE tokens.hash = ?`,
  );
  const touch = database.prepare('UPDATE tokens SET last_used_at = ? WHERE id = ?');
  return {
    create(email: string): User {
      const user: User = { id: randomUUID(), email, name: null, createdAt: now() };
      database
        .prepare('INSERT INTO users (id, email, name, created_at) VALUES (?, ?, ?, ?)')
        .run(user.id, email, null, user.createdAt);
      return user;
    },
    byId(id: string): User | undefined {
      return toUser(database.prepare<[string], Row>(`SELECT ${columns} FROM users WHERE id = ?`).get(id));
    },
    /** The administrator made at first start. */
    first(): User | undefined {
      return toUser(
        database.prepare<[], Row>(`SELECT ${columns} FROM users ORDER BY created_at LIMIT 1`).get(),
      );
    },
    /** A new token, returned in the clear this once; only its hash is kept. */
    createToken(userId: string, description: string): string {
      const token = `twelve-${nanoid(40)}`;
      database
        .prepare('INSERT INTO tokens (id, user_id, description, hash, created_at) VALUES (?, ?, ?, ?, ?)')
        .run(randomUUID(), userId, description, hashToken(token), now());
      return token;
    },
    /** Whose token it is; looked up by hash, so the time taken says nothing about the token. */
    byToken(token: string): User | undefined {
      const row = byToken.get(hashToken(token));
      if (!row) return undefined;
      const at = now();
      // Once a minute is precise enough for "last used" and keeps reads free of writes: an UPDATE locks, whatever it finds.
      const aMinuteAgo = new Date(Date.parse(at) - 60_000).toISOString();
      if (row.last_used_at === null || row.last_used_at < aMinuteAgo)
        ifPossible(() => touch.run(at, row.token_id));
      return toUser(row);
    },
  };
}

function toUser(row: Row | undefined): User | undefined {
  return row && { id: row.id, email: row.email, name: row.name, createdAt: row.created_at };
}
