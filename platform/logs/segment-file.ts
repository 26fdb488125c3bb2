// One file of a shelf: frames as they were appended, or pressed: blocks of them compressed, with the index behind.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { constants, crc32, inflateRaw, inflateRawSync, type Zlib } from 'node:zlib';
import { addFrames, type Block, blockAt, indexEntryBytes, readIndex } from './blocks.ts';

export interface Segment {
  path: string;
  /** No line in it has a lower sequence number. */
  first: number;
  /** Lines this shelf had taken before it. */
  before: number;
  /** On the disk. */
  bytes: number;
  pressed: boolean;
  /** Once it was needed. */
  index: Block[] | undefined;
}

/*
 * Pressed: compressed blocks … · the index · u32 crc32 of the index · u32 how many blocks · u32 magic
 */
const magic = 0x3170_6c74;
const pressedTail = 12;
/** Of a block that was cut, its beginning; each frame in it is checked by itself. */
const asFar = { finishFlush: constants.Z_SYNC_FLUSH };

export function pressedEnd(index: Buffer): Buffer {
  const end = Buffer.alloc(pressedTail);
  end.writeUInt32LE(crc32(index), 0);
  end.writeUInt32LE(index.length / indexEntryBytes, 4);
  end.writeUInt32LE(magic, 8);
  return end;
}

/** Its index; what is damaged is not in it. @throws what opening and reading throw, such as ENOENT */
export function blocksOf(segment: Segment): readonly Block[] {
  if (segment.index) return segment.index;
  segment.index = segment.pressed ? pressedIndex(segment.path) : scan(segment.path);
  return segment.index;
}

function scan(path: string): Block[] {
  const blocks: Block[] = [];
  addFrames(blocks, readFileSync(path), 0, false);
  return blocks;
}

function pressedIndex(path: string): Block[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return storedIndexOf(file, size) ?? salvaged(readAt(file, 0, size));
  } finally {
    closeSync(file);
  }
}

/** undefined when the file does not end in one that is whole. */
function storedIndexOf(file: number, size: number): Block[] | undefined {
  if (size < pressedTail) return undefined;
  const end = readAt(file, size - pressedTail, pressedTail);
  const length = end.readUInt32LE(4) * indexEntryBytes;
  if (end.readUInt32LE(8) !== magic || length > size - pressedTail) return undefined;
  const index = readAt(file, size - pressedTail - length, length);
  return crc32(index) === end.readUInt32LE(0) ? readIndex(index) : undefined;
}

/** Of a file that was cut: the blocks follow one another, and each says where it ends. */
function salvaged(bytes: Buffer): Block[] {
  const blocks: Block[] = [];
  let start = 0;
  for (let place = 0; place < bytes.length; ) {
    const unpacked = unpackedFrom(bytes.subarray(place));
    if (!unpacked) break;
    const found: Block[] = [];
    addFrames(found, unpacked.frames, start, false);
    // One block of the file is one here, whatever its size; what came of it after the cut is no frame.
    const [block] = found;
    if (!block || found.length > 1) break;
    blocks.push({ ...block, place, pressed: unpacked.pressed });
    start += block.length;
    place += unpacked.pressed;
  }
  return blocks;
}

/** The first block in the bytes, or as much of it as there is. */
function unpackedFrom(bytes: Buffer): { frames: Buffer; pressed: number } | undefined {
  try {
    const { buffer, engine } = inflateRawSync(bytes, { ...asFar, info: true }) as unknown as {
      buffer: Buffer;
      engine: Zlib;
    };
    return { frames: buffer, pressed: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

/** How many bytes of frames it has; none when its file was taken away. */
export function framesOf(segment: Segment): number {
  if (!segment.pressed) return segment.bytes;
  const last = unlessDamaged(() => blocksOf(segment))?.at(-1);
  return last ? last.start + last.length : 0;
}

export interface Piece {
  bytes: Buffer;
  /** Where they begin among the segment's frames. */
  start: number;
  block: Block;
}

/** Room that is read into again and again, by whoever is done with what is in it. */
export interface Scratch {
  bytes: Buffer;
}

/**
 * The block that holds a place, from there on or from its beginning on; undefined when none does.
 * @throws what opening, reading and unpacking throw
 */
export function readPiece(segment: Segment, offset: number, scratch?: Scratch): Piece | undefined {
  const block = blockAt(blocksOf(segment), offset);
  if (!block) return undefined;
  if (!segment.pressed)
    return {
      bytes: read(segment, offset, block.start + block.length - offset, scratch),
      start: offset,
      block,
    };
  const chunkSize = Math.max(leastChunk, block.length);
  const unpacked = inflateRawSync(read(segment, block.place, block.pressed, scratch), {
    ...asFar,
    chunkSize,
  });
  return { bytes: unpacked.subarray(0, block.length), start: block.start, block };
}

/** What zlib takes. A whole block at once leaves no pieces behind to be put together. */
const leastChunk = 64;
const inflate = promisify(inflateRaw);

/** The same of one that begins there, unpacked in a thread beside ours. */
export async function readBlock(segment: Segment, start: number): Promise<Buffer | undefined> {
  const block = blockAt(blocksOf(segment), start);
  if (!block || !segment.pressed) return readPiece(segment, start)?.bytes;
  return (await inflate(read(segment, block.place, block.pressed), asFar)).subarray(0, block.length);
}

function read({ path }: Segment, position: number, length: number, scratch?: Scratch): Buffer {
  if (scratch && scratch.bytes.length < length) scratch.bytes = Buffer.allocUnsafeSlow(length);
  const file = openSync(path, 'r');
  try {
    return readAt(file, position, length, scratch?.bytes);
  } finally {
    closeSync(file);
  }
}

function readAt(
  file: number,
  position: number,
  length: number,
  bytes: Buffer = Buffer.allocUnsafe(length),
): Buffer {
  let at = 0;
  for (;;) {
    const read = readSync(file, bytes, at, length - at, position + at);
    at += read;
    if (read === 0 || at === length) return bytes.subarray(0, at);
  }
}

/** What is gone (dropped for the budget meanwhile) or broken is not there. */
export function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code.startsWith('Z_')) return undefined;
    throw error;
  }
}
