// A drain's way through its app's log: batches from a place on, and what the budget dropped before it got there.
import { formatMicros, nowMicros, type StoredLine } from '../../domain/log-line.ts';
import type { AppLog } from '../app-log.ts';
import { type ForwardReader, type Pull, readForward } from '../reader.ts';
import type { DrainBatch, DrainLine } from './target.ts';

export interface LineSource {
  /** The next lines; null when there are none. @param limits at most so many, about so many bytes, not beyond `until` */
  take(limits: { lines: number; bytes: number; until: number }): DrainBatch | null;
  /** Takes a batch back, to be cut anew. */
  putBack(batch: DrainBatch): void;
  /** Goes on after this sequence number, whatever was taken. */
  rewind(after: number): void;
  /** Counts what was dropped meanwhile, while nothing is taken. */
  look(): void;
}

export interface LineSourceNeeds {
  log: AppLog;
  after: number;
  token: string;
  /** @param text how the loss is said */
  onLost(count: number, text: string): void;
}

type Queued = DrainLine & { missed: number; size: number };

const pulledLines = 500;
const overhead = 120;

export function createLineSource({ log, after, token, onLost }: LineSourceNeeds): LineSource {
  let reader: ForwardReader = readForward(log, after, {});
  /** The last number that was pulled, dropped or queued. */
  let pulled = after;
  /** The last number that was taken. */
  let taken = after;
  let lastTime = nowMicros();
  let queue: Queued[] = [];

  function missing(count: number): void {
    if (count === 0) return;
    const text = lossText(count, lastTime, token);
    onLost(count, text);
    const note = { time: nowMicros(), source: 'twelve', process: 'logs', text } as const;
    queue.push({ ...note, sequence: null, missed: count, size: overhead + text.length });
  }

  function pull(): void {
    for (;;) {
      const { lines, missed, more } = read();
      missing(missed);
      for (const line of lines) queue.push({ ...line, missed: 0, size: overhead + line.text.length });
      const last = lines.at(-1);
      if (last) {
        pulled = last.sequence;
        lastTime = last.time;
      }
      if (queue.length > 0 || !more) return;
    }
  }

  /** @throws what the disk says; the next attempt begins where this one did */
  function read(): Pull {
    try {
      return reader.pull(pulledLines);
    } catch (error) {
      // It may have passed lines that it did not get to give.
      reader = readForward(log, pulled, {});
      throw error;
    }
  }

  return {
    take({ lines, bytes, until }) {
      if (queue.length === 0) pull();
      let count = 0;
      let size = 0;
      while (count < queue.length && count < lines && (count === 0 || size + queue[count]!.size <= bytes)) {
        if ((queue[count]!.sequence ?? 0) > until) break;
        size += queue[count++]!.size;
      }
      if (count === 0) return null;
      const cut = queue.slice(0, count);
      queue = queue.slice(count);
      const before = taken;
      taken = cut.findLast((line) => line.sequence !== null)?.sequence ?? before;
      return {
        // How this drain fell behind stands in its stream where it did, and not once more where that was said to the app.
        lines: cut.filter((line) => line.sequence === null || !isLossOf(line, token)),
        ...{ before, last: taken, missed: cut.reduce((sum, line) => sum + line.missed, 0) },
      };
    },
    putBack({ lines, before }) {
      queue = [...lines.map((line) => ({ missed: 0, size: overhead + line.text.length, ...line })), ...queue];
      taken = before;
    },
    rewind(to) {
      reader = readForward(log, to, {});
      pulled = taken = to;
      queue = [];
    },
    look() {
      const { lines, missed } = readForward(log, pulled, {}).pull(1);
      const first = lines[0];
      if (!first || missed === 0) return;
      missing(missed);
      pulled = first.sequence - 1;
      reader = readForward(log, pulled, {});
    },
  };
}

/** In Heroku's words. */
export function lossText(count: number, since: number, token: string): string {
  return `Error L10 (output buffer overflow): ${count} messages dropped since ${formatMicros(since)}: drain ${token} did not take them in time.`;
}

export function tooLargeText(token: string): string {
  return `Error L10 (output buffer overflow): 1 message dropped: it is too large for the receiver of drain ${token}.`;
}

function isLossOf(
  { source, process, text }: Pick<StoredLine, 'source' | 'process' | 'text'>,
  token: string,
): boolean {
  return source === 'twelve' && process === 'logs' && text.startsWith('Error L10 ') && text.includes(token);
}
