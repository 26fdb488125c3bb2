// The audit log: who changed what. Entries are only added; of more than the budget go the oldest of what most is there of.
import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditFilter } from '../domain/audit.ts';
import type { Database } from './database.ts';

interface Row {
  number: number;
  id: string;
  at: string;
  action: string;
  outcome: AuditEntry['outcome'];
  detail: string | null;
  user_id: string | null;
  user_email: string | null;
  token_id: string | null;
  app_id: string | null;
  app_name: string | null;
  address: string | null;
  request_id: string | null;
}

/** A budget that was made smaller is reached over many entries, so that none takes long. */
const mostAtOnce = 100;

export function createAudit(database: Database, now: () => string) {
  const newest = database.prepare<[], number>('SELECT coalesce(max(number), 0) FROM audit').pluck();
  const insert = database.prepare(
    `INSERT INTO audit VALUES (@number, @id, @at, @action, @outcome, @detail, @userId, @userEmail, @tokenId,
     @appId, @appName, @address, @requestId)`,
  );
  const beyond = database
    .prepare<[], number>(
      'SELECT (SELECT coalesce(sum(entries), 0) FROM audit_shares) - (SELECT entries FROM audit_budget)',
    )
    .pluck();
  // Of equals not those of the newest entry, which is never forgotten.
  const largestUser = database
    .prepare<[string], string>(
      'SELECT user_id FROM audit_shares GROUP BY user_id ORDER BY sum(entries) DESC, user_id = ? LIMIT 1',
    )
    .pluck();
  const largestAction = database
    .prepare<[string, string], string>(
      'SELECT action FROM audit_shares WHERE user_id = ? ORDER BY entries DESC, action = ? LIMIT 1',
    )
    .pluck();
  const forget = database.prepare(
    "DELETE FROM audit WHERE number = (SELECT min(number) FROM audit WHERE user_id IS nullif(?, '') AND action = ?)",
  );
  function forgetOne({ userId, action }: Pick<AuditEntry, 'userId' | 'action'>): void {
    const user = largestUser.get(userId ?? '') as string;
    forget.run(user, largestAction.get(user, action) as string);
  }
  const add = database.transaction((entry: Omit<AuditEntry, 'number' | 'id' | 'at'>): void => {
    const number = (newest.get() as number) + 1;
    insert.run({ ...entry, number, id: randomUUID(), at: now() });
    for (let more = Math.min(beyond.get() as number, mostAtOnce); more > 0; more--) forgetOne(entry);
  });
  return {
    add: (entry: Omit<AuditEntry, 'number' | 'id' | 'at'>): void => add.immediate(entry),
    /** How many entries are kept from now on. */
    keep(entries: number): void {
      database.prepare('UPDATE audit_budget SET entries = ?').run(entries);
    },
    /** The newest that fit, newest first. */
    list(filter: AuditFilter, page: { before: number | null; max: number }): AuditEntry[] {
      const where = [
        ...(filter.appId === undefined ? [] : ['app_id = @appId']),
        ...(filter.user === undefined ? [] : ['(user_id = @user OR user_email = @user)']),
        ...(filter.since === undefined ? [] : ['at >= @since']),
        ...(filter.visibleTo === undefined
          ? []
          : ['(user_id = @visibleTo OR app_id IN (SELECT value FROM json_each(@apps)))']),
        ...(page.before === null ? [] : ['number < @before']),
      ];
      const { visibleTo, ...given } = filter;
      return database
        .prepare<[object], Row>(
          `SELECT * FROM audit ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY number DESC LIMIT @max`,
        )
        .all({
          ...given,
          ...page,
          visibleTo: visibleTo?.userId,
          apps: JSON.stringify(visibleTo?.appIds ?? []),
        })
        .map(toEntry);
    },
  };
}

function toEntry(row: Row): AuditEntry {
  return {
    number: row.number,
    id: row.id,
    at: row.at,
    action: row.action,
    outcome: row.outcome,
    detail: row.detail,
    userId: row.user_id,
    userEmail: row.user_email,
    tokenId: row.token_id,
    appId: row.app_id,
    appName: row.app_name,
    address: row.address,
    requestId: row.request_id,
  };
}
