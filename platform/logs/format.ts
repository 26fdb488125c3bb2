// The bytes of our segments: frames of records, each frame whole or void, readable forwards and backwards.
import { crc32 } from 'node:zlib';
import type { LogSource, StoredLine } from '../domain/log-line.ts';

/*
 * Frame:  u32 magic · u32 length of the whole frame · u32 crc32 of all between crc and trailer · f64 first sequence
 *         · u16 last sequence minus first · u16 lines · f64 earliest time · f64 latest time · items … · u32 length again
 * Line:   u8 source · u16 sequence minus the frame's first · f64 time · u8 bytes of name · u16 bytes of text · name · text
 *         A name is `web.1`, or `web.1`, a zero and the release's number.
 * Offset: u8 3 · u16 slot · f64 offset: how far the engine's file that this slot stands for has been read
 * File:   u8 4 · u32 bytes · JSON of a SlotCursor: from here on the slot stands for this file of the engine
 *
 * A frame holds lines together with how far their source was read, so a write cut anywhere leaves both or neither.
 */
const magic = 0x3232_6c74;
const headerBytes = 40;
/** Of frames as they were before they told their times. */
const timeless = { magic: 0x3231_6c74, headerBytes: 24 };
const trailerBytes = 4;
export const lineHead = 14;
export const itemKind = { app: 1, twelve: 2, offset: 3, file: 4 } as const;

/** A frame is closed once it is this long, so that the newest lines can be read without reading much. */
const frameBytes = 128 * 1024;
const maxSpan = 60_000;

export interface FrameBuilder {
  line(
    source: LogSource,
    name: Uint8Array,
    time: number,
    sequence: number,
    text: Buffer,
    start: number,
    end: number,
  ): void;
  offset(slot: number, offset: number): void;
  file(json: string): void;
  /** Long enough to be closed. */
  full(): boolean;
  /** Closes the open frame; an empty one is dropped. @param sequence written as the first one when there is no line */
  endFrame(sequence: number): void;
  /** All closed frames, valid until `reset`. */
  frames(): Buffer;
  lines(): number;
  reset(): void;
}

