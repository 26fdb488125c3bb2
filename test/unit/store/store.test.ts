// The store on a real file: what the database itself refuses, what is sealed, what a restart finds.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAppName } from '../../../platform/domain/app.ts';
import type { NextRelease } from '../../../platform/domain/release.ts';
import { lockFolder } from '../../../platform/store/database.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';

let folder: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-store-'));
  store = openStore({ folder, create: true });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test('a config var of a name that is none is not stored, whoever proposed it', () => {
  const { app, user, next } = appWithReleases(1);
  for (const name of ['../../x', 'a/b', '', '__proto__', 'A B']) {
    const config = Object.fromEntries([[name, 'x']]);
    expect(() => store.releases.append(app.id, user.id, { ...next(2), config })).toThrow(
      /is not a config var name/,
    );
  }
  expect(store.releases.newest(app.id)?.version).toBe(1);
});

function appWithReleases(count: number) {
  const user = store.users.create('a@example.com');
  const app = store.apps.create(parseAppName('hello'), user.id, 'debian-13');
  const next = (version: number): NextRelease => ({
    version,
    slugId: null,
    config: { SECRET: `value-${version}` },
    cause: 'config',
    description: `change ${version}`,
    commit: null,
  });
  const releases = Array.from({ length: count }, (_, index) =>
    store.releases.append(app.id, user.id, next(index + 1)),
  );
  return { user, app, releases, next };
}

const raw = (): SQLite.Database => new SQLite(join(folder, 'twelve.db'));

test('the database refuses to change or delete facts of the ledger', () => {
  appWithReleases(1);
  const database = raw();
  expect(() => database.exec("UPDATE releases SET description = 'other'")).toThrow(/append-only/);
  expect(() => database.exec('DELETE FROM releases')).toThrow(/append-only/);
  expect(() => database.exec("UPDATE release_config SET sealed = x'00'")).toThrow(/never changes/);
  expect(() => database.exec('DELETE FROM release_status')).toThrow(/append-only/);
  database.close();
});

test('versions have no gaps and no repeats', () => {
  const { app, user, next } = appWithReleases(2);
  expect(() => store.releases.append(app.id, user.id, next(4))).toThrow(/no gaps/);
  expect(() => store.releases.append(app.id, user.id, next(2))).toThrow(/no gaps/);
  expect(store.releases.append(app.id, user.id, next(3)).version).toBe(3);
});

test('a release ends once', () => {
  const { releases } = appWithReleases(1);
  store.releases.end(releases[0]!.id, 'failed', 'it crashed');
  expect(() => store.releases.end(releases[0]!.id, 'succeeded', null)).toThrow(/ends once/);
  expect(store.releases.byId(releases[0]!.id)).toMatchObject({ status: 'failed', reason: 'it crashed' });
});

test('the base of the next release is the newest that did not fail', () => {
  const { app, releases } = appWithReleases(3);
  store.releases.end(releases[0]!.id, 'succeeded', null);
  store.releases.end(releases[2]!.id, 'failed', 'no');
  expect(store.releases.base(app.id)?.version).toBe(2);
});

test('config is nowhere in the file in the clear, and opens again', () => {
  const { releases } = appWithReleases(1);
  store.close();
  for (const name of ['twelve.db']) expect(readFileSync(join(folder, name)).includes('value-1')).toBe(false);
  store = openStore({ folder });
  expect(store.releases.config(releases[0]!)).toEqual({ SECRET: 'value-1' });
  expect(statSync(join(folder, 'secret.key')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'twelve.db')).mode & 0o777).toBe(0o600);
});

test('without its key file the store says what is missing, and makes no other one; put back, everything opens', () => {
  const { releases } = appWithReleases(1);
  store.close();
  const key = join(folder, 'secret.key');
  renameSync(key, `${key}.copy`);
  for (const create of [false, true]) {
    expect(() => openStore({ folder, create })).toThrow(/secret\.key is missing, .*"twelve server:key"/);
    expect(existsSync(key)).toBe(false);
  }
  renameSync(`${key}.copy`, key);
  store = openStore({ folder, create: true });
  expect(store.releases.config(releases[0]!)).toEqual({ SECRET: 'value-1' });
});

test('a sealed config does not open under another release', () => {
  const { releases } = appWithReleases(2);
  const database = raw();
  database.exec('DROP TRIGGER release_config_no_update');
  database
    .prepare(
      'UPDATE release_config SET sealed = (SELECT sealed FROM release_config WHERE release_id = ?) WHERE release_id = ?',
    )
    .run(releases[0]!.id, releases[1]!.id);
  database.close();
  expect(() => store.releases.config(releases[1]!)).toThrow(/cannot be decrypted/);
});

