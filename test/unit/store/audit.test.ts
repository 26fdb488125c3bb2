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

function fill(count: number, more: Partial<Parameters<Store['audit']['add']>[0]> = {}): void {
  store.transaction(() => {
    for (let index = 0; index < count; index++)
      store.audit.add({
        ...{ action: 'config:set', outcome: 'done', detail: `${index}`, userId: null, userEmail: null },
        ...{ tokenId: null, appId: null, appName: null, address: null, requestId: null },
        ...more,
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

/** Newest first. */
const of = (user: string): string[] =>
  store.audit.list({ user }, { before: null, max: 5000 }).map(({ action }) => action);

test('beyond the budget the oldest go, and the numbers go on', () => {
  store.audit.keep(1000);
  fill(1200);
  expect(numbers().length).toBe(1000);
  expect([numbers()[0], numbers().at(-1)]).toEqual([1200, 201]);
  store.audit.keep(2000);
  fill(1);
  expect([numbers().length, numbers()[0]]).toEqual([1001, 1201]);
  // A smaller budget is reached step by step.
  store.audit.keep(1000);
  fill(1);
  expect([numbers().length, numbers()[0]]).toEqual([1000, 1202]);
});

test('whoever changes most pushes out what they did most of, and nothing of anybody else', () => {
  store.audit.keep(1000);
  fill(300, { userId: 'ada', action: 'run' });
  fill(2, { userId: 'eve', action: 'tokens:revoke' });
  fill(3000, { userId: 'eve', action: 'config:set' });
  expect(of('ada')).toEqual(Array(300).fill('run'));
  expect(of('eve')).toEqual([...Array(698).fill('config:set'), 'tokens:revoke', 'tokens:revoke']);
  // Nor do those that nobody is behind, whatever became of what they tried.
  fill(2000, { action: 'login', outcome: 'refused' });
  fill(2000, { action: 'deploy', outcome: 'failed' });
  expect(of('ada')).toHaveLength(300);
  expect(of('eve').length).toBeGreaterThanOrEqual(350);
  expect(numbers()).toHaveLength(1000);
  expect(numbers()[0]).toBe(7302);
});

test('where all did as much as each other the newest stays all the same', () => {
  store.audit.keep(1000);
  store.transaction(() => {
    for (let user = 0; user < 1100; user++) fill(1, { userId: `user-${user}` });
  });
  expect([numbers().length, numbers()[0]]).toEqual([1000, 1100]);
  expect(numbers()).toContain(1099);
});

test('what may be forgotten is decided by the database', () => {
  store.audit.keep(1000);
  fill(600, { userId: 'eve', action: 'config:set' });
  fill(400, { userId: 'ada', action: 'run' });
  store.audit.keep(5000);
  fill(1, { userId: 'eve', action: 'run' });
  const database = new SQLite(join(folder, 'twelve.db'));
  const remove = (number: number) => database.exec(`DELETE FROM audit WHERE number = ${number}`);
  const appendOnly = /append-only/;
  expect(() => remove(1)).toThrow(appendOnly);
  store.audit.keep(1000);
  // Not the oldest of its kind, another user's, an action there is less of, the newest.
  for (const number of [2, 601, 1001]) expect(() => remove(number)).toThrow(appendOnly);
  remove(1);
  expect(() => remove(2)).toThrow(appendOnly);
  expect(database.prepare('SELECT * FROM audit_shares').all()).toEqual([
    { user_id: 'ada', action: 'run', entries: 400 },
    { user_id: 'eve', action: 'config:set', entries: 599 },
    { user_id: 'eve', action: 'run', entries: 1 },
  ]);
  database.close();
});
