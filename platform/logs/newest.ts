// Where reading begins: by the index of times, or backwards until enough lines are found that match.
import type { LogFilter } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import type { Block } from './blocks.ts';
import { byteFilter, mayMatch } from './filter.ts';
import { readFrame, visitItems } from './format.ts';
import { type Hits, sliceBytes } from './reader.ts';
import { blocksOf, readBlock, type Segment, unlessDamaged } from './segment-file.ts';
import type { Shelf } from './segments.ts';

export interface Span {
  /** The sequence number before the first line that can match… */
  after: number;
  /** …and that of the last one. */
  last: number;
}

/** Which sequence numbers can have times between `since` and `until`: blocks tell theirs, so no line is read. */
export function spanOf(log: AppLog, filter: LogFilter): Span {
  const end = log.last();
  if (filter.since === undefined && filter.until === undefined) return { after: 0, last: end };
  let first = end + 1;
  let last = 0;
  for (const { segments } of [log.general, log.router])
    for (const segment of segments)
      for (const block of unlessDamaged(() => blocksOf(segment)) ?? []) {
        if (!mayMatch(block, filter)) continue;
        first = Math.min(first, block.first);
        last = Math.max(last, block.last);
      }
  return { after: first - 1, last: Math.min(last, end) };
}

/**
 * Where the newest `count` matching lines begin: the sequence number before the first of them.
 * @param rest awaited between slices, so that a long search lets others work
 * @param hits is told which blocks they are in
 */
export async function findNewest(
  log: AppLog,
  count: number,
  filter: LogFilter,
  rest: () => Promise<void>,
  hits: Hits = new Map(),
): Promise<number> {
  const end = log.last();
  if (count <= 0) return end;
  const sides = [
    backwardSide(log.general, filter, end, hits),
    backwardSide(log.router, filter, end, hits),
  ] as const;
  let found = end + 1;
  let slice = sliceBytes;
  for (let left = count; left > 0; left--) {
    for (const side of sides) {
      while (!side.ready()) {
        await side.step();
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

/** Blocks that are being unpacked at a time, in threads beside ours, once the first has been looked at. */
const mostAhead = 4;

/** One shelf from its newest line to its oldest, as it was when this was called. */
function backwardSide(shelf: Shelf, filter: LogFilter, end: number, hits: Hits) {
  const wanted = byteFilter(filter);
  const places = backwards(shelf.segments.slice(), filter);
  const ahead: { bytes: Promise<Buffer | undefined>; hit(): void }[] = [];
  const sequences: number[] = [];
  let exhausted = false;
  let looked = 0;

  async function step(): Promise<void> {
    while (ahead.length < (looked > 0 ? mostAhead : 1) && !exhausted) {
      const { value, done } = places.next();
      if (done) exhausted = true;
      else ahead.push(begin(value));
    }
    const next = ahead.shift();
    const bytes = await next?.bytes;
    if (!bytes) return;
    look(bytes);
    if (sequences.length > 0) next?.hit();
  }

  function begin(place: Found): (typeof ahead)[number] {
    const bytes = unpacked(place.segment, place.block);
    bytes.catch(() => {
      // Thrown where it is awaited, which may be after it failed or, when an earlier one fails, never.
    });
    return { bytes, hit: () => note(hits, place) };
  }

  function look(bytes: Buffer): void {
    looked += bytes.length;
    if (!wanted.block(bytes)) return;
    for (let at = 0; ; ) {
      const frame = readFrame(bytes, at, bytes.length);
      if (frame === null || 'needs' in frame) return;
      visitItems(bytes, frame, {
        line(sequence, place) {
          if (sequence <= end && wanted.line(bytes, place)) sequences.push(sequence);
        },
      });
      at += frame.length;
    }
  }

  return {
    /** Whether `peek` tells the next matching line; otherwise `step` reads on. */
    ready: () => sequences.length > 0 || (exhausted && ahead.length === 0),
    step,
    /** Its sequence number; -1 when there is none. */
    peek: () => sequences.at(-1) ?? -1,
    advance() {
      sequences.pop();
    },
    looked: () => looked,
  };
}

function note(hits: Hits, { segment, block }: Found): void {
  const known = hits.get(segment) ?? new Set();
  hits.set(segment, known.add(block.start));
}

interface Found {
  segment: Segment;
  block: Block;
}

function* backwards(segments: Segment[], filter: LogFilter): Generator<Found> {
  for (const segment of segments.reverse())
    for (const block of [...(unlessDamaged(() => blocksOf(segment)) ?? [])].reverse())
      if (mayMatch(block, filter)) yield { segment, block };
}

async function unpacked(segment: Segment, { start }: Block): Promise<Buffer | undefined> {
  try {
    return await readBlock(segment, start);
  } catch (error) {
    return unlessDamaged(() => {
      throw error;
    });
  }
}
