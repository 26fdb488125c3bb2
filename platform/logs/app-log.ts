// One app's log: two shelves under one numbering, and how far every source of it has been read.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type LogSource, nowMicros } from '../domain/log-line.ts';
import { type FrameBuilder, nameOf, visitItems } from './format.ts';
import { type Carry, cutLong } from './joiner.ts';
import type { Presser } from './press.ts';
import { openShelf, type Shelf } from './segments.ts';

/** How far an engine's log of one container has been read and stored. */
export interface Cursor {
  container: string;
  logPath: string;
  /** Hash of the file's first entry, and its length: inode numbers are reused, first entries (they hold the time) are not. */
  fingerprint: string;
  firstBytes: number;
  offset: number;
  carry: Carry;
}

interface SlotCursor extends Cursor {
  slot: number;
}

/** Lines and cursors that are stored together or not at all. */
export interface Batch {
  line(source: LogSource, name: Uint8Array, time: number, text: Buffer, start: number, end: number): void;
  /** For lines that may be longer than the limit: cut there. */
  long(source: LogSource, name: Uint8Array, time: number, text: Buffer, start: number, end: number): void;
  /** For what comes as text: cut at line ends and at the limit. */
  text(source: LogSource, process: string, text: string, time?: number): void;
  cursor(cursor: Cursor): void;
  full(): boolean;
  endFrame(): void;
}

export interface AppLog {
  readonly general: Shelf;
  /** Lines of the platform's router, so that traffic cannot push out what the app printed. */
  readonly router: Shelf;
  /** The last sequence number that is stored. */
  last(): number;
  cursor(container: string): Cursor | undefined;
  /** Stores what `fill` puts into the batch. When it throws, nothing of the batch is stored. */
  append(fill: (batch: Batch) => void): void;
  /** Called after every append, until the returned function is called. */
  onAppend(listener: () => void): () => void;
  sync(): Promise<void>;
  close(): Promise<void>;
  remove(): Promise<void>;
}

export interface AppLogNeeds {
  folder: string;
  budgetBytes: number;
  /** Part of the budget that router lines may fill. */
  routerShare: number;
  builders: { general: FrameBuilder; router: FrameBuilder };
  /** Without it nothing is compressed. */
  presser?: Presser;
}

export const leastLines = 1500;
const maxSlot = 60_000;

