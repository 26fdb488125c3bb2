// One reader of an app's live log: first what is stored, then what comes, each line once and in order.
import { setImmediate as breathe } from 'node:timers/promises';
import type { LogFilter, StoredLine } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { type Gone, goneBefore } from './gone.ts';
import { findNewest, spanOf } from './newest.ts';
import { type ForwardReader, type Hits, readForward } from './reader.ts';

export interface TailQuery {
  /** How many of the newest matching lines come first (Infinity: all)… */
  lines: number;
  filter: LogFilter;
  /** …or, instead, all after this sequence number. */
  after?: number;
  /** Ends with what was stored when it was opened. */
  once?: boolean;
  /** Also tells its place, in batches without lines: at the beginning, and now and then where nothing matches. */
  marks?: boolean;
}

/** `at`: the sequence number up to which everything was looked at. */
export type TailBatch =
  | { lines: StoredLine[]; at: number }
  | { missed: number; at: number; gone?: Gone }
  | { end: true };

export interface Tail {
  /** Waits for the next lines. One call at a time. */
  next(): Promise<TailBatch>;
  /** Ends it; a waiting `next` says so. */
  close(): void;
}

const batchLines = 500;
/** Of what is stored already more at once, since each time a block may have to be unpacked. */
const historyLines = 2000;
/** Where nothing matches, the reader is told its place each time so many lines were passed. */
const markEvery = 10_000;

/**
 * It reads the segments at the reader's own pace and keeps no lines in memory, so a slow reader costs and stalls
 * nothing; what the budget drops before it was read is counted as missed (all lines, matching or not).
 */
export function openTail(log: AppLog, query: TailQuery): Tail {
  const opened = log.last();
  const resumed = query.after !== undefined;
  let inHistory = !resumed || query.once === true;
  let historyEnd = opened;
  let held: StoredLine[] | undefined;
  let told = -1;
  let gone: Gone | undefined;
  let closed = false;
  let news = false;
  let wake: () => void = () => {};
  const forget = log.onAppend(() => {
    news = true;
    wake();
  });

  async function begin(): Promise<ForwardReader> {
    if (query.after !== undefined) return readForward(log, Math.min(query.after, opened), query.filter);
    const span = spanOf(log, query.filter);
    if (query.once) historyEnd = span.last;
    const all = query.lines === Number.POSITIVE_INFINITY;
    if (all) gone = goneBefore(log, query.filter);
    if (all) return readForward(log, span.after, query.filter);
    const hits: Hits = new Map();
    const after = await findNewest(log, query.lines, query.filter, breathe, hits);
    return readForward(log, after, query.filter, hits);
  }

  const started = begin();
  started.catch(() => {
    // `next` throws it.
  });

  async function next(): Promise<TailBatch> {
    const reader = await started;
    if (gone && !closed) {
      const batch = { missed: 0, at: reader.position(), gone };
      gone = undefined;
      told = batch.at;
      return batch;
    }
    if (held) {
      const lines = held;
      held = undefined;
      return { lines, at: reader.position() };
    }
    while (!closed) {
      if (query.marks && told < 0) return mark(reader);
      if (query.once && !inHistory) break;
      news = false;
      const batch = pull(reader);
      if (batch) return batch;
      if (news) await breathe();
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    return { end: true };
  }

  function mark(from: ForwardReader): TailBatch {
    told = from.position();
    return { lines: [], at: told };
  }

  /** What was dropped from the beginning of the history was not missed by this reader. */
  function pull(from: ForwardReader): TailBatch | undefined {
    const { lines, missed, more } =
      inHistory && !resumed
        ? { ...from.skim(historyLines, historyEnd), missed: 0 }
        : from.pull(batchLines, inHistory ? historyEnd : log.last());
    const at = from.position();
    if (more) news = true;
    else if (inHistory) {
      inHistory = false;
      news = true;
    }
    if (missed > 0) {
      if (lines.length > 0) held = lines;
      return { missed, at: lines[0] ? lines[0].sequence - 1 : at };
    }
    if (lines.length === 0 && !(query.marks && at - told >= markEvery)) return undefined;
    told = at;
    return { lines, at };
  }

  return {
    next,
    close() {
      closed = true;
      forget();
      wake();
    },
  };
}
