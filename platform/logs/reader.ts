// Reading an app's log forwards from a sequence number.
import type { LogFilter, StoredLine } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { type Block, blockAt } from './blocks.ts';
import { byteFilter, mayMatch } from './filter.ts';
import { lineAt, readFrame, visitItems } from './format.ts';
import {
  blocksOf,
  framesOf,
  type Piece,
  readPiece,
  type Scratch,
  type Segment,
  unlessDamaged,
} from './segment-file.ts';
import type { Shelf } from './segments.ts';

/** Bytes looked at before others get a turn. */
export const sliceBytes = 1 << 20;

export interface Pull<Lines = StoredLine[]> {
  lines: Lines;
  /** How many they are, and the sequence number of the first. */
  count: number;
  first: number;
  /** Sequence numbers that are not kept any more, between what was pulled before and these lines. */
  missed: number;
  /** False: everything stored was looked at. */
  more: boolean;
}

/** Makes lines of their bytes into what a reader wants, a batch at a time. */
export interface Gatherer<Lines> {
  /** A line at a place of a block. */
  add(bytes: Buffer, sequence: number, at: number): void;
  /** What was added since the last time. */
  take(): Lines;
}

export interface ForwardReader<Lines = StoredLine[]> {
  /** The next lines, in order; at most `count`, and not further than `until`. */
  pull(count: number, until?: number): Pull<Lines>;
  /** The same where nobody asks what is missing: blocks in which nothing matches are passed without a look. */
  skim(count: number, until: number): Omit<Pull<Lines>, 'missed'>;
  /** Everything up to this sequence number was looked at. */
  position(): number;
}

/** Blocks that are known to hold what matches, by where they begin. */
export type Hits = Map<Segment, Set<number>>;

/** Of all readers: each is done with what it read before another gets a turn. */
const scratches: Record<'general' | 'router', Scratch> = {
  general: { bytes: Buffer.alloc(0) },
  router: { bytes: Buffer.alloc(0) },
};

/** Each as an object. */
export function gatherObjects(): Gatherer<StoredLine[]> {
  let lines: StoredLine[] = [];
  return {
    add(bytes, sequence, at) {
      lines.push(lineAt(bytes, sequence, at));
    },
    take() {
      const taken = lines;
      lines = [];
      return taken;
    },
  };
}

/**
 * @param after the sequence number before the first line wanted
 * @param hits where `skim` need look
 */
export function readForward<Lines>(
  log: AppLog,
  after: number,
  filter: LogFilter,
  gather: Gatherer<Lines>,
  hits?: Hits,
): ForwardReader<Lines> {
  const sides = [
    { ...forwardSide(log.general, after, filter, scratches.general, hits), wanted: byteFilter(filter).line },
    { ...forwardSide(log.router, after, filter, scratches.router, hits), wanted: byteFilter(filter).line },
  ] as const;
  let position = after;

  function pull(most: number, until = log.last()): Pull<Lines> {
    let count = 0;
    let first = 0;
    let missed = 0;
    let more = false;
    try {
      for (;;) {
        const [one, other] = [sides[0].peek(), sides[1].peek()];
        const sequence = Math.min(one, other);
        if (sequence > until) break;
        if (count >= most || sides[0].looked() + sides[1].looked() > sliceBytes) {
          more = true;
          break;
        }
        const side = one < other ? sides[0] : sides[1];
        missed += sequence - position - 1;
        position = sequence;
        if (side.wanted(side.bytes(), side.at())) {
          gather.add(side.bytes(), sequence, side.at());
          if (count++ === 0) first = sequence;
        }
        side.advance();
      }
    } catch (error) {
      gather.take();
      throw error;
    } finally {
      for (const side of sides) side.pause();
    }
    return { lines: gather.take(), count, first, missed, more };
  }
  function skim(count: number, until: number): Omit<Pull<Lines>, 'missed'> {
    for (const side of sides) side.skipTo(until);
    const pulled = pull(count, until);
    for (const side of sides) side.skipTo(0);
    if (!pulled.more) position = Math.max(position, until);
    return pulled;
  }

  return { pull, skim, position: () => position };
}

