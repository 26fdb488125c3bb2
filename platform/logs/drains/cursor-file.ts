// How far a drain has delivered, in a file beside its app's log: what a killed server knew is there for the next one.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface DrainCursor {
  /** All up to this sequence number is delivered, or counted as lost. */
  sequence: number;
  delivered: number;
  lost: number;
  /** Of what was dropped further on, how much was said in the stream: not once more after a restart. */
  told: number;
  /** A batch up to this one is on its way: if it has to be sent again, then as it was. */
  sending: number | null;
  /** Up to this one lines were handed over before the drain had to go back. */
  handed: number;
}

/** @returns undefined when there is none @throws Error when it cannot be read: how far it was is not known then */
export function readCursor(path: string): DrainCursor | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { sequence, delivered, lost, told = 0, sending = null, handed = 0 } = JSON.parse(text) as DrainCursor;
  if (![sequence, delivered, lost, told, handed].every(Number.isSafeInteger))
    throw new Error('It holds no numbers.');
  return { sequence, delivered, lost, told, sending, handed };
}

/** Less than a disk's sector, so that it is written as a whole or not at all; more than six numbers take. */
const cursorBytes = 256;

const textOf = (cursor: DrainCursor): string => JSON.stringify(cursor).padEnd(cursorBytes);

/**
 * A new file, in place of whatever is there.
 * @param durably also by a power cut: without its first one a drain would be taken for a new one
 */
export function writeCursor(path: string, cursor: DrainCursor, durably = false): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, textOf(cursor), { mode: 0o600 });
  if (durably) toDisk(`${path}.new`);
  renameSync(`${path}.new`, path);
  if (durably) toDisk(folder);
}

/**
 * In the file that is there, many times a second: a rename would make the file system write the new file out at once,
 * which holds up the log router's thread.
 */
export function updateCursor(path: string, cursor: DrainCursor): void {
  let file: number;
  try {
    file = openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    writeCursor(path, cursor, true);
    return;
  }
  try {
    writeSync(file, textOf(cursor), 0);
  } finally {
    closeSync(file);
  }
}

function toDisk(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function removeCursor(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}.new`, { force: true });
}
