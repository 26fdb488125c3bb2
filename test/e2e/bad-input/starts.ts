// What is wrong when a server starts beside the one that runs: settings, folders, ports, the engine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeInstance } from '../../support/engine-socket.ts';
import { run } from '../../support/program.ts';
import { root } from '../../support/server-process.ts';
import { type Ground, type Row, told } from './row.ts';

const fails = { ends: 'exit 1' } as const;

/** A server of the platform's own settings but these, with a data folder of its own, to its end. */
export function start(settings: (on: Ground, folder: string) => Record<string, string>): Row['act'] {
  return async (on) => {
    const folder = await mkdtemp(join(tmpdir(), 'twelve-start-'));
    try {
      const { PATH = '', HOME = '' } = process.env;
      const env = {
        ...{ PATH, HOME },
        TWELVE_DATA: join(folder, 'data'),
        TWELVE_RUN: join(folder, 'run'),
        TWELVE_API: '127.0.0.1:0',
        TWELVE_HTTP: `127.0.0.1:${on.platform.httpPort}`,
        ...(process.env['TWELVE_ENGINE'] ? { TWELVE_ENGINE: process.env['TWELVE_ENGINE'] } : {}),
        ...settings(on, folder),
      };
      const ended = await run('timeout', ['60', process.execPath, join(root, 'dist', 'main.js')], { env });
      return { ...told(ended), text: ended.stderr };
    } finally {
      const instance = await readFile(join(folder, 'data', 'instance'), 'utf8').catch(() => '');
      if (instance) await removeInstance(instance.trim());
      await rm(folder, { recursive: true, force: true });
    }
  };
}

const setting = (name: string, value: string): Row['act'] => start(() => ({ [name]: value }));

/** One of each kind; test/unit/config.test.ts has them all. */
export const settings: Row[] = [
  {
    what: 'TWELVE_HTTP=abc',
    act: setting('TWELVE_HTTP', 'abc'),
    ...fails,
    says: /TWELVE_HTTP is "abc"; it must be <address>:<port>/,
  },
  {
    what: 'TWELVE_REGISTRY for everybody',
    act: setting('TWELVE_REGISTRY', '0.0.0.0:5000'),
    ...fails,
    says: /must be a 127\.x\.x\.x address/,
  },
  {
    what: 'TWELVE_NETWORKS that is too small',
    act: setting('TWELVE_NETWORKS', '10.0.0.0/30'),
    ...fails,
    says: /must be an IPv4 range such as/,
  },
  {
    what: 'TWELVE_BOOT_TIMEOUT in words',
    act: setting('TWELVE_BOOT_TIMEOUT', 'soon'),
    ...fails,
    says: /must be a whole number of seconds/,
  },
  {
    what: 'TWELVE_CA_FILE that is not there',
    act: setting('TWELVE_CA_FILE', '/nowhere.pem'),
    ...fails,
    says: /"\/nowhere\.pem", which does not exist/,
  },
];

