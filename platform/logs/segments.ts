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
import { addFrames, type Block } from './blocks.ts';
import { type Frame, readFrame } from './format.ts';
import { type Presser, pressedEnding } from './press.ts';
import { blocksOf, readPiece, type Segment, unlessDamaged } from './segment-file.ts';

export interface Shelf {
  /** Oldest first; the last one is being written. */
  readonly segments: readonly Segment[];
  /** Highest sequence number found when it was opened. */
  readonly lastFound: number;
  /** On the disk. */
  bytes(): number;
  /** Whether the newest segment can take more, and has less than so many bytes. */
  hasRoom(bytes: number): boolean;
  /** Segments that get no further line are compressed when there is time. */
  pressClosed(presser: Presser): void;
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
  let closed = false;
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
    segments.push({ path, first, before: total, bytes: 0, pressed: false, index: [] });
  }

  function append(frames: Buffer, lines: number): void {
    const segment = newest()!;
    const index = indexOf(segment);
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
    addFrames(index, frames, segment.bytes, true);
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
    segment.index = undefined;
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

  function pressClosed(presser: Presser): void {
    for (const segment of segments.slice(0, -1))
      presser.add(
        segment,
        () => !closed && segments.includes(segment),
        (more) => {
          bytes += more;
        },
      );
  }

  return {
    segments,
    lastFound: recovered.last,
    bytes: () => bytes,
    hasRoom(most) {
      const segment = newest();
      return segment !== undefined && !segment.pressed && segment.bytes < most;
    },
    pressClosed,
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
      closed = true;
      release();
      await Promise.all(pending);
    },
  };
}

/** `<first sequence>-<lines before>.<kind>`: all that has to be known of an old segment stands in its name. */
function segmentName(first: number, before: number, kind: string): string {
  return `${String(first).padStart(15, '0')}-${before}.${kind}`;
}

/** Of the newest, which is kept as it grows. */
function indexOf(segment: Segment): Block[] {
  blocksOf(segment);
  return segment.index!;
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
    const match = /^(\d{15,16})-(\d+)\.([a-z]+)(-pressed|-pressing)?$/.exec(name);
    if (match?.[3] !== kind) continue;
    const path = join(folder, name);
    const pressed = match[4] === pressedEnding;
    // Killed while it was pressed: begun and not whole, or whole and the original still there.
    if (pressed ? false : match[4] !== undefined || names.includes(name + pressedEnding)) {
      unlinkSync(path);
      continue;
    }
    const [first, before] = [Number(match[1]), Number(match[2])];
    found.push({ path, first, before, bytes: statSync(path).size, pressed, index: undefined });
  }
  return found.sort((a, b) => a.first - b.first || a.before - b.before);
}

/** Cuts what a kill left unfinished. A newest segment without one whole frame never counted; the one before it does. */
function recover(segments: Segment[], onFrame: ShelfNeeds['onFrame']): { last: number; lines: number } {
  for (;;) {
    const segment = segments[segments.length - 1];
    if (!segment) return { last: 0, lines: 0 };
    const found = segment.pressed ? readPressed(segment, onFrame) : readRaw(segment, onFrame);
    if (found) return found;
    unlinkSync(segment.path);
    segments.pop();
  }
}

interface Recovered {
  last: number;
  lines: number;
}

function readRaw(segment: Segment, onFrame: ShelfNeeds['onFrame']): Recovered | undefined {
  const bytes = readFileSync(segment.path);
  const state = { last: segment.first - 1, lines: segment.before };
  const whole = readFrames(bytes, state, onFrame);
  if (whole === 0) return undefined;
  if (whole < bytes.length) truncateSync(segment.path, whole);
  segment.bytes = whole;
  segment.index = [];
  addFrames(segment.index, bytes.subarray(0, whole), 0, true);
  return state;
}

/** The newest file was lost to a power cut, and it is the one before. What is damaged in it keeps its numbers. */
function readPressed(segment: Segment, onFrame: ShelfNeeds['onFrame']): Recovered | undefined {
  const state = { last: segment.first - 1, lines: segment.before };
  const blocks = blocksOf(segment);
  for (const { start, last, lines } of blocks) {
    const after = { last: Math.max(state.last, last), lines: state.lines + lines };
    const piece = unlessDamaged(() => readPiece(segment, start));
    if (piece) readFrames(piece.bytes, state, onFrame);
    Object.assign(state, after);
  }
  return blocks.length > 0 ? state : undefined;
}

/** @returns where the first frame begins that is not whole */
function readFrames(bytes: Buffer, state: Recovered, onFrame: ShelfNeeds['onFrame']): number {
  let at = 0;
  for (;;) {
    const frame = readFrame(bytes, at, bytes.length);
    if (frame === null || 'needs' in frame) return at;
    onFrame(bytes, frame);
    if (frame.lines > 0) state.last = frame.last;
    state.lines += frame.lines;
    at += frame.length;
  }
}
