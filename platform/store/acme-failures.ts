// Hosts for which no certificate could be had.
import type { Database } from './database.ts';

export type AcmeFailures = ReturnType<typeof createAcmeFailures>;

export interface AcmeFailure {
  failures: number;
  reason: string;
  failedAt: string;
  nextAt: string;
}

interface Row {
  host_name: string;
  failures: number;
  reason: string;
  failed_at: string;
  next_at: string;
}

export function createAcmeFailures(database: Database) {
  const all = database.prepare<[], Row>('SELECT * FROM acme_failures');
  const byHost = database.prepare<[string], Row>('SELECT * FROM acme_failures WHERE host_name = ?');
  const put = database.prepare(
    'INSERT OR REPLACE INTO acme_failures (host_name, failures, reason, failed_at, next_at) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM acme_failures WHERE host_name = ?');
  return {
    all: (): Map<string, AcmeFailure> => new Map(all.all().map((row) => [row.host_name, toFailure(row)])),
    of(host: string): AcmeFailure | null {
      const row = byHost.get(host);
      return row ? toFailure(row) : null;
    },
    put: (host: string, { failures, reason, failedAt, nextAt }: AcmeFailure): void =>
      void put.run(host, failures, reason, failedAt, nextAt),
    remove: (host: string): void => void remove.run(host),
  };
}

function toFailure(row: Row): AcmeFailure {
  return { failures: row.failures, reason: row.reason, failedAt: row.failed_at, nextAt: row.next_at };
}
