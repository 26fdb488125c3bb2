// The engine's log files of one container as one stream: through rotations, and from a stored cursor on.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import type { Cursor } from './app-log.ts';

export interface SpoolFile {
  descriptor: number;
  inode: string;
  /** Everything before it is stored. */
  offset: number;
  /** Hash of the first entry and its length; empty until that was read. */
  fingerprint: string;
  firstBytes: number;
  /** Lines between the file before and this one were rotated away unread. */
  lossBefore: boolean;
  /** The offset is not at the start of an entry: go on after the next newline. */
  amidst: boolean;
}

export interface Spool {
  /** Takes note of rotations. Cheap: one `stat` when nothing happened. Throws what opening a file throws, except that it is missing. */
  look(): void;
  /** The file to read from; undefined while there is none. */
  current(): SpoolFile | undefined;
  /** The engine has moved on to another file, so this one will not grow. */
  isFinal(): boolean;
  /** Whether the file has bytes beyond the offset, as of the last look. */
  hasMore(): boolean;
  /** Done with the current file. */
  advance(): void;
  close(): void;
}

/** Files held open for being read later; beyond it rotation may overtake us, and that is announced. */
const mostOpen = 8;

/**
 * Open files are pinned: their inode number is not reused and their bytes stay readable after the engine has deleted
 * them. So each generation has to be opened in time, not read in time.
 */
export function createSpool(path: string, cursor: Cursor | undefined): Spool {
  const chain: SpoolFile[] = [];
  let begun = false;
  let size = 0;

  function look(): void {
    const newest = chain.at(-1);
    const found = statIfThere(path);
    if (newest) {
      if (found && inodeOf(found) === newest.inode) {
        if (chain.length === 1) size = found.size;
        if (found.size < newest.offset) cutShort(newest);
        return;
      }
      if (!found || chain.length >= mostOpen) {
        if (chain.length === 1) size = fstatSync(newest.descriptor).size;
        return;
      }
    }
    extend(newest);
    if (chain[0]) size = fstatSync(chain[0].descriptor).size;
  }

  /** With a single file allowed, the engine empties it instead of renaming it. */
  function cutShort(file: SpoolFile): void {
    Object.assign(file, { offset: 0, fingerprint: '', firstBytes: 0, lossBefore: true, amidst: false });
  }

  /** Opens all generations newer than the one known. */
  function extend(known: SpoolFile | undefined): void {
    const { files, reached } = openNewerThan(path, known?.inode);
    if (files.length === 0) return;
    if (known) {
      files[0]!.lossBefore = !reached;
      chain.push(...files);
    } else chain.push(...(begun ? files : begin(files)));
    begun = true;
  }

  /** The first look: where the cursor left off, or from the oldest file. */
  function begin(files: SpoolFile[]): SpoolFile[] {
    if (!cursor) return files;
    const index = files.findIndex((file) => matches(file, cursor));
    const file = files[index];
    if (!file) {
      files[0]!.lossBefore = true;
      return files;
    }
    for (const older of files.slice(0, index)) closeSync(older.descriptor);
    file.fingerprint = cursor.fingerprint;
    file.firstBytes = cursor.firstBytes;
    // Shorter than what was read: a power cut took its end, whose lines we have.
    file.offset = Math.min(cursor.offset, fstatSync(file.descriptor).size);
    file.amidst = file.offset > 0 && byteAt(file, file.offset - 1) !== 0x0a;
    return files.slice(index);
  }

  return {
    look,
    current: () => chain[0],
    isFinal: () => chain.length > 1,
    hasMore: () => chain[0] !== undefined && size > chain[0].offset,
    advance() {
      const file = chain.shift();
      if (file) closeSync(file.descriptor);
      if (chain[0]) size = fstatSync(chain[0].descriptor).size;
    },
    close() {
      for (const file of chain) closeSync(file.descriptor);
      chain.length = 0;
    },
  };
}

/** @param first the first bytes of the file, up to the end of its first entry */
export function fingerprintOf(first: Buffer): string {
  return createHash('sha256').update(first).digest('hex').slice(0, 32);
}

interface Newer {
  /** Oldest first. */
  files: SpoolFile[];
  /** The known file was met: nothing between it and these was missed. */
  reached: boolean;
}

/**
 * Opens path, path.1, path.2 … until the known file. From new to old, since a rotation in between moves files to where
 * we have yet to look: one may be met twice, none can be missed. After two rotations a file would be met behind one that
 * is older, and be taken for older still; so what was met counts only when the newest is where it was. Otherwise nothing
 * counts for now: the known file stays open, and the next look tries again.
 */
function openNewerThan(path: string, known: string | undefined): Newer {
  for (let tries = 0; tries < 3; tries++) {
    const met = meetNewerThan(path, known);
    if (met.settled) return met;
    for (const file of met.files) closeSync(file.descriptor);
  }
  return { files: [], reached: false };
}

function meetNewerThan(path: string, known: string | undefined): Newer & { settled: boolean } {
  const files: SpoolFile[] = [];
  let reached = false;
  let newest: { path: string; inode: string } | undefined;
  // One number may be vacant while the engine renames.
  for (let number = 0, vacant = 0; vacant < 2 && !reached; number++) {
    const place = number === 0 ? path : `${path}.${number}`;
    const file = openOrLetGo(place, files);
    if (!file) {
      vacant++;
      continue;
    }
    vacant = 0;
    newest ??= { path: place, inode: file.inode };
    reached = file.inode === known;
    if (reached || files.some((other) => other.inode === file.inode)) closeSync(file.descriptor);
    else files.unshift(file);
  }
  return { files, reached, settled: newest === undefined || isThere(newest) };
}

/** It is held open where it was met, so its number was not given to another meanwhile. */
function isThere({ path, inode }: { path: string; inode: string }): boolean {
  const found = statIfThere(path);
  return found !== undefined && inodeOf(found) === inode;
}

/** It is tried again every second: what was opened before one that cannot be must not stay open each time. */
function openOrLetGo(path: string, opened: readonly SpoolFile[]): SpoolFile | undefined {
  try {
    return openIfThere(path);
  } catch (error) {
    for (const file of opened) closeSync(file.descriptor);
    throw error;
  }
}

function openIfThere(path: string): SpoolFile | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const inode = inodeOf(fstatSync(descriptor));
  return {
    descriptor,
    inode,
    offset: 0,
    fingerprint: '',
    firstBytes: 0,
    lossBefore: false,
    amidst: false,
  };
}

function statIfThere(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function inodeOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

function matches(file: SpoolFile, cursor: Cursor): boolean {
  const first = Buffer.alloc(cursor.firstBytes);
  const read = readSync(file.descriptor, first, 0, first.length, 0);
  return read === first.length && fingerprintOf(first) === cursor.fingerprint;
}

function byteAt(file: SpoolFile, offset: number): number {
  const one = Buffer.alloc(1);
  readSync(file.descriptor, one, 0, 1, offset);
  return one[0]!;
}