/** One builder serves all apps in turn: filled and written out within one synchronous step. */
export function createFrameBuilder(): FrameBuilder {
  let bytes = Buffer.allocUnsafe(2 * frameBytes);
  let view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  let at = headerBytes;
  let first = -1;
  let last = -1;
  let count = 0;
  let total = 0;
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;

  function begin(): void {
    at = start + headerBytes;
    first = last = -1;
    count = 0;
    earliest = Number.POSITIVE_INFINITY;
    latest = Number.NEGATIVE_INFINITY;
  }

  function room(more: number): void {
    if (at + more + trailerBytes <= bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(bytes.length * 2, at + more + headerBytes + trailerBytes));
    bytes.copy(grown, 0, 0, at);
    bytes = grown;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  return {
    line(source, name, time, sequence, text, from, to) {
      room(lineHead + name.length + to - from);
      if (first < 0) first = sequence;
      last = sequence;
      if (time < earliest) earliest = time;
      if (time > latest) latest = time;
      bytes[at] = source === 'app' ? itemKind.app : itemKind.twelve;
      view.setUint16(at + 1, sequence - first, true);
      view.setFloat64(at + 3, time, true);
      bytes[at + 11] = name.length;
      view.setUint16(at + 12, to - from, true);
      at += lineHead;
      for (let i = 0; i < name.length; i++) bytes[at++] = name[i]!;
      // A loop beats the call into native code for the usual short line.
      if (to - from < 128) for (let i = from; i < to; i++) bytes[at++] = text[i]!;
      else at += text.copy(bytes, at, from, to);
      count++;
    },
    offset(slot, offset) {
      room(11);
      bytes[at] = itemKind.offset;
      view.setUint16(at + 1, slot, true);
      view.setFloat64(at + 3, offset, true);
      at += 11;
    },
    file(json) {
      const size = Buffer.byteLength(json);
      room(5 + size);
      bytes[at] = itemKind.file;
      view.setUint32(at + 1, size, true);
      bytes.write(json, at + 5);
      at += 5 + size;
    },
    full: () => at - start >= frameBytes || (first >= 0 && last - first >= maxSpan),
    endFrame(sequence) {
      if (at === start + headerBytes) return;
      room(headerBytes);
      const length = at + trailerBytes - start;
      view.setUint32(start, magic, true);
      view.setUint32(start + 4, length, true);
      view.setFloat64(start + 12, first < 0 ? sequence : first, true);
      view.setUint16(start + 20, first < 0 ? 0 : last - first, true);
      view.setUint16(start + 22, count, true);
      view.setFloat64(start + 24, earliest, true);
      view.setFloat64(start + 32, latest, true);
      view.setUint32(start + 8, crc32(bytes.subarray(start + 12, at)), true);
      view.setUint32(at, length, true);
      start = at + trailerBytes;
      total += count;
      begin();
    },
    frames: () => bytes.subarray(0, start),
    lines: () => total,
    reset() {
      start = total = 0;
      begin();
    },
  };
}

export interface Frame {
  /** Where its items begin and end in the buffer it was read from. */
  items: number;
  itemsEnd: number;
  /** Bytes of the whole frame. */
  length: number;
  first: number;
  last: number;
  lines: number;
  /** Of its lines' times, in microseconds; the whole of time when it does not tell. */
  earliest: number;
  latest: number;
}

/** The frame at a place: how many bytes are needed when the buffer ends before it does; null when it is damaged. */
export function readFrame(bytes: Buffer, at: number, end: number): Frame | { needs: number } | null {
  const frame = readFrameHead(bytes, at, end);
  if (frame === null || 'needs' in frame) return frame;
  if (bytes.readUInt32LE(frame.itemsEnd) !== frame.length) return null;
  if (crc32(bytes.subarray(at + 12, frame.itemsEnd)) !== bytes.readUInt32LE(at + 8)) return null;
  return frame;
}

/** As `readFrame`, of bytes that are known to be whole. */
export function readFrameHead(bytes: Buffer, at: number, end: number): Frame | { needs: number } | null {
  if (end - at < timeless.headerBytes) return { needs: timeless.headerBytes };
  const length = bytes.readUInt32LE(at + 4);
  const told = bytes.readUInt32LE(at) === magic;
  if (!told && bytes.readUInt32LE(at) !== timeless.magic) return null;
  const head = told ? headerBytes : timeless.headerBytes;
  if (length < head + trailerBytes) return null;
  if (end - at < length) return { needs: length };
  const first = bytes.readDoubleLE(at + 12);
  return {
    items: at + head,
    itemsEnd: at + length - trailerBytes,
    length,
    first,
    last: first + bytes.readUInt16LE(at + 20),
    lines: bytes.readUInt16LE(at + 22),
    earliest: told ? bytes.readDoubleLE(at + 24) : Number.NEGATIVE_INFINITY,
    latest: told ? bytes.readDoubleLE(at + 32) : Number.POSITIVE_INFINITY,
  };
}

export interface ItemVisitor {
  line?(sequence: number, at: number): void;
  offset?(slot: number, offset: number): void;
  file?(json: string): void;
}

export function visitItems(bytes: Buffer, frame: Frame, visitor: ItemVisitor): void {
  let at = frame.items;
  while (at < frame.itemsEnd) {
    const kind = bytes[at]!;
    if (kind === itemKind.offset) {
      visitor.offset?.(bytes.readUInt16LE(at + 1), bytes.readDoubleLE(at + 3));
      at += 11;
    } else if (kind === itemKind.file) {
      const size = bytes.readUInt32LE(at + 1);
      visitor.file?.(bytes.toString('utf8', at + 5, at + 5 + size));
      at += 5 + size;
    } else {
      visitor.line?.(frame.first + bytes[at + 1]! + (bytes[at + 2]! << 8), at);
      at += lineHead + bytes[at + 11]! + bytes[at + 12]! + (bytes[at + 13]! << 8);
    }
  }
}

/** The name of a line, as its bytes are stored. */
export function nameOf(process: string, release?: number): Uint8Array {
  const ending = release === undefined || Number.isNaN(release) ? '' : `\0${release}`;
  return Buffer.concat([Buffer.from(process).subarray(0, 255 - ending.length), Buffer.from(ending)]);
}

/** What stands before the text of the line at a place, and where its text is. */
export function headAt(bytes: Buffer, at: number) {
  const name = at + lineHead;
  const start = name + bytes[at + 11]!;
  const [process = '', release] = bytes.toString('utf8', name, start).split('\0');
  return {
    time: bytes.readDoubleLE(at + 3),
    source: bytes[at] === itemKind.app ? ('app' as const) : ('twelve' as const),
    process,
    release,
    start,
    end: start + bytes.readUInt16LE(at + 12),
  };
}

export function lineAt(bytes: Buffer, sequence: number, at: number): StoredLine {
  const { time, source, process, release, start, end } = headAt(bytes, at);
  const text = bytes.toString('utf8', start, end);
  return {
    ...{ sequence, time, source, process, text },
    ...(release === undefined ? {} : { release: Number(release) }),
  };
}
