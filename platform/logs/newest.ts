// Where reading begins: by the index of times, or backwards until enough lines are found that match.
import type { LogFilter } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import type { Block } from './blocks.ts';
import { byteFilter } from './filter.ts';
import { readFrame, visitItems } from './format.ts';
import { sliceBytes, unlessDamaged } from './reader.ts';
import { blocksOf, readPiece, type Segment } from './segment-file.ts';
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

function mayMatch({ lines, earliest, latest }: Block, { since, until }: LogFilter): boolean {
  return lines > 0 && latest >= (since ?? latest) && earliest <= (until ?? earliest);
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
  const sides = [backwardSide(log.general, filter, end), backwardSide(log.router, filter, end)] as const;
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
function backwardSide(shelf: Shelf, filter: LogFilter, end: number) {
  const wanted = byteFilter(filter);
  const segments = shelf.segments.slice();
  const sequences: number[] = [];
  let blocks: Block[] | undefined;
  let looked = 0;

  function step(): void {
    const segment = segments.at(-1)!;
    blocks ??= [...(unlessDamaged(() => blocksOf(segment)) ?? [])];
    const block = blocks.pop();
    if (!block) {
      segments.pop();
      blocks = undefined;
    } else if (mayMatch(block, filter)) readBlock(segment, block);
  }

  function readBlock(segment: Segment, { start }: Block): void {
    const piece = unlessDamaged(() => readPiece(segment, start));
    if (!piece) return;
    const { bytes } = piece;
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
    ready: () => sequences.length > 0 || segments.length === 0,
    step,
    /** Its sequence number; -1 when there is none. */
    peek: () => sequences.at(-1) ?? -1,
    advance() {
      sequences.pop();
    },
    looked: () => looked,
  };
}
