// The stored login: one token per server, and which server is meant; and how files are written that their owner alone may read.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

export function writeLogins(folder: string, logins: Logins): void {
  const path = join(folder, 'login.json');
  try {
    writeWhole(path, `${JSON.stringify(logins, null, 2)}\n`);
  } catch (error) {
    throw new CliError(`The login cannot be stored in ${path}: ${(error as Error).message}`);
  }
}

/** Whole or not at all: a reader never sees half of it. Its folder is made where there is none. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  // Of a process that had our number and did not come to its end.
  rmSync(draft, { force: true });
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
