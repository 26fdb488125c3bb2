// The first token: made once, told of for as long as it lies there and is of no more use, and another one made in its place.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readConfig } from '../../../platform/config.ts';
import { greeting } from '../../../platform/greeting.ts';
import { serverToken } from '../../../platform/server-token.ts';
import { firstToken } from '../../../platform/store/data-folder.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';

let folder: string;
let store: Store;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-first-token-'));
  file = join(folder, 'admin-token');
  store = openStore({ folder, create: true });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

/** @returns what a start says of it */
function start(): string[] {
  const told: string[] = [];
  firstToken(store, file, (message) => told.push(message));
  return told;
}

const text = (): string => readFileSync(file, 'utf8').trim();
const greeted = (): string =>
  greeting(readConfig({ TWELVE_DATA: folder }), { host: '127.0.0.1', port: 5480 });

test('it is made at the first start, and nothing is said of it until somebody has used it', () => {
  expect(start()).toEqual([]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(start()).toEqual([]);
  expect(greeted()).toContain(`first token   ${file}`);
  const [only] = store.tokens.ofUser(store.users.first()!.id);
  // That a start looks at it is no use of it.
  expect(only).toMatchObject({ scope: 'admin', lastUsedAt: null });
});

test('used and still there, every start says so, until the file is removed', () => {
  start();
  const made = text();
  expect(store.tokens.find(made)?.user.admin).toBe(true);
  for (const _start of [1, 2]) {
    const [told, ...more] = start();
    expect(more).toEqual([]);
    expect(told).toMatch(
      /still in \S+admin-token, .*though somebody has used it\. Remove the file: rm .*server:token/,
    );
    expect(told).not.toContain(made);
  }
  rmSync(file);
  expect(start()).toEqual([]);
  expect(greeted()).not.toContain('first token');
});

test('one that was renewed or revoked is removed, which the start says', () => {
  const gone = [
    expect.stringMatching(/admin-token was good no more, so the file was removed \(.*server:token/),
  ];
  start();
  store.tokens.renew(store.tokens.look(text())!.id);
  expect(greeted()).toContain('first token');
  expect(start()).toEqual(gone);
  expect(existsSync(file)).toBe(false);
  expect(greeted()).not.toContain('first token');
  writeFileSync(file, '');
  expect(start()).toEqual(gone);
  expect(start()).toEqual([]);
});

test('where its file is gone server:token makes another, with the same rights', async () => {
  start();
  const first = text();
  rmSync(file);
  vi.stubEnv('TWELVE_DATA', folder);
  const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    expect(await serverToken([])).toBe(0);
    const other = printed.mock.calls.flat().join('').trim();
    expect(other).not.toBe(first);
    for (const token of [first, other])
      expect(store.tokens.find(token)).toMatchObject({ token: { scope: 'admin' }, user: { admin: true } });
  } finally {
    printed.mockRestore();
    vi.unstubAllEnvs();
  }
  expect(start()).toEqual([]);
  expect(existsSync(file)).toBe(false);
});
