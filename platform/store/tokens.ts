// Tokens: only their hashes are kept. One that expired is shown as such for a month, and then forgotten.
import { randomUUID } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { Scope } from '../domain/access.ts';
import type { Database } from './database.ts';
import { ifPossible } from './failures.ts';
import { hashToken } from './secrets.ts';
import { type User, userHere } from './users.ts';

export interface Token {
  id: string;
  userId: string;
  description: string;
  scope: Scope;
  createdAt: string;
  expiresAt: string | null;
  /** To the minute. */
  lastUsedAt: string | null;
  /** Of its text: another one when that was renewed. */
  digest: string;
}

export type Tokens = ReturnType<typeof createTokens>;

interface Row {
  id: string;
  user_id: string;
  description: string;
  hash: Buffer;
  scope: Scope;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

const keepExpiredMs = 30 * 86_400_000;
const columns = 'id, user_id, description, hash, scope, created_at, expires_at, last_used_at';

export function createTokens(database: Database, now: () => string) {
  const touch = database.prepare('UPDATE tokens SET last_used_at = ? WHERE id = ?');
  const byHash = database.prepare<[Buffer], Row>(`SELECT ${columns} FROM tokens WHERE hash = ?`);
  const byId = database.prepare<[string], Row>(`SELECT ${columns} FROM tokens WHERE id = ?`);
  const userOf = userHere(database);
  const ago = (ms: number): string => new Date(Date.parse(now()) - ms).toISOString();
  return {
    /** A new token, returned in the clear this once. */
    create(
      userId: string,
      { description, scope, expiresAt = null }: Pick<Token, 'description' | 'scope'> & Partial<Token>,
    ): { token: Token; text: string } {
      const text = newText();
      const id = randomUUID();
      database
        .prepare('DELETE FROM tokens WHERE user_id = ? AND expires_at < ?')
        .run(userId, ago(keepExpiredMs));
      database
        .prepare(
          'INSERT INTO tokens (id, user_id, description, hash, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        )
        .run(id, userId, description, hashToken(text), scope, now(), expiresAt);
      return { token: toToken(byId.get(id)!), text };
    },
    /**
     * Whose token it is, also of one that has expired; looked up by hash, so the time taken says nothing about the token.
     */
    find(text: string): { token: Token; user: User } | undefined {
      const row = byHash.get(hashToken(text));
      const user = row && userOf(row.user_id);
      if (!user) return undefined;
      // Once a minute is precise enough for "last used" and keeps reads free of writes: an UPDATE locks, whatever it finds.
      const isOver = row.expires_at !== null && row.expires_at <= now();
      if (!isOver && (row.last_used_at === null || row.last_used_at < ago(60_000)))
        ifPossible(() => touch.run(now(), row.id));
      return { token: toToken(row), user };
    },
    /** The token of this text, without a note that it was used. */
    look(text: string): Token | undefined {
      const row = byHash.get(hashToken(text));
      return row && toToken(row);
    },
    byId(id: string): Token | undefined {
      const row = byId.get(id);
      return row && toToken(row);
    },
    isExpired: (token: Token): boolean => token.expiresAt !== null && token.expiresAt <= now(),
    ofUser: (userId: string): Token[] =>
      database
        .prepare<[string], Row>(`SELECT ${columns} FROM tokens WHERE user_id = ? ORDER BY created_at`)
        .all(userId)
        .map(toToken),
    describe(id: string, description: string): void {
      database.prepare('UPDATE tokens SET description = ? WHERE id = ?').run(description, id);
    },
    /** The same rights under another text; the old one is no good from now on. */
    renew(id: string): string {
      const text = newText();
      database.prepare('UPDATE tokens SET hash = ? WHERE id = ?').run(hashToken(text), id);
      return text;
    },
    remove(id: string): void {
      database.prepare('DELETE FROM tokens WHERE id = ?').run(id);
    },
    removeAllOf(userId: string): void {
      database.prepare('DELETE FROM tokens WHERE user_id = ?').run(userId);
    },
  };
}

/** 40 of 64 characters: nobody guesses one. */
function newText(): string {
  return `twelve-${nanoid(40)}`;
}

function toToken(row: Row): Token {
  return {
    id: row.id,
    userId: row.user_id,
    description: row.description,
    scope: row.scope,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    digest: row.hash.toString('base64'),
  };
}
