// The audit log in the database: nothing is changed in it, and only what is beyond its budget goes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from '../../../platform/store/store.ts';

let folder: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-audit-'));
  store = openStore({ folder, create: true });
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function fill(count: number): void {
  store.transaction(() => {
    for (let index = 0; index < count; index++)
      store.audit.add({
        ...{ action: 'config:set', outcome: 'done', detail: `${index}`, userId: null, userEmail: null },
        ...{ tokenId: null, appId: null, appName: null, address: null, requestId: null },
      });
  });
}

const numbers = (): number[] => store.audit.list({}, { before: null, max: 5000 }).map(({ number }) => number);

test('entries are neither changed nor deleted nor put in between, by anybody', () => {
  fill(3);
  const database = new SQLite(join(folder, 'twelve.db'));
  const appendOnly = /append-only/;
  expect(() => database.exec("UPDATE audit SET detail = 'other'")).toThrow(appendOnly);
  expect(() => database.exec('DELETE FROM audit WHERE number = 1')).toThrow(appendOnly);
  expect(() => database.exec('DELETE FROM audit')).toThrow(appendOnly);
  const put = (number: number) =>
    database.exec(
      `INSERT OR REPLACE INTO audit (number, id, at, action, outcome) VALUES (${number}, 'x', '', 'x', 'done')`,
    );
  expect(() => put(2)).toThrow(/no gaps/);
  expect(() => put(9)).toThrow(/no gaps/);
  expect(() => database.exec('UPDATE audit_budget SET entries = 1')).toThrow(/CHECK/);
  expect(() => database.exec('DELETE FROM audit_budget')).toThrow(/always has a budget/);
  database.close();
  expect(numbers()).toEqual([3, 2, 1]);
});

test('beyond the budget the oldest go, and the numbers go on', () => {
  store.audit.keep(1000);
  fill(1200);
  expect(numbers().length).toBe(1000);
  expect([numbers()[0], numbers().at(-1)]).toEqual([1200, 201]);
  store.audit.keep(2000);
  fill(1);
  expect([numbers().length, numbers()[0]]).toEqual([1001, 1201]);
});
