// What apps print and what the platform says of them: one stream per app, kept on disk, read newest or live.
import type { ResolveSafely } from '../domain/address.ts';
import { hasCode } from '../domain/errors.ts';
import type { DrainStatus } from '../domain/log-drain.ts';
import { type LogFilter, type LogSource, nowMicros, type StoredLine } from '../domain/log-line.ts';
import type { LogCounts } from './core.ts';
import type { DrainOrder } from './drains/drains.ts';
import type { Gone } from './gone.ts';
import { createLink, type Link } from './link.ts';
import type { LineShape, ShownLines } from './shown.ts';
import type { TailQuery } from './tail.ts';
import { createWriter } from './writer.ts';

export interface Logs {
  /** Starts (or goes on) following the engine's json-file log of a container; returns at once, once is enough. */
  follow(container: {
    id: string;
    appId: string;
    process: string;
    logPath: string;
    /** The release it runs. */
    release?: number;
  }): void;
  /**
   * Resolves once everything the (ended) container printed is stored; only then remove the container. At once when it
   * is not followed; never when the log is closed before: the rest is for the next server. When its file is gone the loss
   * stands in the stream.
   */
  drained(containerId: string): Promise<void>;
  /** A line of the platform itself: router lines, state changes, API lines. Never waits. */
  write(
    appId: string,
    line: { source: LogSource; process: string; text: string; time?: number; release?: number },
  ): void;
  /** The newest matching lines, oldest first. */
  read(appId: string, query: { lines: number; filter: LogFilter }): Promise<StoredLine[]>;
  /**
   * First the newest `lines` (Infinity: all; or all after the sequence number `after`), then live, without gap or
   * repeat, until `signal`; with `once` it ends where the log ended when it began. A reader so slow that the budget
   * dropped lines unread is told how many (matching or not), and one that asks for all from a time on, from when on the
   * budget has let them be kept. With `marks` it is told how far everything was looked at,
   * as a number to go on after: at the beginning, and where nothing matches for long.
   */
  tail(
    appId: string,
    query: TailQuery & { shape: LineShape; signal: AbortSignal },
  ): AsyncIterable<ShownLines | Place>;
  /** Sends an app's stream on, from where the drain was; a new one from here on. Returns at once, once is enough. */
  openDrain(order: DrainOrder): void;
  /** For good: also how far it was. */
  removeDrain(id: string): Promise<void>;
  drainsOf(appId: string): Promise<DrainStatus[]>;
  /** Lines stored and lost, and how drains stand. */
  counts(): Promise<LogCounts>;
  /** Deletes an app's log for good. */
  remove(appId: string): Promise<void>;
  /** All that was read is stored. */
  close(): Promise<void>;
}

/** Where a tail is: everything up to the sequence number `at` was looked at, but for `missed` lines that are gone. */
export interface Place {
  missed: number;
  at: number;
  /** At the beginning of a query of all from a time on: what of it is not kept any more. */
  gone?: Gone;
}

export interface LogsNeeds {
  folder: string;
  /** Per app. */
  budgetBytes: number;
  /** Looks up where a drain leads, and refuses what is not to be gone to; without it no drain leads anywhere. */
  resolve?: ResolveSafely;
  /** Certificate authorities of drains' receivers beside the usual ones, as PEM. */
  caFile?: string | null;
  onProblem: (message: string) => void;
  /** Part of the budget that router lines may fill; a quarter by default. */
  routerShare?: number;
}

type Container = Parameters<Logs['follow']>[0];

/** Who waits for a log to be read removes its container next. */
const never = new Promise<never>(() => {});

/** Runs the log router in a thread of its own, where a flood cannot stall the rest. */
export async function createLogs(needs: LogsNeeds): Promise<Logs> {
  const followed = new Map<string, Container>();
  const drains = new Map<string, DrainOrder>();
  const report = (error: unknown): void => needs.onProblem(String(error));
  const link = await createLink({ routerShare: 0.25, ...needs }, () => {
    writer.flush();
    for (const container of followed.values()) send('follow', container).catch(report);
    for (const order of drains.values()) send('openDrain', order).catch(report);
  });
  const writer = createWriter(link);
  let tails = 0;
  let closing = false;

  /** Anything but a written line first passes on the lines that were written before it. */
  const send: Link['call'] = (name, ...args) => {
    writer.flush();
    return link.call(name, ...args);
  };

  /** A thread that died may not have done it: the next one is asked again. @returns false when all ended before */
  async function surely(isWanted: () => boolean, ask: () => Promise<void>): Promise<boolean> {
    while (isWanted()) {
      if (closing) return false;
      try {
        await ask();
        return true;
      } catch (error) {
        await restarted(error);
      }
    }
    return true;
  }

  async function drained(id: string): Promise<void> {
    const done = await surely(
      () => followed.has(id),
      () => send('drained', id),
    );
    if (!done) await never;
    followed.delete(id);
  }

  async function* tail(
    appId: string,
    { signal, shape, marks, ...query }: Parameters<Logs['tail']>[1],
  ): AsyncGenerator<ShownLines | Place> {
    let position = query.after;
    while (!signal.aborted && !closing) {
      const id = ++tails;
      const stop = (): void => void send('closeTail', id).catch(() => {});
      signal.addEventListener('abort', stop, { once: true });
      const from = position === undefined ? {} : { after: position };
      try {
        await send('openTail', id, appId, { ...query, ...from, marks: true }, shape);
        for (;;) {
          const batch = await send('nextOfTail', id);
          if ('end' in batch) return;
          position = batch.at;
          if ('missed' in batch) yield batch;
          else if (batch.lines) yield batch.lines;
          else if (marks) yield { missed: 0, at: batch.at };
        }
      } catch (error) {
        await restarted(error);
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    }
  }

  return {
    follow(container) {
      if (followed.has(container.id)) return;
      followed.set(container.id, { ...container });
      send('follow', { ...container }).catch(report);
    },
    drained,
    write(appId, { time = nowMicros(), ...line }) {
      writer.write({ appId, ...line, time });
    },
    read: (appId, query) => send('read', appId, query),
    tail,
    openDrain({ id, appId, url, token, insecure }) {
      const order = { id, appId, url, token, insecure };
      drains.set(id, order);
      send('openDrain', order).catch(report);
    },
    async removeDrain(id) {
      // Known until then, since only a thread that has it open knows which file is to go with it.
      try {
        await surely(
          () => drains.has(id),
          () => send('removeDrain', id),
        );
      } finally {
        // Also where its file stays: the next thread must not open it again.
        drains.delete(id);
      }
    },
    drainsOf: (appId) => send('drainsOf', appId),
    async counts() {
      const { apps, drains } = await send('counts');
      return {
        apps: apps.map((one) => ({ ...one, lost: one.lost + writer.lost(one.appId) })),
        drains,
      };
    },
    async remove(appId) {
      for (const [id, order] of drains) if (order.appId === appId) drains.delete(id);
      for (const [id, container] of followed) if (container.appId === appId) followed.delete(id);
      await surely(
        () => true,
        () => send('remove', appId),
      );
    },
    async close() {
      if (closing) return;
      const done = send('close');
      closing = true;
      try {
        await done;
      } finally {
        await link.close();
      }
    },
  };
}

/** Waits for a new thread when the old one died; any other error is the caller's. */
async function restarted(error: unknown): Promise<void> {
  if (!hasCode(error, 'service_unavailable')) throw error;
  await new Promise((resolve) => setTimeout(resolve, 1200));
}
