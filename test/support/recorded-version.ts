// The data folder of a platform of the first version, as that version left it: recorded once, by record-first-version.ts.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FirstLife } from './first-life.ts';

export const recordedFile = join(import.meta.dirname, 'first-version.tar.gz');

/** What that version said of it, and its first token. */
export interface Recorded extends FirstLife {
  token: string;
}

/** Writes it into the folder, which may be missing. */
export function unpackRecorded(folder: string): Recorded {
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', recordedFile, '-C', folder]);
  return JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as Recorded;
}
