// Who may do what, and how apps are set up, as the database has it: one line a row.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';

/** What changes by itself (when a token was used, how far a drain is) is left out. */
const queries: Readonly<Record<string, string>> = {
  user: 'SELECT email, admin, removed_at FROM users',
  token:
    'SELECT email, tokens.id, description, hex(hash) AS hash, scope, expires_at FROM tokens JOIN users ON users.id = user_id',
  app: 'SELECT apps.name, email AS owner, stack, https_redirect FROM apps JOIN users ON users.id = owner_id WHERE destroyed_at IS NULL',
  domain: 'SELECT apps.name, host_name FROM domains JOIN apps ON apps.id = app_id',
  drain: 'SELECT apps.name, url, token, insecure FROM log_drains JOIN apps ON apps.id = app_id',
  collaborator:
    'SELECT apps.name, email FROM collaborators JOIN apps ON apps.id = app_id JOIN users ON users.id = user_id',
  certificate:
    'SELECT apps.name AS app, certificates.name, source, chain, private_key FROM certificates LEFT JOIN apps ON apps.id = app_id',
  buildpack: 'SELECT apps.name, position, reference, pin FROM app_buildpacks JOIN apps ON apps.id = app_id',
  setting: 'SELECT apps.name, key, value FROM process_settings JOIN apps ON apps.id = app_id',
  cron: 'SELECT apps.name, entry_id, suspended FROM cron_entries JOIN apps ON apps.id = app_id',
  'all cron suspended': 'SELECT apps.name FROM cron_suspended JOIN apps ON apps.id = app_id',
};

export function storedFacts(dataFolder: string): string[] {
  const database = new SQLite(join(dataFolder, 'twelve.db'), { readonly: true });
  try {
    return Object.entries(queries).flatMap(([what, query]) =>
      database
        .prepare<[], Record<string, unknown>>(query)
        .all()
        .map((row) => [what, ...Object.values(row).map(shown)].join(' ')),
    );
  } finally {
    database.close();
  }
}

/** What is long or no text by its digest. */
function shown(value: unknown): string {
  if (!Buffer.isBuffer(value) && String(value).length <= 40) return String(value);
  return createHash('sha256')
    .update(value as string | Buffer)
    .digest('hex')
    .slice(0, 12);
}
