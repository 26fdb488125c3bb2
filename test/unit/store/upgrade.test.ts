// From the first schema to the newest: what the first version left is there, and what cannot be upgraded is as it was.
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import { beginCopy } from '../../../platform/store/copies.ts';
import { openStore } from '../../../platform/store/store.ts';
import { bringUpToDate, newestSchema } from '../../../platform/store/upgrade.ts';
import { greeting, secret } from '../../support/first-life.ts';
import { unpackRecorded } from '../../support/recorded-version.ts';

const migrations = join(import.meta.dirname, '../../../platform/store/migrations');
let folder: string;
const file = (): string => join(folder, 'twelve.db');
const backups = (): string[] => readdirSync(join(folder, 'backups'));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-upgrade-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the database that the first version left is upgraded with everything in it', () => {
  const life = unpackRecorded(folder);
  const store = openStore({ folder, create: true });
  expect(store.tokens.find(life.token)?.user).toMatchObject({ email: 'admin@localhost', admin: true });
  expect(store.apps.list().map(({ name }) => name)).toEqual(['shop']);
  const app = store.apps.byName('shop')!;
  expect(app).toMatchObject({ servingVersion: 8, maintenance: false });
  const releases = store.releases.list(app.id);
  expect(
    releases.map(({ id, version, status, description, slugId }) => ({
      ...{ id, version, status, description },
      slug: slugId && { id: slugId },
    })),
  ).toEqual(
    life.releases.map(({ id, version, status, description, slug }) => ({
      ...{ id, version, status, description, slug },
    })),
  );
  expect(releases.map(({ version, status, cause, reason }) => [version, status, cause, reason])).toEqual([
    [8, 'succeeded', 'rollback', null],
    [7, 'succeeded', 'config', null],
    [6, 'failed', 'push', expect.stringMatching(/^The release command exited with status 3, so v6 was not/)],
    [5, 'succeeded', 'push', null],
    [4, 'succeeded', 'push', null],
    [3, 'succeeded', 'config', null],
    [2, 'succeeded', 'config', null],
    [1, 'succeeded', 'create', null],
  ]);
  const config = (version: number) => store.releases.config(store.releases.byVersion(app.id, version)!);
  expect(config(2)).toEqual({ GREETING: greeting });
  expect(config(7)).toEqual({ GREETING: greeting, SECRET: secret, LATER: '1' });
  expect(config(8)).toEqual({ GREETING: greeting, SECRET: secret });
  const slugs = new Map(store.slugs.ofApp(app.id).map((slug) => [slug.id, slug]));
  expect(slugs.size).toBe(3);
  for (const { slugId, version } of releases.filter(({ cause }) => cause === 'push'))
    expect(slugs.get(slugId!)).toMatchObject({
      processTypes: { web: 'exec python3 -m http.server $PORT' },
      declared: {},
      // The code of a release that failed did not stay even then.
      removedAt: version === 6 ? expect.any(String) : null,
    });
  expect(store.formations.of(app.id)).toMatchObject([
    { type: 'web', quantity: 2, size: 'standard-1x' },
    { type: 'worker', quantity: 1, size: 'standard-1x' },
    { type: 'release', quantity: 0, size: 'standard-1x' },
  ]);
  expect(store.builds.list(app.id).map(({ status, startedAt }) => [status, startedAt])).toEqual(
    Array(3).fill(['succeeded', null]),
  );
  // And it takes what only newer versions write.
  store.domains.add(app.id, parseHostName('shop.example.com'));
  const next = store.releases.append(app.id, app.ownerId, {
    version: 9,
    slugId: null,
    config: {},
    cause: 'config',
    description: 'new',
    commit: null,
  });
  expect(store.releases.byId(next.id)).toMatchObject({ version: 9, status: 'pending' });
  store.close();

  const [copy, ...more] = backups();
  expect(more).toEqual([]);
  expect(copy).toMatch(/^twelve-schema-1-.*\.db$/);
  const before = new SQLite(join(folder, 'backups', copy!), { readonly: true });
  expect(before.pragma('user_version', { simple: true })).toBe(1);
  // Eight, and one of the app that was destroyed: the ledger forgets nothing.
  expect(before.prepare('SELECT count(*) AS n FROM releases').get()).toEqual({ n: 9 });
  before.close();
});

test('a new database and one that is up to date are not copied', () => {
  openStore({ folder, create: true }).close();
  openStore({ folder, create: true }).close();
  expect(readdirSync(folder)).not.toContain('backups');
});