interface ForwardSide {
  /** Sequence number of the next line; Infinity at the end. */
  peek(): number;
  advance(): void;
  bytes(): Buffer;
  at(): number;
  /** Bytes read since the last pause. */
  looked(): number;
  /** Up to this sequence number, blocks in which nothing can match are left out. */
  skipTo(sequence: number): void;
  /** Gives up file and buffer; the position stays. */
  pause(): void;
}

/** One shelf, frame by frame. Between pulls it holds nothing but its place: a waiting reader costs nothing. */
function forwardSide(
  shelf: Shelf,
  after: number,
  filter: LogFilter,
  scratch: Scratch,
  hits?: Hits,
): ForwardSide {
  const wanted = byteFilter(filter);
  let skipUntil = 0;
  let segment: Segment | undefined;
  let offset = 0;
  let delivered = after;
  let piece: Piece | undefined;
  let looked = 0;
  let frameLength = 0;
  let sequences: number[] = [];
  let places: number[] = [];
  let index = 0;

  function enter(next: Segment | undefined): void {
    segment = next;
    offset = 0;
    piece = undefined;
  }

  /** The segment to read from: where we are, or the oldest kept when ours was dropped. */
  function locate(): boolean {
    const kept = shelf.segments;
    if (!segment) enter(kept.findLast((one) => one.first <= delivered + 1) ?? kept[0]);
    else if (!kept.includes(segment)) enter(kept[0]);
    while (segment && offset >= framesOf(segment)) {
      const following: Segment | undefined = kept[kept.indexOf(segment) + 1];
      if (!following) return false;
      enter(following);
    }
    return segment !== undefined;
  }

  /** The bytes at our place; what was read before, or the block there. */
  function load(): Piece | undefined {
    if (piece && offset < piece.start + piece.bytes.length) return piece;
    piece = unlessDamaged(() => readPiece(segment!, offset, scratch));
    looked += piece?.bytes.length ?? 0;
    return piece;
  }

  /** Only where a block begins: further on there was something in it. */
  function skipped(): boolean {
    const block = skipUntil > 0 ? unlessDamaged(() => blockAt(blocksOf(segment!), offset)) : undefined;
    if (!block || offset !== block.start || block.last > skipUntil || isWanted(block)) return false;
    offset = block.start + block.length;
    delivered = Math.max(delivered, block.last);
    return true;
  }

  function isWanted(block: Block): boolean {
    if (hits) return hits.get(segment!)?.has(block.start) === true;
    if (!mayMatch(block, filter)) return false;
    const bytes = load()?.bytes;
    return !bytes || wanted.block(bytes);
  }

  function nextFrame(): boolean {
    sequences = [];
    places = [];
    index = 0;
    while (locate()) {
      if (skipped()) continue;
      const found = load();
      const frame = found && readFrame(found.bytes, offset - found.start, found.bytes.length);
      if (!found || !frame || 'needs' in frame) {
        // Damaged, as only a power cut can: what follows in this block cannot be found.
        offset = blockEnd(segment!, offset);
        piece = undefined;
        continue;
      }
      frameLength = frame.length;
      if (frame.lines > 0 && frame.last > delivered) {
        visitItems(found.bytes, frame, {
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
    bytes: () => piece!.bytes,
    at: () => places[index]!,
    looked: () => looked,
    skipTo(sequence) {
      skipUntil = sequence;
    },
    pause() {
      piece = undefined;
      sequences = [];
      places = [];
      index = looked = 0;
    },
  };
}

function blockEnd(segment: Segment, offset: number): number {
  const block = unlessDamaged(() => blockAt(blocksOf(segment), offset));
  return block ? block.start + block.length : Math.max(framesOf(segment), offset);
}
