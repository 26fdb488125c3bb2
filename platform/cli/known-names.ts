// Names that the server knows, for completion: asked for at most a second, and remembered for a while.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { timeLimit } from '../domain/time-limit.ts';
import { appPath, type World } from './command.ts';
import { findApp, findServer, openServer } from './context.ts';
import { writeWhole } from './login-file.ts';

export interface Known {
  apps(): Promise<string[]>;
  /** Of the app that the words name, or that is meant here. */
  types(words: readonly string[]): Promise<string[]>;
  /** `web.1`, `run.4821`. */
  processes(words: readonly string[]): Promise<string[]>;
  sizes(): Promise<string[]>;
}

/** By the server's URL and the path. */
type Remembered = Record<string, { at: number; names: string[] }>;

const freshMs = 30_000;
const patienceMs = 1000;
const most = 50;

/** Where the server does not answer, what it said last is taken, or nothing. */
export function createKnown(world: World): Known {
  const file = join(world.env.cacheFolder, 'completion.json');

  async function names(path: string, field: string): Promise<string[]> {
    const { url, token } = findServer(world.env);
    // For another user of the same server there may be other apps. A token itself is not written down.
    const whose = createHash('sha256')
      .update(token ?? '')
      .digest('hex')
      .slice(0, 8);
    const key = `${url}${path} ${whose}`;
    const remembered = read(file);
    const last = remembered[key];
    if (last && Date.now() - last.at < freshMs) return last.names;
    try {
      const client = openServer(world.env, { signal: timeLimit(patienceMs), warn: () => undefined });
      const list = await client.list<Record<string, unknown>>(path);
      const found = list.map((one) => String(one[field]));
      write(file, { ...remembered, [key]: { at: Date.now(), names: found } });
      return found;
    } catch {
      return last?.names ?? [];
    }
  }

  const ofApp = async (words: readonly string[], part: string, field: string): Promise<string[]> => {
    const app = await findApp(world, {
      app: valueIn(words, 'app', 'a'),
      remote: valueIn(words, 'remote', 'r'),
    });
    return await names(`${appPath(app)}/${part}`, field);
  };

  return {
    apps: () => names('/apps', 'name'),
    types: (words) => ofApp(words, 'formation', 'type'),
    processes: (words) => ofApp(words, 'dynos', 'name'),
    sizes: () => names('/dyno-sizes', 'name'),
  };
}

function valueIn(words: readonly string[], long: string, short: string): string | undefined {
  const joined = words.find((word) => word.startsWith(`--${long}=`));
  if (joined) return joined.slice(long.length + 3);
  const index = words.findIndex((word) => word === `--${long}` || word === `-${short}`);
  return index < 0 ? undefined : words[index + 1];
}

function read(file: string): Remembered {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Remembered;
  } catch {
    return {};
  }
}

/** Where it cannot be, the server is asked again next time. */
function write(file: string, all: Remembered): void {
  const newest = Object.entries(all).sort(([, a], [, b]) => b.at - a.at);
  try {
    writeWhole(file, JSON.stringify(Object.fromEntries(newest.slice(0, most))));
  } catch {
    // Completion works without.
  }
}
