// One reader of an app's live log: first what is stored, then what comes, each line once and in order.
import { setImmediate as breathe } from 'node:timers/promises';
import type { LogFilter, StoredLine } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { type ForwardReader, findNewest, readForward } from './reader.ts';

export interface TailQuery {
  /** How many of the newest matching lines come first… */
  lines: number;
  filter: LogFilter;
  /** …or, instead, all after this sequence number. */
  after?: number;
}

export type TailBatch = { lines: StoredLine[] } | { missed: number } | { end: true };

export interface Tail {
  /** Waits for the next lines. One call at a time. */
  next(): Promise<TailBatch>;
  /** Ends it; a waiting `next` says so. */
  close(): void;
}

const batchLines = 500;

/**
 * It reads the segments at the reader's own pace and keeps no lines in memory, so a slow reader costs and stalls
 * nothing; what the budget drops before it was read is counted as missed (all lines, matching or not).
 */
export function openTail(log: AppLog, query: TailQuery): Tail {
  const opened = log.last();
  let inHistory = query.after === undefined;
  let held: StoredLine[] | undefined;
  let closed = false;
  let news = false;
  let wake: () => void = () => {};
  const forget = log.onAppend(() => {
    news = true;
    wake();
  });

  async function begin(): Promise<ForwardReader> {
    const after =
      query.after === undefined
        ? await findNewest(log, query.lines, query.filter, breathe)
        : Math.min(query.after, opened);
    return readForward(log, after, query.filter);
  }

  const started = begin();
  started.catch(() => {
    // `next` throws it.
  });

  async function next(): Promise<TailBatch> {
    if (held) {
      const lines = held;
      held = undefined;
      return { lines };
    }
    const reader = await started;
    while (!closed) {
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

  /** What was dropped from the beginning of the history was not missed by this reader. */
  function pull(from: ForwardReader): TailBatch | undefined {
    const until = inHistory ? opened : log.last();
    const { lines, missed, more } = from.pull(batchLines, until);
    const late = inHistory ? 0 : missed;
    if (more) news = true;
    else if (inHistory) {
      inHistory = false;
      news = true;
    }
    if (late > 0) {
      if (lines.length > 0) held = lines;
      return { missed: late };
    }
    return lines.length > 0 ? { lines } : undefined;
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
