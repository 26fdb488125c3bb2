// What the CLI takes from its environment; no other file of the CLI looks there.
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Environment {
  /** `TWELVE_URL`, `TWELVE_TOKEN`: before the stored login. */
  url: string | undefined;
  token: string | undefined;
  /** `TWELVE_APP`: after `--app`, before the git remote. */
  app: string | undefined;
  /** Where the login is kept. */
  configFolder: string;
  /** Where is kept what can be asked for again. */
  cacheFolder: string;
  /** May output to a terminal be coloured? */
  color: boolean;
  /** Is there a desktop to open a browser on? */
  desktop: boolean;
  /** The terminal's kind, for one-off processes. */
  term: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @param env process.env */
export function readEnvironment(env: Variables): Environment {
  return {
    url: env['TWELVE_URL'] || undefined,
    token: env['TWELVE_TOKEN'] || undefined,
    app: env['TWELVE_APP'] || undefined,
    configFolder: join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'twelve'),
    cacheFolder: join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'twelve'),
    color: !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    desktop: process.platform === 'darwin' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']),
    term: env['TERM'] || undefined,
  };
}
