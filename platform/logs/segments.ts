// One shelf of an app's log: append-only segment files, dropped from the old end, whole again after any kill.
import {
  closeSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Frame, readFrame } from './format.ts';

export interface Segment {
  path: string;
  /** No line in it has a lower sequence number. */
  first: number;
  /** Lines this shelf had taken before it. */
  before: number;
  bytes: number;
}

export interface Shelf {
  /** Oldest first; the last one is being written. */
  readonly segments: readonly Segment[];
  /** Highest sequence number found when it was opened. */
  readonly lastFound: number;
  bytes(): number;
  /** Lines taken since the shelf began; what is kept is this minus `segments[0].before`. */
  lines(): number;
  /** Begins a new segment. */
  roll(first: number): void;
  /** All of the frames, or (throwing) nothing of them. */
  append(frames: Buffer, lines: number): void;
  /** Takes the last append back. */
  undo(): void;
  dropOldest(): void;
  /** On the disk, power cuts included. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface ShelfNeeds {
  folder: string;
  /** File name ending: which shelf it is. */
  kind: string;
  /** Every good frame of the newest segment, when the shelf is opened. */
  onFrame(bytes: Buffer, frame: Frame): void;
}

export function openShelf({ folder, kind, onFrame }: ShelfNeeds): Shelf {
  const segments = listSegments(folder, kind);
  const recovered = recover(segments, onFrame);
  let total = recovered.lines;
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  let descriptor = -1;
  let undoable = { bytes: 0, lines: 0 };
  let dirty = false;
  const pending = new Set<Promise<void>>();

  const newest = (): Segment | undefined => segments[segments.length - 1];

  function writable(): number {
    if (descriptor < 0) descriptor = openSync(newest()!.path, 'r+');
    return descriptor;
  }

  /** Data to the disk without holding up this thread. */
  function flushed(fd: number): Promise<void> {
    if (!dirty) return Promise.resolve();
    dirty = false;
    const done = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => {
        if (!error) return resolve();
        dirty = true;
        reject(error);
      });
    });
    const settled = done
      .catch(() => {})
      .then(() => {
        pending.delete(settled);
      });
    pending.add(settled);
    return done;
  }

  function release(): void {
    const fd = descriptor;
    if (fd < 0) return;
    descriptor = -1;
    flushed(fd)
      .catch(() => {})
      .then(() => Promise.all(pending))
      .finally(() => closeSync(fd));
  }

  function roll(first: number): void {
    const current = newest();
    if (current?.first === first && current.before === total) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, segmentName(first, total, kind));
    const fd = openSync(path, 'w', 0o600);
    release();
    descriptor = fd;
    segments.push({ path, first, before: total, bytes: 0 });
  }

  function append(frames: Buffer, lines: number): void {
    const segment = newest()!;
    const fd = writable();
    dirty = true;
    try {
      let written = 0;
      while (written < frames.length)
        written += writeSync(fd, frames, written, frames.length - written, segment.bytes + written);
    } catch (error) {
      ftruncateSync(fd, segment.bytes);
      throw error;
    }
    segment.bytes += frames.length;
    bytes += frames.length;
    total += lines;
    undoable = { bytes: frames.length, lines };
  }

  function undo(): void {
    const segment = newest()!;
    segment.bytes -= undoable.bytes;
    bytes -= undoable.bytes;
    total -= undoable.lines;
    undoable = { bytes: 0, lines: 0 };
    ftruncateSync(writable(), segment.bytes);
  }

  function dropOldest(): void {
    const segment = segments.shift();
    if (!segment) return;
    bytes -= segment.bytes;
    try {
      unlinkSync(segment.path);
    } catch {
      // Gone already, or to be found and dropped at the next start: no reason to refuse new lines.
    }
  }

  return {
    segments,
    lastFound: recovered.last,
    bytes: () => bytes,
    lines: () => total,
    roll,
    append,
    undo,
    dropOldest,
    async sync() {
      if (descriptor >= 0) await flushed(descriptor);
      await Promise.all(pending);
    },
    async close() {
      release();
      await Promise.all(pending);
    },
  };
}

/** `<first sequence>-<lines before>.<kind>`: all that has to be known of an old segment stands in its name. */
function segmentName(first: number, before: number, kind: string): string {
  return `${String(first).padStart(15, '0')}-${before}.${kind}`;
}

function listSegments(folder: string, kind: string): Segment[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const found: Segment[] = [];
  for (const name of names) {
    const match = /^(\d{15,16})-(\d+)\.([a-z]+)$/.exec(name);
    if (match?.[3] !== kind) continue;
    const path = join(folder, name);
    found.push({ path, first: Number(match[1]), before: Number(match[2]), bytes: statSync(path).size });
  }
  return found.sort((a, b) => a.first - b.first || a.before - b.before);
}

/** Cuts what a kill left unfinished. A newest segment without one whole frame never counted; the one before it does. */
function recover(segments: Segment[], onFrame: ShelfNeeds['onFrame']): { last: number; lines: number } {
  for (;;) {
    const segment = segments[segments.length - 1];
    if (!segment) return { last: 0, lines: 0 };
    const bytes = readFileSync(segment.path);
    let at = 0;
    let last = segment.first - 1;
    let lines = segment.before;
    for (;;) {
      const frame = readFrame(bytes, at, bytes.length);
      if (frame === null || 'needs' in frame) break;
      onFrame(bytes, frame);
      if (frame.lines > 0) last = frame.last;
      lines += frame.lines;
      at += frame.length;
    }
    if (at > 0) {
      if (at < bytes.length) truncateSync(segment.path, at);
      segment.bytes = at;
      return { last, lines };
    }
    unlinkSync(segment.path);
    segments.pop();
  }
}
