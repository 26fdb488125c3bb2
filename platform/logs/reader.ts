// Reading an app's log: forwards from a sequence number, or backwards to find where the newest lines begin.
import { closeSync, openSync, readSync } from 'node:fs';
import type { LogFilter, StoredLine } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { byteFilter, lengthBefore, lineAt, readFrame, smallestFrame, visitItems } from './format.ts';
import type { Segment, Shelf } from './segments.ts';

const blockBytes = 256 * 1024;
/** Bytes looked at before others get a turn. */
export const sliceBytes = 1 << 20;

export interface Pull {
  lines: StoredLine[];
  /** Sequence numbers that are not kept any more, between what was pulled before and these lines. */
  missed: number;
  /** False: everything stored was looked at. */
  more: boolean;
}

export interface ForwardReader {
  /** The next lines, in order; at most `count`, and not further than `until`. */
  pull(count: number, until?: number): Pull;
}

/** @param after the sequence number before the first line wanted */
export function readForward(log: AppLog, after: number, filter: LogFilter): ForwardReader {
  const wanted = byteFilter(filter);
  const sides = [forwardSide(log.general, after), forwardSide(log.router, after)] as const;
  let position = after;

  function pull(count: number, until = log.last()): Pull {
    const lines: StoredLine[] = [];
    let missed = 0;
    let more = false;
    try {
      for (;;) {
        const [one, other] = [sides[0].peek(), sides[1].peek()];
        const sequence = Math.min(one, other);
        if (sequence > until) break;
        if (lines.length >= count || sides[0].looked() + sides[1].looked() > sliceBytes) {
          more = true;
          break;
        }
        const side = one < other ? sides[0] : sides[1];
        missed += sequence - position - 1;
        position = sequence;
        if (wanted(side.bytes(), side.at())) lines.push(lineAt(side.bytes(), sequence, side.at()));
        side.advance();
      }
    } finally {
      for (const side of sides) side.pause();
    }
    return { lines, missed, more };
  }
  return { pull };
}

interface ForwardSide {
  /** Sequence number of the next line; Infinity at the end. */
  peek(): number;
  advance(): void;
  bytes(): Buffer;
  at(): number;
  /** Bytes read since the last pause. */
  looked(): number;
  /** Gives up file and buffer; the position stays. */
  pause(): void;
}

/** One shelf, frame by frame. Between pulls it holds nothing but its place: a waiting reader costs nothing. */
function forwardSide(shelf: Shelf, after: number): ForwardSide {
  let segment: Segment | undefined;
  let offset = 0;
  let delivered = after;
  let file = -1;
  let block: Block = emptyBlock;
  let looked = 0;
  let frameLength = 0;
  let sequences: number[] = [];
  let places: number[] = [];
  let index = 0;

  function close(): void {
    if (file >= 0) closeSync(file);
    file = -1;
    block = emptyBlock;
  }

  function enter(next: Segment | undefined): void {
    close();
    segment = next;
    offset = 0;
  }

  /** The segment to read from: where we are, or the oldest kept when ours was dropped. */
  function locate(): boolean {
    const kept = shelf.segments;
    if (!segment) enter(kept.findLast((one) => one.first <= delivered + 1) ?? kept[0]);
    else if (!kept.includes(segment)) enter(kept[0]);
    while (segment && offset >= segment.bytes) {
      const following: Segment | undefined = kept[kept.indexOf(segment) + 1];
      if (!following) return false;
      enter(following);
    }
    return segment !== undefined;
  }

  function nextFrame(): boolean {
    sequences = [];
    places = [];
    index = 0;
    while (locate()) {
      if (file < 0) file = openSync(segment!.path, 'r');
      const found = frameIn(block, file, offset, segment!.bytes);
      if (!found) {
        // Damaged in its middle, as only a power cut can: what follows in this file cannot be found.
        offset = segment!.bytes;
        continue;
      }
      looked += found.block === block ? 0 : found.block.bytes.length;
      block = found.block;
      const { frame } = found;
      frameLength = frame.length;
      if (frame.lines > 0 && frame.last > delivered) {
        visitItems(block.bytes, frame, {
          line(sequence, at) {
            if (sequence <= delivered) return;
            sequences.push(sequence);
            places.push(at);
          },
        });
        if (sequences.length > 0) return true;
      }
      offset += frameLength;
    }
    return false;
  }

  return {
    peek: () => (index < sequences.length || nextFrame() ? sequences[index]! : Number.POSITIVE_INFINITY),
    advance() {
      delivered = sequences[index]!;
      index++;
      if (index === sequences.length) offset += frameLength;
    },
    bytes: () => block.bytes,
    at: () => places[index]!,
    looked: () => looked,
    pause() {
      close();
      sequences = [];
      places = [];
      index = looked = 0;
    },
  };
}