test('tokens are kept as hashes and found by their text', () => {
  const user = store.users.create('a@example.com');
  const { text: token } = store.tokens.create(user.id, { description: 'test', scope: 'write' });
  expect(store.tokens.find(token)?.user.email).toBe('a@example.com');
  expect(store.tokens.find(`${token}x`)).toBeUndefined();
  const wal = readFileSync(join(folder, 'twelve.db-wal'));
  expect(wal.includes(token)).toBe(false);
});

test('a destroyed app frees its name and keeps its ledger', () => {
  const { app, user, releases } = appWithReleases(2);
  store.apps.destroy(app.id);
  store.releases.eraseConfig(app.id);
  expect(store.apps.byName('hello')).toBeUndefined();
  expect(store.apps.create(parseAppName('hello'), user.id, 'debian-13').id).not.toBe(app.id);
  expect(store.releases.list(app.id)).toHaveLength(2);
  expect(() => store.releases.config(releases[0]!)).toThrow(/was erased/);
});

test('a newer schema is refused with a sentence', () => {
  const database = raw();
  database.pragma('user_version = 999');
  database.close();
  expect(() => openStore({ folder })).toThrow(/newer version of Twelve/);
});

test('a second server on one data folder is refused', () => {
  const lock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(/Another Twelve server is running/);
  lock.release();
  lockFolder(folder).release();
});

test('while another program holds the database nothing is changed, and the sentence says so', () => {
  const { user, app } = appWithReleases(1);
  const { text: token } = store.tokens.create(user.id, { description: 'test', scope: 'write' });
  const other = new SQLite(join(folder, 'twelve.db'));
  const held = expect.objectContaining({
    code: 'service_unavailable',
    message: expect.stringMatching(/^Another program holds the platform's database, twelve\.db/),
  });
  try {
    other.exec('BEGIN IMMEDIATE');
    const create = () => store.apps.create(parseAppName('second'), user.id, 'debian-13');
    expect(create).toThrow(held);
    expect(() => store.transaction(create)).toThrow(held);
    // Who only reads is not refused, whether or not it is time to note that a token was used.
    expect(store.apps.list()).toEqual([app]);
    expect(store.tokens.find(token)?.user).toEqual(user);
    other.exec('ROLLBACK');
    expect(create().name).toBe('second');
  } finally {
    other.close();
  }
});

test('formation: types that stay keep their id', () => {
  const { app } = appWithReleases(1);
  store.formations.replace(app.id, [{ type: 'web', quantity: 1, size: 'standard-1x' }]);
  const [before] = store.formations.of(app.id);
  store.formations.replace(app.id, [
    { type: 'web', quantity: 3, size: 'standard-1x' },
    { type: 'worker', quantity: 0, size: 'standard-1x' },
  ]);
  expect(
    store.formations.of(app.id).map(({ id, type, quantity }) => [id === before!.id, type, quantity]),
  ).toEqual([
    [true, 'web', 3],
    [false, 'worker', 0],
  ]);
});

test("an app's buildpacks keep their order; a login is sealed, and not shown", () => {
  const { app } = appWithReleases(1);
  const pin = 'a'.repeat(40);
  const secret = { reference: 'https://ada:s3cret-login@example.com/x.git#main', pin };
  const list = [{ reference: 'apt', pin: null }, secret, { reference: 'node', pin: null }];
  store.transaction(() => store.buildpacks.replace(app.id, list));
  const kept = store.buildpacks.of(app.id);
  expect(kept.map(({ reference, pin: one }) => ({ reference, pin: one }))).toEqual(list);
  expect(kept.map((one) => one.shown)).toEqual(['apt', 'https://example.com/x.git#main', 'node']);
  expect(readFileSync(join(folder, 'twelve.db-wal')).includes('s3cret-login')).toBe(false);
  store.transaction(() => store.buildpacks.replace(app.id, [secret]));
  expect(store.buildpacks.of(app.id)).toMatchObject([{ ...secret, updatedAt: kept[1]!.updatedAt }]);
  store.transaction(() => store.buildpacks.replace(app.id, []));
  expect(store.buildpacks.of(app.id)).toEqual([]);
});

test('what was set of processes survives a restart, and is replaced as a whole', () => {
  const { app } = appWithReleases(0);
  store.processSettings.replace(app.id, { parallel: '2', 'rollout.web': 'replace' });
  store.processSettings.replace(app.id, { parallel: '3' });
  store.close();
  store = openStore({ folder });
  expect(store.processSettings.of(app.id)).toEqual({ parallel: '3' });
  expect(store.processSettings.of('another')).toEqual({});
});
