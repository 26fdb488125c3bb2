// Users, tokens and collaborators in the database, and what becomes of an administrator of before there were teams.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAppName } from '../../../platform/domain/app.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';

const migrations = join(import.meta.dirname, '../../../platform/store/migrations');

let folder: string;
let store: Store | undefined;
let clock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-team-'));
  clock = '2026-11-23T04:00:00.000Z';
});

afterEach(() => {
  store?.close();
  store = undefined;
  rmSync(folder, { recursive: true });
});

function open(): Store {
  store = openStore({ folder, create: true, now: () => clock });
  return store;
}

test('who was there before there were teams is the administrator, and their tokens stay good for everything', () => {
  const database = new SQLite(join(folder, 'twelve.db'));
  const before = readdirSync(migrations)
    .sort()
    .filter((name) => name < '013');
  for (const name of before) database.exec(readFileSync(join(migrations, name), 'utf8'));
  database.pragma(`user_version = ${before.length}`);
  database.exec("INSERT INTO users (id, email, created_at) VALUES ('u', 'admin@localhost', '2026')");
  database
    .prepare(
      "INSERT INTO tokens (id, user_id, description, hash, created_at) VALUES ('t', 'u', 'old', ?, '2026')",
    )
    .run(createHash('sha256').update('twelve-old').digest());
  database.close();
  writeFileSync(join(folder, 'secret.key'), '0f'.repeat(32), { mode: 0o600 });
  const found = open().tokens.find('twelve-old');
  expect(found).toMatchObject({ user: { admin: true }, token: { scope: 'admin', expiresAt: null } });
  expect(store!.users.first()?.email).toBe('admin@localhost');
});

test('a token is as good as its time says, and forgotten a month later', () => {
  const { users, tokens } = open();
  const { id } = users.create('ada@example.com');
  const expiresAt = '2026-11-23T05:00:00.000Z';
  const { text, token } = tokens.create(id, { description: 'x', scope: 'deploy', expiresAt });
  expect([tokens.isExpired(token), tokens.find(text)?.token.scope]).toEqual([false, 'deploy']);
  clock = '2026-11-23T05:00:00.000Z';
  expect(tokens.isExpired(token)).toBe(true);
  expect(tokens.find(text)?.token.lastUsedAt).toBe('2026-11-23T04:00:00.000Z');
  clock = '2026-12-24T05:00:00.000Z';
  tokens.create(id, { description: 'y', scope: 'read' });
  expect(tokens.ofUser(id).map(({ description }) => description)).toEqual(['y']);
});

test('a removed user is found by the id alone, has no token that is good, and may come back', () => {
  const { users, tokens } = open();
  const ada = users.create('ada@example.com', { admin: true });
  const { text } = tokens.create(ada.id, { description: 'x', scope: 'admin' });
  users.remove(ada.id);
  expect([users.list(), users.find('ada@example.com'), users.find(ada.id), users.first()]).toEqual([
    [],
    undefined,
    undefined,
    undefined,
  ]);
  expect(users.byId(ada.id)).toMatchObject({ email: 'ada@example.com', admin: false });
  expect(tokens.find(text)).toBeUndefined();
  expect(users.create('ada@example.com')).toMatchObject({ id: ada.id, admin: false });
  expect(() => users.create('ada@example.com')).toThrow(/there is a user/);
});

test('collaborators are of an app, each once, and go with the app or the user', () => {
  const { users, apps, collaborators } = open();
  const [ada, bob] = [users.create('ada@example.com'), users.create('bob@example.com')];
  const [one, two] = ['one-app', 'two-app'].map((name) =>
    apps.create(parseAppName(name), ada.id, 'debian-13'),
  );
  const first = collaborators.add(one!.id, bob.id);
  expect(collaborators.add(one!.id, bob.id)).toEqual(first);
  collaborators.add(two!.id, bob.id);
  expect([...collaborators.appsOf(bob.id)].sort()).toEqual([one!.id, two!.id].sort());
  collaborators.removeAll(one!.id);
  expect([collaborators.has(one!.id, bob.id), collaborators.has(two!.id, bob.id)]).toEqual([false, true]);
  collaborators.removeUser(bob.id);
  expect(collaborators.ofApp(two!.id)).toEqual([]);
});
