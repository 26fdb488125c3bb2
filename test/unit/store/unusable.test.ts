// A data folder whose files cannot be used: another user's, damaged, or no files at all. Each is a sentence with what to do.
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { readInstance, requireOurFiles } from '../../../platform/store/data-folder.ts';
import { clearly } from '../../../platform/store/failures.ts';
import { openStore } from '../../../platform/store/store.ts';

let folder: string;
const file = (name = 'twelve.db'): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-unusable-'));
  openStore({ folder, create: true }).close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a server that starts on the folder says. */
function refusal(work: () => unknown = () => openStore({ folder, create: true })): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(PlatformError);
    expect(error).toMatchObject({ code: 'service_unavailable' });
    return (error as Error).message;
  }
  throw new Error('it opened');
}

const unwritable =
  /twelve\.db in its data folder, cannot be opened or written\. .*the user that the server runs as/;
const damaged = /twelve\.db in its data folder, is damaged\. .*restore a backup \(twelve server:restore\)/;

test('a database that is none, and one whose schema or pages are damaged', () => {
  const whole = readFileSync(file());
  writeFileSync(file(), 'no database at all\n'.repeat(500));
  expect(refusal()).toMatch(damaged);
  // Behind the header, which tells the version of the schema: the page that has the schema.
  writeFileSync(file(), Buffer.from(whole).fill(0xa5, 100, 4096));
  expect(refusal()).toMatch(damaged);
  // All but the first page: it opens, and what is read is damaged.
  writeFileSync(file(), Buffer.from(whole).fill(0xa5, 4096));
  expect(refusal(() => openStore({ folder, create: true }).users.create('ada@example.com'))).toMatch(damaged);
});

test('a database that can only be read, and a folder in its place', () => {
  const database = new SQLite(file(), { readonly: true });
  const change = (): unknown => database.exec("DELETE FROM users WHERE id = 'x'");
  expect(refusal(() => clearly(change))).toMatch(unwritable);
  database.close();
  rmSync(file());
  mkdirSync(file());
  expect(refusal()).toMatch(unwritable);
});

test('a disk that fails is called so', () => {
  const fails = (code: string) => (): never => {
    throw Object.assign(new Error('disk I/O error'), { code });
  };
  expect(refusal(() => clearly(fails('SQLITE_IOERR_WRITE')))).toMatch(/^The disk .* fails: .*\(dmesg\)/);
  expect(() => clearly(fails('SQLITE_CONSTRAINT'))).toThrow('disk I/O error');
});

test.each(['twelve.db', 'twelve.db-wal', 'twelve.db-shm'])(
  '%s of another user is named, with the command',
  (name) => {
    const data = join(folder, 'data');
    mkdirSync(data);
    writeFileSync(join(data, name), '');
    const owner = process.getuid!();
    expect(refusal(() => requireOurFiles(data, owner + 1))).toBe(
      `The server, which runs as the user ${owner + 1}, cannot use ${data}/${name} (it belongs to the user ${owner}). The data folder and what is in it have to belong to that user (chown --reference=${data} ${data}/${name}), on a disk that can be written.`,
    );
    requireOurFiles(data, owner);
  },
);

test('root may use what belongs to others; a new folder has nothing to refuse', () => {
  requireOurFiles(mkdtempSync(join(folder, 'new-')), 1000);
  if (process.getuid!() === 0) chownSync(file(), 1000, 1000);
  requireOurFiles(folder, 0);
});

test("the platform's id that cannot be read", () => {
  mkdirSync(file('instance'));
  expect(refusal(() => readInstance(file('instance')))).toMatch(/cannot use \S+\/instance \(EISDIR\)\. /);
});