export const surroundings: Row[] = [
  {
    what: 'no engine',
    act: setting('TWELVE_ENGINE', '/nonexistent'),
    ...fails,
    says: /No container engine answers at \/nonexistent\. Start Docker .*, or set TWELVE_ENGINE/,
  },
  {
    what: 'a file for an engine',
    act: setting('TWELVE_ENGINE', '/etc/hostname'),
    ...fails,
    says: /No container engine answers at \/etc\/hostname/,
  },
  {
    what: 'a data folder that is a file',
    act: start((_on, folder) => ({ TWELVE_DATA: dataFile(folder) })),
    ...fails,
    says: /The folder \S+ cannot be written .*set TWELVE_DATA/,
  },
  {
    what: 'a data folder that may only be read',
    act: readOnly,
    ...fails,
    says: /The folder \S+ cannot be written \(E(ACCES|ROFS|PERM)\)\. Run the server as root, or set TWELVE_DATA/,
  },
  {
    what: "a database that is another user's",
    act: othersDatabase,
    ...fails,
    says: /which runs as the user \d+, cannot use \S+twelve\.db \((it belongs to the user 0|EACCES)\)\. .*chown --reference=/,
  },
  {
    what: 'a database that is none',
    act: start((_on, folder) => ({ TWELVE_DATA: withDatabase(join(folder, 'data'), 0o600) })),
    ...fails,
    says: /twelve\.db in its data folder, is damaged\. .*restore a backup \(twelve server:restore\)/,
  },
  {
    what: 'the data folder of a server that runs',
    act: start(({ platform }) => ({ TWELVE_DATA: platform.dataFolder })),
    ...fails,
    says: /Another Twelve server is running on the data folder \S+\. Stop it first, or set TWELVE_DATA/,
  },
  {
    what: "a port of the API's that is taken",
    act: start(({ platform }) => ({ TWELVE_API: new URL(platform.url).host })),
    ...fails,
    says: /The API cannot listen on 127\.0\.0\.1:\d+: another program uses that port\. Stop it, or set TWELVE_API/,
  },
  {
    what: "a port of the API's over TLS that is taken",
    act: start(({ platform }) => ({ TWELVE_API_TLS: new URL(platform.url).host })),
    ...fails,
    says: /The API cannot listen on 127\.0\.0\.1:\d+: another program uses that port\. Stop it, or set TWELVE_API_TLS/,
  },
  {
    what: "a port of the registry's that is taken",
    act: start(({ platform }) => ({ TWELVE_REGISTRY: new URL(platform.url).host })),
    ...fails,
    says: /The registry that the engine pulls from cannot listen on 127\.0\.0\.1:\d+: another program uses that port\. Stop it, or set TWELVE_REGISTRY/,
  },
  {
    what: 'an address that is not ours',
    act: setting('TWELVE_API', '203.0.113.1:80'),
    ...fails,
    says: /The API cannot listen on 203\.0\.113\.1:80: this machine has no such address\. Set TWELVE_API to one/,
  },
  {
    what: "a port of the router's that is taken",
    act: start(() => ({})),
    ...fails,
    says: /Port \d+ on 127\.0\.0\.1 is taken by another program, so the router cannot listen there\..*set TWELVE_HTTP to/,
  },
  {
    what: "a port of the router's over TLS that is taken",
    act: start(({ platform }) => ({
      TWELVE_HTTP: '127.0.0.1:0',
      TWELVE_HTTPS: `127.0.0.1:${platform.httpPort}`,
    })),
    ...fails,
    says: /Port \d+ on 127\.0\.0\.1 is taken by another program, so the router cannot listen there\..*set TWELVE_HTTPS to/,
  },
];

function dataFile(folder: string): string {
  const file = join(folder, 'data-file');
  writeFileSync(file, 'not a folder');
  return file;
}

/** A data folder that was used before has one: without it a server that finds a database does not start. */
export function withKey(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'secret.key'), `${'ab'.repeat(32)}\n`, { mode: 0o644 });
  return folder;
}

/** With its key, and a file that no database is. @returns the data folder */
function withDatabase(folder: string, mode: number): string {
  withKey(folder);
  writeFileSync(join(folder, 'twelve.db'), 'no database at all\n'.repeat(500), { mode });
  return folder;
}

/** Whose folder may be written by everybody, and the file in it not. */
async function othersDatabase(): ReturnType<Row['act']> {
  return await asNobody(async (folder) => await chmod(withDatabase(folder, 0), 0o777));
}

async function readOnly(): ReturnType<Row['act']> {
  return await asNobody(async (folder) => await chmod(folder, 0o555));
}

/** root may read and write anywhere: then the server runs as nobody. */
async function asNobody(prepare: (folder: string) => Promise<void>): ReturnType<Row['act']> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-start-'));
  try {
    await prepare(folder);
    const env = {
      PATH: process.env['PATH'] ?? '',
      TWELVE_DATA: folder,
      TWELVE_RUN: join(folder, 'run'),
      TWELVE_API: '127.0.0.1:0',
    };
    const server = [process.execPath, join(root, 'dist', 'main.js')] as const;
    const ended =
      process.getuid?.() === 0
        ? run('setpriv', ['--reuid=65534', '--clear-groups', ...server], { env })
        : run(server[0], [server[1]], { env });
    return told(await ended);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
