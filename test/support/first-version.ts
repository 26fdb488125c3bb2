// A data folder as the first version of the schema had it: written by its own SQL, with secrets sealed as they were then.
import { createCipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';

const firstMigration = join(import.meta.dirname, '../../platform/store/migrations/001-initial.sql');

export interface Wrote {
  token: string;
  /** Ids. */
  user: string;
  app: string;
}

/**
 * A user with a token, and an app `old` with three releases.
 * @param serving which of them serves; null: none, since the layers of its slug are not written here, and nothing could run
 */
export function writeFirstVersion(folder: string, serving: number | null = 2): Wrote {
  mkdirSync(folder, { recursive: true });
  const key = randomBytes(32);
  writeFileSync(join(folder, 'secret.key'), `${key.toString('hex')}\n`, { mode: 0o600 });
  const database = new SQLite(join(folder, 'twelve.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('foreign_keys = ON');
  database.exec(readFileSync(firstMigration, 'utf8'));
  database.pragma('user_version = 1');
  const at = '2026-01-01T00:00:00.000Z';
  const [user, app, slug] = [randomUUID(), randomUUID(), randomUUID()];
  const token = randomBytes(24).toString('base64url');
  const insert = (table: string, row: Record<string, unknown>): void => {
    const names = Object.keys(row);
    const marks = names.map(() => '?').join(', ');
    database
      .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks})`)
      .run(...Object.values(row));
  };
  insert('users', { id: user, email: 'admin@localhost', name: null, created_at: at });
  const hash = createHash('sha256').update(token).digest();
  insert('tokens', {
    id: randomUUID(),
    user_id: user,
    description: 'first admin token',
    hash,
    created_at: at,
  });
  const times = { created_at: at, updated_at: at };
  insert('apps', {
    id: app,
    name: 'old',
    owner_id: user,
    stack: 'debian-13',
    subnet: '10.213.217.0/25',
    serving_version: serving,
    ...times,
  });
  insert('slugs', {
    ...{ id: slug, app_id: app, manifest: `sha256:${'0'.repeat(64)}`, layers: '[]' },
    ...{ process_types: '{"web":"node old.js"}', stack: 'debian-13', stack_image: 'twelve/stack:0' },
    ...{ buildpacks: '[]', commit_id: null, commit_description: null, size: 1, created_at: at },
  });
  const outcomes = [
    ['push', 'succeeded', null],
    ['config', 'succeeded', null],
    ['push', 'failed', 'it did not start'],
  ];
  for (const [index, [cause, status, reason]] of outcomes.entries()) {
    const [id, version] = [randomUUID(), index + 1];
    insert('releases', {
      ...{ id, app_id: app, version, slug_id: slug, cause, description: `change ${version}`, user_id: user },
      created_at: at,
    });
    insert('release_config', { release_id: id, sealed: seal(key, { SECRET: `of version ${version}` }, id) });
    insert('release_status', { release_id: id, status, reason, at });
  }
  insert('builds', {
    id: randomUUID(),
    app_id: app,
    user_id: user,
    status: 'succeeded',
    stack: 'debian-13',
    slug_id: slug,
    ...times,
  });
  insert('formation', {
    ...{
      app_id: app,
      type: 'web',
      id: randomUUID(),
      quantity: 2,
      size: 'standard-1x',
      position: 0,
      updated_at: at,
    },
  });
  database.close();
  return { token, user, app };
}

/** Version byte 1, nonce, tag, ciphertext: AES-256-GCM bound to the release. */
function seal(key: Buffer, config: Record<string, string>, release: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(release));
  const body = Buffer.concat([cipher.update(JSON.stringify(config), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(1), nonce, cipher.getAuthTag(), body]);
}
