// The stored login: one token per server, and which server is meant. Readable by its owner alone.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './errors.ts';

export interface Logins {
  /** URL of the server that commands go to. */
  current: string | null;
  /** With the certificate (PEM) of the authority that vouches for the server, where the system knows none that does. */
  hosts: Record<string, { token: string; email: string; authority?: string }>;
}

/** @throws CliError when the file is there and cannot be understood */
export function readLogins(folder: string): Logins {
  const path = join(folder, 'login.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, hosts: {} };
    throw new CliError(`The login in ${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    const { current, hosts } = JSON.parse(text) as Partial<Logins>;
    return { current: typeof current === 'string' ? current : null, hosts: { ...hosts } };
  } catch {
    throw new CliError(`${path} is damaged. Remove it and log in again: twelve login <url>`);
  }
}

/** Whole or not at all: a reader never sees half of it. */
export function writeLogins(folder: string, logins: Logins): void {
  const path = join(folder, 'login.json');
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CliError(`The login cannot be stored in ${path}: ${(error as Error).message}`);
  }
}