interface Block {
  bytes: Buffer;
  /** Its place in the file. */
  start: number;
}
const emptyBlock: Block = { bytes: Buffer.alloc(0), start: 0 };

function load(file: number, start: number, length: number): Block {
  const bytes = Buffer.allocUnsafe(length);
  return { bytes: bytes.subarray(0, readSync(file, bytes, 0, length, start)), start };
}

/** The frame at a place of a file, from the block at hand or from a new one. */
function frameIn(block: Block, file: number, offset: number, fileBytes: number) {
  let current = block;
  let wanted = blockBytes;
  for (;;) {
    const at = offset - current.start;
    const inside = at >= 0 && at < current.bytes.length;
    const frame = inside ? readFrame(current.bytes, at, current.bytes.length) : { needs: smallestFrame };
    if (frame === null) return null;
    if (!('needs' in frame)) return { frame, block: current };
    wanted = Math.min(Math.max(blockBytes, frame.needs), fileBytes - offset);
    if (frame.needs > wanted || (current.start === offset && current.bytes.length >= wanted)) return null;
    current = load(file, offset, wanted);
  }
}

/**
 * Where the newest `count` matching lines begin: the sequence number before the first of them.
 * @param rest awaited between slices, so that a long search lets others work
 */
export async function findNewest(
  log: AppLog,
  count: number,
  filter: LogFilter,
  rest: () => Promise<void>,
): Promise<number> {
  const end = log.last();
  if (count <= 0) return end;
  const wanted = byteFilter(filter);
  const sides = [backwardSide(log.general, wanted), backwardSide(log.router, wanted)] as const;
  let found = end + 1;
  let slice = sliceBytes;
  for (let left = count; left > 0; left--) {
    for (const side of sides) {
      while (!side.ready()) {
        side.step();
        if (sides[0].looked() + sides[1].looked() < slice) continue;
        await rest();
        slice += sliceBytes;
      }
    }
    const side = sides[0].peek() > sides[1].peek() ? sides[0] : sides[1];
    if (side.peek() < 0) break;
    found = side.peek();
    side.advance();
  }
  return found - 1;
}

/** One shelf from its newest line to its oldest, as it was when this was called. */
function backwardSide(shelf: Shelf, wanted: (bytes: Buffer, at: number) => boolean) {
  const segments = shelf.segments.map((segment) => ({ path: segment.path, end: segment.bytes }));
  const sequences: number[] = [];
  let looked = 0;

  /** All frames that end in the last block before `segment.end`. False when there is none to be read. */
  function readBlock(segment: { path: string; end: number }): boolean {
    const frames = lastFrames(segment.path, segment.end);
    if (!frames) return false;
    looked += frames.block.bytes.length;
    for (const at of frames.starts) {
      const frame = readFrame(frames.block.bytes, at, frames.block.bytes.length);
      if (frame === null || 'needs' in frame) return false;
      visitItems(frames.block.bytes, frame, {
        line(sequence, place) {
          if (wanted(frames.block.bytes, place)) sequences.push(sequence);
        },
      });
    }
    segment.end = frames.block.start + frames.starts[0]!;
    return true;
  }

  return {
    /** Whether `peek` tells the next matching line; otherwise `step` reads on. */
    ready: () => sequences.length > 0 || segments.length === 0,
    step() {
      const segment = segments.at(-1)!;
      if (segment.end <= 0 || !readBlock(segment)) segments.pop();
    },
    /** Its sequence number; -1 when there is none. */
    peek: () => sequences.at(-1) ?? -1,
    advance() {
      sequences.pop();
    },
    looked: () => looked,
  };
}

/** The frames of a file before a place, as many as are whole in one block, oldest first; at least one. */
function lastFrames(path: string, end: number): { block: Block; starts: number[] } | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // Dropped for the budget meanwhile.
    return null;
  }
  try {
    let length = Math.min(end, blockBytes);
    let block = load(file, end - length, length);
    if (block.bytes.length < smallestFrame) return null;
    const newest = lengthBefore(block.bytes, length);
    if (newest < smallestFrame || newest > end) return null;
    if (newest > length) {
      length = newest;
      block = load(file, end - length, length);
    }
    const starts: number[] = [];
    let at = length;
    while (at >= smallestFrame) {
      const size = lengthBefore(block.bytes, at);
      if (size < smallestFrame || size > at) break;
      at -= size;
      starts.unshift(at);
    }
    return starts.length > 0 ? { block, starts } : null;
  } finally {
    closeSync(file);
  }
}
