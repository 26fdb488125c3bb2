// What authorities said and issued, by their directories, and what becomes of what was stored without.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from '../../../platform/store/store.ts';

const migrations = join(import.meta.dirname, '../../../platform/store/migrations');
const [staging, production] = ['https://staging.test/dir', 'https://ca.test/dir'];
const times = { failedAt: '2026-11-28T10:00:00.000Z', nextAt: '2026-11-28T20:00:00.000Z' };

let folder: string;
let store: Store | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-acme-failures-'));
});
afterEach(() => {
  store?.close();
  store = undefined;
  rmSync(folder, { recursive: true });
});

test('all that was stored without a directory is there after the upgrade, waits as long, and is of the first one that is asked', () => {
  writeFileSync(join(folder, 'secret.key'), '0f'.repeat(32), { mode: 0o600 });
  const database = new SQLite(join(folder, 'twelve.db'));
  const before = readdirSync(migrations)
    .sort()
    .filter((name) => name < '019');
  for (const name of before) database.exec(readFileSync(join(migrations, name), 'utf8'));
  database.pragma(`user_version = ${before.length}`);
  const put = database.prepare('INSERT INTO acme_failures VALUES (?, ?, ?, ?, ?)');
  put.run('www.shop.test', 3, 'No such host.', times.failedAt, times.nextAt);
  put.run(`* ${staging}`, 2, 'Too many.', times.failedAt, times.nextAt);
  put.run(`* ${production}`, 1, 'Busy.', times.failedAt, times.nextAt);
  const issued = database.prepare("INSERT INTO certificates VALUES (?, NULL, ?, ?, '', x'00', '{}', ?)");
  issued.run('1', 'cert-1', 'added', times.failedAt);
  issued.run('2', 'acme-www.shop.test', 'acme', times.failedAt);
  database.close();
  store = openStore({ folder, create: true });
  const { acmeFailures, certificates } = store;
  const kept = { ...times, askedUntil: times.nextAt };
  expect(acmeFailures.of(staging, null)).toEqual({ failures: 2, reason: 'Too many.', ...kept });
  expect(acmeFailures.of(production, null)).toEqual({ failures: 1, reason: 'Busy.', ...kept });
  expect(acmeFailures.hosts()).toEqual(['www.shop.test']);
  for (const directory of [production, staging]) acmeFailures.adopt(directory);
  expect([...acmeFailures.ofHosts(production)]).toEqual([
    ['www.shop.test', { failures: 3, reason: 'No such host.', ...kept }],
  ]);
  expect(acmeFailures.ofHosts(staging).size).toBe(0);
  for (const directory of [production, staging]) certificates.adopt(directory);
  expect(certificates.all().map(({ name, directory }) => [name, directory])).toEqual([
    ['cert-1', null],
    ['acme-www.shop.test', production],
  ]);
});

test('what each authority said stands beside what others did, and is taken away alone, or with its host', () => {
  store = openStore({ folder, create: true });
  const { acmeFailures } = store;
  const failure = { failures: 1, reason: 'No.', ...times, askedUntil: null };
  for (const directory of [staging, production])
    for (const host of ['a.test', 'b.test', null]) acmeFailures.put(directory, host, failure);
  acmeFailures.put(staging, 'a.test', { ...failure, failures: 2 });
  const counts = () =>
    [staging, production].map((one) =>
      ['a.test', 'b.test', null].map((host) => acmeFailures.of(one, host)?.failures ?? 0),
    );
  expect(counts()).toEqual([
    [2, 1, 1],
    [1, 1, 1],
  ]);
  acmeFailures.remove(staging, null);
  acmeFailures.remove(production, 'a.test');
  acmeFailures.forget('b.test');
  expect(counts()).toEqual([
    [2, 0, 0],
    [0, 0, 1],
  ]);
  expect(acmeFailures.hosts()).toEqual(['a.test']);
});
