// The platform's database held by another program: a backup tool, a person with a SQLite shell.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { push, type Row, twelve } from './row.ts';
import { start } from './starts.ts';

/** Nothing can be written to it until it is closed. */
function hold(dataFolder: string): { close(): unknown } {
  mkdirSync(dataFolder, { recursive: true });
  const database = new SQLite(join(dataFolder, 'twelve.db'));
  database.pragma('journal_mode = WAL');
  database.exec('BEGIN IMMEDIATE');
  return database;
}

function whileHeld(act: Row['act']): Row['act'] {
  return async (on) => {
    const database = hold(on.platform.dataFolder);
    try {
      return await act(on);
    } finally {
      database.close();
    }
  };
}

const says = /Another program holds the platform's database, twelve\.db in its data folder/;

export const held: Row[] = [
  {
    what: 'a config change',
    act: whileHeld(twelve(['config:set', 'GREETING=hey', '-a', 'hello'])),
    ends: 'exit 1',
    says,
  },
  { what: 'a new app', act: whileHeld(twelve(['apps:create', 'later', '-n'])), ends: 'exit 1', says },
  { what: 'a scale', act: whileHeld(twelve(['ps:scale', 'web=2', '-a', 'hello'])), ends: 'exit 1', says },
  {
    what: 'a push',
    // By force: rows before this one have deployed another history.
    act: whileHeld(push({ 'note.txt': 'later' }, '--force', 'platform', 'attempt:main')),
    ends: 'exit 1',
    says,
  },
  {
    what: 'a server that starts',
    async act(on) {
      let database: { close(): unknown } | undefined;
      const starting = start((_on, folder) => {
        database = hold(join(folder, 'data'));
        return {};
      });
      try {
        return await starting(on);
      } finally {
        database?.close();
      }
    },
    ends: 'exit 1',
    says,
  },
];
