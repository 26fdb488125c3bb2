// One reader of an app's live log: first what is stored, then what comes, each line once and in order.
import { setImmediate as breathe } from 'node:timers/promises';
import type { LogFilter } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { type Gone, goneBefore } from './gone.ts';
import { findNewest, spanOf } from './newest.ts';
import { type ForwardReader, type Gatherer, type Hits, readForward } from './reader.ts';

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

/** `at`: the sequence number up to which everything was looked at; without `lines` there were none. */
export type TailBatch<Lines> =
  | { lines?: Lines; at: number }
  | { missed: number; at: number; gone?: Gone }
  | { end: true };

export interface Tail<Lines> {
  /** Waits for the next lines. One call at a time. */
  next(): Promise<TailBatch<Lines>>;
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
export function openTail<Lines>(log: AppLog, query: TailQuery, gather: Gatherer<Lines>): Tail<Lines> {
  const opened = log.last();
  const resumed = query.after !== undefined;
  let inHistory = !resumed || query.once === true;
  let historyEnd = opened;
  let held: Lines | undefined;
  let told = -1;
  let gone: Gone | undefined;
  let closed = false;
  let news = false;
  let wake: () => void = () => {};
  const forget = log.onAppend(() => {
    news = true;
    wake();
  });

  async function begin(): Promise<ForwardReader<Lines>> {
    if (query.after !== undefined)
      return readForward(log, Math.min(query.after, opened), query.filter, gather);
    const span = spanOf(log, query.filter);
    if (query.once) historyEnd = span.last;
    const all = query.lines === Number.POSITIVE_INFINITY;
    if (all) gone = goneBefore(log, query.filter);
    if (all) return readForward(log, span.after, query.filter, gather);
    const hits: Hits = new Map();
    const after = await findNewest(log, query.lines, query.filter, rest, hits);
    return readForward(log, after, query.filter, gather, hits);
  }

  /** Nobody waits any longer for what is looked for. */
  async function rest(): Promise<void> {
    await breathe();
    if (closed) throw new Error('The tail was closed.');
  }

  const started = begin();
  started.catch(() => {
    // `next` throws it.
  });

  async function next(): Promise<TailBatch<Lines>> {
    const reader = await started.catch((error: unknown) => {
      if (!closed) throw error;
    });
    if (!reader) return { end: true };
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

  function mark(from: ForwardReader<Lines>): TailBatch<Lines> {
    told = from.position();
    return { at: told };
  }

  /** What was dropped from the beginning of the history was not missed by this reader. */
  function pull(from: ForwardReader<Lines>): TailBatch<Lines> | undefined {
    const { lines, count, first, missed, more } =
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
      if (count > 0) held = lines;
      return { missed, at: count > 0 ? first - 1 : at };
    }
    if (count === 0) return query.marks && at - told >= markEvery ? mark(from) : undefined;
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
