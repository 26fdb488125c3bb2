// How far a drain has delivered, in a file beside its app's log: what a killed server knew is there for the next one.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface DrainCursor {
  /** All up to this sequence number is delivered, or counted as lost. */
  sequence: number;
  delivered: number;
  lost: number;
  /** A batch up to this one is on its way: if it has to be sent again, then as it was. */
  sending: number | null;
}

/** @returns undefined when there is none, or it cannot be read */
export function readCursor(path: string): DrainCursor | undefined {
  try {
    const { sequence, delivered, lost, sending } = JSON.parse(readFileSync(path, 'utf8')) as DrainCursor;
    const known = [sequence, delivered, lost].every(Number.isSafeInteger);
    return known ? { sequence, delivered, lost, sending: sending ?? null } : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all, wherever it is interrupted. */
export function writeCursor(path: string, cursor: DrainCursor): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, JSON.stringify(cursor), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeCursor(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}.new`, { force: true });
}