export function openAppLog(needs: AppLogNeeds): AppLog {
  const { folder, budgetBytes, routerShare, builders, presser } = needs;
  const segmentBytes = Math.min(4 << 20, Math.max(64 << 10, Math.floor(budgetBytes / 16)));
  const book = createCursorBook();
  const general = openShelf({
    folder,
    kind: 'lines',
    onFrame: (bytes, frame) =>
      visitItems(bytes, frame, { offset: book.restoreOffset, file: book.restoreFile }),
  });
  const router = openShelf({ folder, kind: 'router', onFrame: () => {} });
  const listeners = new Set<() => void>();
  const shelves = [general, router];
  let newest: unknown[] = [];
  let next = Math.max(general.lastFound, router.lastFound) + 1;

  function append(fill: (batch: Batch) => void): void {
    const before = next;
    builders.general.reset();
    builders.router.reset();
    try {
      prepare();
      fill(batch);
      batch.endFrame();
      store(before);
      book.commit();
    } catch (error) {
      next = before;
      book.abandon();
      throw error;
    }
    trim();
    pressClosed();
    for (const listener of listeners) listener();
  }

  /** A segment begins with all cursors, so that opening the log needs to read no older one. */
  function prepare(): void {
    if (!general.hasRoom(segmentBytes) || book.slots() >= maxSlot) general.roll(next);
    else if (general.segments.at(-1)!.bytes > 0) return;
    book.beginSegment((json) => builders.general.file(json));
    builders.general.endFrame(next);
  }

  const batch: Batch = {
    line(source, name, time, text, start, end) {
      const shelf = source === 'twelve' && isRouter(name) ? builders.router : builders.general;
      shelf.line(source, name, time, next++, text, start, end);
    },
    long(source, name, time, text, start, end) {
      const rest = cutLong(text, start, end, (from, to) => batch.line(source, name, time, text, from, to));
      batch.line(source, name, time, text, rest, end);
    },
    text(source, process, text, time = nowMicros()) {
      const name = nameOf(process);
      for (const part of text.split(/\r?\n/)) {
        const bytes = Buffer.from(part);
        batch.long(source, name, time, bytes, 0, bytes.length);
      }
    },
    cursor: (cursor) => book.put(cursor, builders.general),
    full: () => builders.general.full() || builders.router.full(),
    endFrame() {
      builders.general.endFrame(next);
      builders.router.endFrame(next);
    },
  };

  function store(first: number): void {
    const lines = builders.router.frames();
    if (lines.length > 0) {
      if (!router.hasRoom(segmentBytes)) router.roll(first);
      router.append(lines, builders.router.lines());
    }
    try {
      const frames = builders.general.frames();
      if (frames.length > 0) general.append(frames, builders.general.lines());
    } catch (error) {
      if (lines.length > 0) router.undo();
      throw error;
    }
  }

  function trim(): void {
    while (router.segments.length > 1 && router.bytes() > budgetBytes * routerShare) router.dropOldest();
    while (general.segments.length > 1 && general.bytes() + router.bytes() > budgetBytes) {
      if (general.lines() - general.segments[1]!.before < leastLines) break;
      general.dropOldest();
    }
  }

  function pressClosed(): void {
    const now = shelves.map((shelf) => shelf.segments.at(-1));
    if (!presser || now.every((segment, index) => segment === newest[index])) return;
    newest = now;
    for (const shelf of shelves) shelf.pressClosed(presser);
  }
  pressClosed();

  return {
    general,
    router,
    last: () => next - 1,
    cursor: book.get,
    append,
    onAppend(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async sync() {
      await Promise.all([general.sync(), router.sync()]);
    },
    async close() {
      await Promise.all([general.close(), router.close()]);
    },
    async remove() {
      await Promise.all([general.close(), router.close()]);
      // A segment that is being compressed may come into being meanwhile.
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

const routerName = Buffer.from('router');

function isRouter(name: Uint8Array): boolean {
  if (name.length < routerName.length || (name.length > routerName.length && name[routerName.length] !== 0))
    return false;
  for (let i = 0; i < routerName.length; i++) if (name[i] !== routerName[i]) return false;
  return true;
}

/** Cursors as they stand, and the short names (slots) under which the current segment knows them. */
function createCursorBook() {
  let cursors = new Map<string, Cursor>();
  let pending = new Map<string, Cursor>();
  /** Container → its slot in the segment being written, and the file the slot stands for. */
  let slots = new Map<string, { slot: number; fingerprint: string; plain: boolean }>();
  let nextSlot = 0;
  const restored = new Map<number, Cursor>();

  const plain = (cursor: Cursor): boolean => !cursor.carry.stdout && !cursor.carry.stderr;
  /** The engine removes a container's folder with it; the file itself is away for a moment in every rotation. */
  const keep = (cursor: Cursor): boolean => existsSync(dirname(cursor.logPath));

  function declare(cursor: Cursor): string {
    const slot = nextSlot++;
    slots.set(cursor.container, { slot, fingerprint: cursor.fingerprint, plain: plain(cursor) });
    return JSON.stringify({ ...cursor, slot } satisfies SlotCursor);
  }

  return {
    get: (container: string): Cursor | undefined => cursors.get(container),
    slots: () => nextSlot,
    put(cursor: Cursor, builder: FrameBuilder): void {
      pending.set(cursor.container, cursor);
      const known = slots.get(cursor.container);
      if (known?.plain && known.fingerprint === cursor.fingerprint && plain(cursor))
        builder.offset(known.slot, cursor.offset);
      else builder.file(declare(cursor));
    },
    /** Cursors of containers that were removed with their files need not be carried on. */
    beginSegment(file: (json: string) => void): void {
      slots = new Map();
      nextSlot = 0;
      cursors = new Map([...cursors].filter(([, cursor]) => keep(cursor)));
      for (const cursor of cursors.values()) file(declare(cursor));
    },
    commit(): void {
      for (const [container, cursor] of pending) cursors.set(container, cursor);
      pending = new Map();
    },
    /** What was declared may not have been written: declare all again. */
    abandon(): void {
      pending = new Map();
      slots = new Map();
    },
    restoreOffset(slot: number, offset: number): void {
      const cursor = restored.get(slot);
      if (cursor) cursor.offset = offset;
    },
    restoreFile(json: string): void {
      const { slot, ...cursor } = JSON.parse(json) as SlotCursor;
      restored.set(slot, cursor);
      cursors.set(cursor.container, cursor);
      slots.set(cursor.container, { slot, fingerprint: cursor.fingerprint, plain: plain(cursor) });
      nextSlot = Math.max(nextSlot, slot + 1);
    },
  };
}
