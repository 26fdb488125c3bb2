// The platform's database held by another program: a backup tool, a person with a SQLite shell.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { must } from '../../support/app-repository.ts';
import { eventually } from '../../support/wait.ts';
import { slowBuild } from './engine.ts';
import { type Ground, push, type Row, told, twelve } from './row.ts';
import { start, withKey } from './starts.ts';

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

/** Held from the middle of a build until its push has ended; then the build has an end too. */
async function pushWhileTaken({ platform, hello }: Ground): ReturnType<Row['act']> {
  await must(hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main'));
  await hello.commit(slowBuild(3), 'attempt');
  await using pushing = platform.gitStart(['push', 'platform', '+attempt:main'], { cwd: hello.folder });
  let database: { close(): unknown } | undefined;
  try {
    await pushing.printed(/half way/);
    database = hold(platform.dataFolder);
    return told(await pushing.result);
  } finally {
    database?.close();
    await must(hello.git('checkout', '-q', '-f', 'main'));
    await eventually(
      async () => (await platform.api<{ status: string }[]>('GET', '/apps/hello/builds')).body,
      (builds) => builds.every(({ status }) => status !== 'pending'),
    );
  }
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
    what: 'the end of a build',
    act: pushWhileTaken,
    ends: 'exit 1',
    says: /half way[\s\S]*Another program holds the platform's database[\s\S]*Build failed: v\d+ serves/,
    adds: [/^hello: build \S+ failed$/],
  },
  {
    what: 'a server that starts',
    async act(on) {
      let database: { close(): unknown } | undefined;
      const starting = start((_on, folder) => {
        database = hold(withKey(join(folder, 'data')));
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
