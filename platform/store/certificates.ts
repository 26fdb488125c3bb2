// Certificates for visitors, and keys of the platform's own; private keys are sealed.
import { randomUUID } from 'node:crypto';
import type { Certificate, CertificateFacts, CertificateSource } from '../domain/certificate.ts';
import type { Database } from './database.ts';
import type { Vault } from './secrets.ts';

export type Certificates = ReturnType<typeof createCertificates>;
export type OwnKeys = ReturnType<typeof createOwnKeys>;

interface Row {
  id: string;
  app_id: string | null;
  name: string;
  source: CertificateSource;
  directory: string | null;
  chain: string;
  private_key: Buffer;
  facts: string;
  created_at: string;
}

export interface NewCertificate {
  appId: string | null;
  name: string;
  source: CertificateSource;
  directory: string | null;
  facts: CertificateFacts;
  chain: string;
  key: string;
}

export function createCertificates(database: Database, vault: Vault, now: () => string) {
  const all = database.prepare<[], Row>('SELECT * FROM certificates ORDER BY created_at, id');
  const usableBy = database.prepare<[string | null], Row>(
    'SELECT * FROM certificates WHERE app_id IS NULL OR app_id = ?',
  );
  const byId = database.prepare<[string], Row>('SELECT * FROM certificates WHERE id = ?');
  const insert = database.prepare(
    'INSERT INTO certificates (id, app_id, name, source, directory, chain, private_key, facts, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM certificates WHERE id = ?');
  const removeAll = database.prepare('DELETE FROM certificates WHERE app_id = ?');
  const adopt = database.prepare("UPDATE certificates SET directory = ? WHERE directory = ''");
  const context = (id: string): string => `certificate ${id}`;
  return {
    /** Without their private keys. */
    all: (): Certificate[] => all.all().map(toCertificate),
    /** What hosts of an app, or of the platform itself (null), can be served with: its own and the server's. */
    usableBy: (appId: string | null): Certificate[] => usableBy.all(appId).map(toCertificate),
    /** PEM. Undefined when the certificate is gone. */
    keyOf(id: string): string | undefined {
      const row = byId.get(id);
      return row && vault.open(row.private_key, context(id));
    },
    add({ appId, name, source, directory, facts, chain, key }: NewCertificate): Certificate {
      const id = randomUUID();
      const sealed = vault.seal(key, context(id));
      insert.run(id, appId, name, source, directory, chain, sealed, JSON.stringify(facts), now());
      return toCertificate(byId.get(id)!);
    },
    remove: (id: string): void => void remove.run(id),
    removeAll: (appId: string): void => void removeAll.run(appId),
    /** What was ordered before directories were stored is taken as from this one. */
    adopt: (directory: string): void => void adopt.run(directory),
  };
}

function toCertificate(row: Row): Certificate {
  return {
    ...(JSON.parse(row.facts) as CertificateFacts),
    id: row.id,
    appId: row.app_id,
    name: row.name,
    source: row.source,
    directory: row.directory,
    chain: row.chain,
    createdAt: row.created_at,
  };
}

/** By name: a chain (PEM, may be empty) and a private key. */
export function createOwnKeys(database: Database, vault: Vault) {
  const get = database.prepare<[string], { chain: string; private_key: Buffer }>(
    'SELECT chain, private_key FROM own_keys WHERE name = ?',
  );
  const put = database.prepare(
    'INSERT INTO own_keys (name, chain, private_key) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET chain = excluded.chain, private_key = excluded.private_key',
  );
  const context = (name: string): string => `own key ${name}`;
  return {
    get(name: string): { chain: string; key: string } | undefined {
      const row = get.get(name);
      return row && { chain: row.chain, key: vault.open(row.private_key, context(name)) };
    },
    put(name: string, { chain, key }: { chain: string; key: string }): void {
      put.run(name, chain, vault.seal(key, context(name)));
    },
  };
}