test('a migration that fails leaves the database as it was, all of it', () => {
  unpackRecorded(folder);
  const broken = join(folder, 'migrations');
  cpSync(migrations, broken, { recursive: true });
  writeFileSync(
    join(broken, '999-broken.sql'),
    'CREATE TABLE halfway (id TEXT) STRICT; INSERT INTO nowhere VALUES (1);',
  );
  const database = new SQLite(file());
  expect(() => bringUpToDate(database, file(), true, broken)).toThrow(
    /could not be brought from schema 1 to \d+ \(no such table: nowhere\) and is as it was\. Start the version that you had/,
  );
  expect(database.pragma('user_version', { simple: true })).toBe(1);
  const tables = database
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all();
  expect(tables.map(({ name }) => name)).not.toContain('halfway');
  expect(tables.map(({ name }) => name)).not.toContain('app_buildpacks');
  expect(database.pragma('foreign_key_check')).toEqual([]);
  database.close();
  // The next version that can do it does.
  openStore({ folder, create: true }).close();
});

test('without a copy nothing is upgraded', () => {
  unpackRecorded(folder);
  writeFileSync(join(folder, 'backups'), 'in the way');
  expect(() => openStore({ folder, create: true })).toThrow(
    /no copy of it could be made first .* Nothing was changed/,
  );
  const database = new SQLite(file(), { readonly: true });
  expect(database.pragma('user_version', { simple: true })).toBe(1);
  database.close();
});

test('who only looks in upgrades nothing, and an older server refuses a newer database', () => {
  unpackRecorded(folder);
  expect(() => openStore({ folder })).toThrow(
    /is of an older version .* Start the server of this version first/,
  );
  const database = new SQLite(file());
  database.pragma('user_version = 999');
  database.close();
  const before = createHash('sha256').update(readFileSync(file())).digest('hex');
  expect(() => openStore({ folder, create: true })).toThrow(
    new RegExp(`made by a newer version of Twelve \\(schema 999, this one knows ${newestSchema()}\\)`),
  );
  expect(createHash('sha256').update(readFileSync(file())).digest('hex')).toBe(before);
});

/** Of four upgrades. @returns their names, the newest first */
function writeOldCopies(): string[] {
  mkdirSync(join(folder, 'backups'));
  const copies = [4, 3, 2, 1].map((day) => `twelve-schema-${10 - day}-2026-01-0${day}T00-00-00-000Z.db`);
  for (const name of copies) writeFileSync(join(folder, 'backups', name), '');
  return copies;
}

test('upgrades that fail, at every start, leave the copies of those before as they are, and none of their own', () => {
  const copies = writeOldCopies();
  unpackRecorded(folder);
  const broken = join(folder, 'migrations');
  cpSync(migrations, broken, { recursive: true });
  writeFileSync(join(broken, '999-broken.sql'), 'INSERT INTO nowhere VALUES (1);');
  const database = new SQLite(file());
  for (const _start of [1, 2, 3, 4]) {
    expect(() => bringUpToDate(database, file(), true, broken)).toThrow(/no such table: nowhere/);
    expect(backups().sort()).toEqual([...copies].sort());
  }
  database.close();
});

test('of an upgrade that was cut off the copy goes with the next try; of one that was done it stays', () => {
  const wrote = (text: string) => (copy: string) => writeFileSync(copy, text);
  unpackRecorded(folder);
  // As a killed server leaves it: of the schema that the database has, and half of one.
  beginCopy(join(folder, 'backups'), 1, wrote('cut off'));
  writeFileSync(join(folder, 'backups', 'twelve-schema-1-2026-01-01T00-00-00-000Z.db.part'), 'half');
  openStore({ folder, create: true }).close();
  expect(backups()).toEqual([expect.stringMatching(/^twelve-schema-1-.*\.db$/)]);
  expect(statSync(join(folder, 'backups', backups()[0]!)).size).toBeGreaterThan(10_000);

  rmSync(folder, { recursive: true });
  unpackRecorded(folder);
  beginCopy(join(folder, 'backups'), 0, wrote('done'));
  openStore({ folder, create: true }).close();
  expect(backups().sort()).toEqual([
    expect.stringMatching(/^twelve-schema-0-.*\.db$/),
    expect.stringMatching(/^twelve-schema-1-.*\.db$/),
  ]);
});

test('the newest three copies are kept', () => {
  writeOldCopies();
  writeFileSync(join(folder, 'backups', 'notes.txt'), 'mine');
  unpackRecorded(folder);
  openStore({ folder, create: true }).close();
  expect(backups().sort()).toEqual([
    'notes.txt',
    expect.stringMatching(/^twelve-schema-1-/),
    'twelve-schema-6-2026-01-04T00-00-00-000Z.db',
    'twelve-schema-7-2026-01-03T00-00-00-000Z.db',
  ]);
  for (const name of backups().filter((one) => one.startsWith('twelve-schema-1-')))
    expect(statSync(join(folder, 'backups', name)).size).toBeGreaterThan(10_000);
});
