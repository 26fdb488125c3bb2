// Reading an app's log forwards from a sequence number.
import type { LogFilter, StoredLine } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { blockAt } from './blocks.ts';
import { byteFilter } from './filter.ts';
import { lineAt, readFrame, visitItems } from './format.ts';
import { blocksOf, framesOf, type Piece, readPiece, type Segment } from './segment-file.ts';
import type { Shelf } from './segments.ts';

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
  /** Everything up to this sequence number was looked at. */
  position(): number;
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
        if (wanted.line(side.bytes(), side.at())) lines.push(lineAt(side.bytes(), sequence, side.at()));
        side.advance();
      }
    } finally {
      for (const side of sides) side.pause();
    }
    return { lines, missed, more };
  }
  return { pull, position: () => position };
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
    piece = unlessDamaged(() => readPiece(segment!, offset));
    looked += piece?.bytes.length ?? 0;
    return piece;
  }

  function nextFrame(): boolean {
    sequences = [];
    places = [];
    index = 0;
    while (locate()) {
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
