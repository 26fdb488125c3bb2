// The index of a segment: runs of whole frames, with their place, numbers and times.
import { readFrame, readFrameHead } from './format.ts';

export interface Block {
  /** Where it begins among the segment's frames, and how many bytes of frames it has. */
  start: number;
  length: number;
  /** No line in it has a lower, none a higher sequence number. */
  first: number;
  last: number;
  lines: number;
  /** Of its lines' times, in microseconds. */
  earliest: number;
  latest: number;
  /** In a pressed file: where its bytes are, and how many. */
  place: number;
  pressed: number;
}

/** A block gets no further frame once it is this long: what is read to look at one line. */
export const blockBytes = 256 * 1024;

/**
 * Adds frames to an index, up to the first that is damaged or cut.
 * @param start where `bytes` begin among the segment's frames
 * @param whole nobody but this process has had the bytes
 */
export function addFrames(blocks: Block[], bytes: Buffer, start: number, whole: boolean): void {
  const read = whole ? readFrameHead : readFrame;
  for (let at = 0; at < bytes.length; ) {
    const frame = read(bytes, at, bytes.length);
    if (frame === null || 'needs' in frame) return;
    let block = blocks.at(-1);
    if (!block || block.length >= blockBytes) {
      block = emptyBlock(start + at, frame.first);
      blocks.push(block);
    }
    block.length += frame.length;
    if (frame.lines > 0) {
      block.last = frame.last;
      block.lines += frame.lines;
      block.earliest = Math.min(block.earliest, frame.earliest);
      block.latest = Math.max(block.latest, frame.latest);
    }
    at += frame.length;
  }
}

function emptyBlock(start: number, first: number): Block {
  return {
    start,
    length: 0,
    first,
    last: first - 1,
    lines: 0,
    earliest: Number.POSITIVE_INFINITY,
    latest: Number.NEGATIVE_INFINITY,
    place: 0,
    pressed: 0,
  };
}

/** The one that holds a place among the segment's frames; undefined behind the last. */
export function blockAt(blocks: readonly Block[], offset: number): Block | undefined {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { start, length } = blocks[middle]!;
    if (offset >= start + length) low = middle + 1;
    else high = middle;
  }
  return blocks[low];
}

const numbers = [
  'start',
  'length',
  'first',
  'last',
  'lines',
  'earliest',
  'latest',
  'place',
  'pressed',
] as const;
export const indexEntryBytes = 8 * numbers.length;

export function storedIndex(blocks: readonly Block[]): Buffer {
  const bytes = Buffer.alloc(indexEntryBytes * blocks.length);
  let at = 0;
  for (const block of blocks) for (const name of numbers) at = bytes.writeDoubleLE(block[name], at);
  return bytes;
}

export function readIndex(bytes: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at + indexEntryBytes <= bytes.length; at += indexEntryBytes) {
    const block = emptyBlock(0, 0);
    numbers.forEach((name, index) => {
      block[name] = bytes.readDoubleLE(at + 8 * index);
    });
    blocks.push(block);
  }
  return blocks;
}
