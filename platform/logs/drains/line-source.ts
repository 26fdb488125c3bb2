// A drain's way through its app's log: batches from a place on, and what the budget dropped before it got there.
import { formatMicros, nowMicros, type StoredLine } from '../../domain/log-line.ts';
import type { AppLog } from '../app-log.ts';
import { type ForwardReader, gatherObjects, type Pull, readForward } from '../reader.ts';
import type { BatchLine, DrainBatch } from './target.ts';

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
  /** @param say how a loss of so many is said */
  onMissed(count: number, say: (count: number) => string): void;
  /** Lines up to this sequence number were handed over once: what is missing of them may have arrived. */
  handed(): number;
}

type Queued = BatchLine & { size: number };

/** More than a batch takes: each time a block may have to be unpacked. */
const pulledLines = 2000;
const overhead = 120;

export function createLineSource({ log, after, token, onMissed, handed }: LineSourceNeeds): LineSource {
  let reader = begin(after);
  /** The last number that was pulled, dropped or queued. */
  let pulled = after;
  /** The last number that was taken. */
  let taken = after;
  let lastTime = nowMicros();
  let queue: Queued[] = [];

  function begin(from: number): ForwardReader {
    return readForward(log, from, {}, gatherObjects());
  }

  /** @param next the sequence number of the first line that is there again */
  function missing(count: number, next: number): void {
    if (count === 0) return;
    const mayHaveArrived = pulled < handed();
    const say = (lines: number): string =>
      mayHaveArrived ? doubtText(lines, token) : lossText(lines, lastTime, token);
    onMissed(count, say);
    const note = { time: nowMicros(), source: 'twelve', process: 'logs', text: say(count) } as const;
    // It says all; what is missing between the lines that come next is counted with them.
    const place = { sequence: null, upTo: next - 1, missed: next - 1 - pulled };
    queue.push({ ...note, ...place, size: overhead + note.text.length });
    pulled = next - 1;
  }

  function pull(): void {
    for (;;) {
      const { lines, missed, more } = read();
      if (lines[0]) missing(missed, lines[0].sequence);
      for (const line of lines) {
        const { sequence } = line;
        const place = { upTo: sequence, missed: sequence - 1 - pulled, size: overhead + line.text.length };
        queue.push(Object.assign(line, place));
        pulled = sequence;
        lastTime = line.time;
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
      reader = begin(pulled);
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
      taken = cut.at(-1)!.upTo;
      // How this drain fell behind stands in its stream where it did, and not once more where that was said to the app.
      const missed = cut.reduce((sum, line) => sum + line.missed, 0);
      const passed = without(cut, (line) => line.sequence !== null && isLossOf(line, token));
      return { lines: passed, before, last: taken, missed };
    },
    putBack({ lines, before }) {
      queue = [...lines.map((line) => ({ ...line, size: overhead + line.text.length })), ...queue];
      taken = before;
    },
    rewind(to) {
      reader = begin(to);
      pulled = taken = to;
      queue = [];
    },
    look() {
      const { lines, missed } = begin(pulled).pull(1);
      const first = lines[0];
      if (!first || missed === 0) return;
      missing(first.sequence - 1 - pulled, first.sequence);
      reader = begin(pulled);
    },
  };
}

/** What had been dropped before a line that is left out is counted with the next, or the last. */
function without(lines: readonly Queued[], unwanted: (line: Queued) => boolean): Queued[] {
  const kept: Queued[] = [];
  let carried = 0;
  for (const line of lines) {
    carried += line.missed;
    if (unwanted(line)) continue;
    line.missed = carried;
    kept.push(line);
    carried = 0;
  }
  const last = kept.at(-1);
  if (last) last.missed += carried;
  return kept;
}

/** In Heroku's words. */
function lossText(count: number, since: number, token: string): string {
  return `Error L10 (output buffer overflow): ${count} messages dropped since ${formatMicros(since)}: drain ${token} did not take them in time.`;
}

/** Of lines that were handed over when a connection broke. */
function doubtText(count: number, token: string): string {
  return `Error L10 (output buffer overflow): ${count} messages dropped: drain ${token} had all or some of them when its connection broke, and may not have read them.`;
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
