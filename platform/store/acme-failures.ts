// What authorities said instead of giving a certificate: of a host, or of all orders, each by the directory that was asked.
import type { Database } from './database.ts';

export type AcmeFailures = ReturnType<typeof createAcmeFailures>;

export interface AcmeFailure {
  failures: number;
  reason: string;
  failedAt: string;
  nextAt: string;
  /** Until when the authority asked to wait; null: it did not. */
  askedUntil: string | null;
}

/** null: of all orders. */
type Host = string | null;

interface Row {
  host_name: string;
  failures: number;
  reason: string;
  failed_at: string;
  next_at: string;
  asked_until: string | null;
}

export function createAcmeFailures(database: Database) {
  const hosts = database.prepare<[], { host_name: string }>(
    "SELECT DISTINCT host_name FROM acme_failures WHERE host_name <> ''",
  );
  const ofHosts = database.prepare<[string], Row>(
    "SELECT * FROM acme_failures WHERE directory = ? AND host_name <> ''",
  );
  const one = database.prepare<[string, string], Row>(
    'SELECT * FROM acme_failures WHERE directory = ? AND host_name = ?',
  );
  const put = database.prepare(
    'INSERT OR REPLACE INTO acme_failures (directory, host_name, failures, reason, failed_at, next_at, asked_until) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM acme_failures WHERE directory = ? AND host_name = ?');
  const forget = database.prepare('DELETE FROM acme_failures WHERE host_name = ?');
  const adopt = database.prepare("UPDATE OR IGNORE acme_failures SET directory = ? WHERE directory = ''");
  return {
    /** Of which anything is stored, whoever said it. */
    hosts: (): string[] => hosts.all().map((row) => row.host_name),
    ofHosts: (directory: string): Map<string, AcmeFailure> =>
      new Map(ofHosts.all(directory).map((row) => [row.host_name, toFailure(row)])),
    of(directory: string, host: Host): AcmeFailure | null {
      const row = one.get(directory, host ?? '');
      return row ? toFailure(row) : null;
    },
    put: (
      directory: string,
      host: Host,
      { failures, reason, failedAt, nextAt, askedUntil }: AcmeFailure,
    ): void => void put.run(directory, host ?? '', failures, reason, failedAt, nextAt, askedUntil),
    remove: (directory: string, host: Host): void => void remove.run(directory, host ?? ''),
    /** Whoever said it. */
    forget: (host: string): void => void forget.run(host),
    /** What was said before directories were stored is taken as of this one. */
    adopt: (directory: string): void => void adopt.run(directory),
  };
}

function toFailure(row: Row): AcmeFailure {
  return {
    failures: row.failures,
    reason: row.reason,
    failedAt: row.failed_at,
    nextAt: row.next_at,
    askedUntil: row.asked_until,
  };
}
