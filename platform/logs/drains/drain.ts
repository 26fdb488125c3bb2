// One drain: lines from its cursor on, to its target, until the target has them; then the cursor moves.
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../domain/errors.ts';
import type { DrainStatus } from '../../domain/log-drain.ts';
import { steadyMs } from '../../domain/time-limit.ts';
import type { AppLog } from '../app-log.ts';
import { createAccount } from './account.ts';
import { createLineSource, tooLargeText } from './line-source.ts';
import { type DrainBatch, type DrainTarget, TooLarge } from './target.ts';

export interface Drain {
  status(): Omit<DrainStatus, 'id'>;
  /** What is on its way has a moment to arrive. */
  close(): Promise<void>;
}

export interface DrainNeeds {
  log: AppLog;
  /** Its cursor's file. */
  path: string;
  token: string;
  /** @param onBroken lines after this sequence number have to be sent again */
  target(onBroken: (after: number) => void): DrainTarget;
  /** The first failure after a success. */
  onFailing(why: string): void;
  /** It cannot be kept how far it is, or not be said what it lost. */
  onProblem(message: string): void;
  retry: Retry;
}

export interface Retry {
  firstMs: number;
  mostMs: number;
  /** A receiver that neither takes a batch nor refuses it for so long is said to hang. */
  hungMs: number;
}

interface Entry {
  batch: DrainBatch;
  arrived: boolean;
  /** Lines of it that the receiver will never take. */
  refused: number;
  /** When this attempt began, in milliseconds. */
  since: number;
}

const batchLines = 500;
const batchBytes = 256 * 1024;
const farewellMs = 2000;

export function createDrain(needs: DrainNeeds): Drain {
  const { log, retry } = needs;
  const stop = new AbortController();
  const account = createAccount(needs);
  const { missed, handed } = account;
  const source = createLineSource({ ...needs, after: account.sequence(), onMissed: missed, handed });
  const target = needs.target((after) => {
    account.doubt(after);
    wake();
  });
  /** In their order; the cursor moves over those at its head that have arrived. */
  let onTheWay: Entry[] = [];
  let failures = 0;
  let failure: string | null = null;
  /** In milliseconds. */
  let succeededAt = 0;
  /** What failed last was reading the log, and not the receiver. */
  let unread = false;
  let mostLines = batchLines;
  let closing = false;
  let news = true;
  let wake: () => void = () => {};
  const tell = (): void => {
    news = true;
    wake();
  };
  const forget = log.onAppend(tell);
  const watching = setInterval(watch, retry.hungMs / 4).unref();
  const running = run();

  async function run(): Promise<void> {
    while (!closing) {
      try {
        await step();
      } catch (error) {
        unread = true;
        await failed(new Error(`The app's log cannot be read: ${messageOf(error)}.`));
      }
    }
  }

  /** Sends one batch on its way, or waits until there may be one. @throws what reading the log fails with */
  async function step(): Promise<void> {
    if (account.inDoubt() && onTheWay.length === 0) source.rewind(account.goBack());
    const batch = onTheWay.length < target.window && !account.inDoubt() ? next() : null;
    if (batch) {
      const entry = entryOf(batch);
      onTheWay.push(entry);
      if (entry.arrived) settle();
      else void deliver(entry).finally(tell);
      // A receiver that takes all at once would else have this thread to itself until the drain has caught up.
      await breathe();
      return;
    }
    const idle = onTheWay.length === 0;
    await waiting();
    if (idle && !closing) await sleep(target.lingerMs);
  }

  function next(): DrainBatch | null {
    news = false;
    const until = account.sending() ?? Number.POSITIVE_INFINITY;
    const batch = source.take({ lines: mostLines, bytes: batchBytes, until });
    if (unread) succeeded();
    if (!target.repeatable) return batch;
    const sending = batch && batch.last > batch.before ? batch.last : null;
    if (sending === account.sending()) return batch;
    account.setSending(sending);
    // What was on its way is not kept any more: what comes next is a batch of its own.
    return batch ?? next();
  }

  async function waiting(): Promise<void> {
    if (!news && !closing)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    news = false;
  }

  /** Until it has arrived, or has to be taken anew. Never rejects. */
  async function deliver(entry: Entry): Promise<void> {
    const { batch } = entry;
    while (!stop.signal.aborted) {
      entry.since = steadyMs();
      try {
        await target.send(batch, stop.signal);
        succeeded();
        mostLines = Math.min(batchLines, mostLines + Math.ceil(mostLines / 10));
        entry.arrived = true;
        return settle();
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof TooLarge) return shrink(entry);
        await failed(error);
        if (account.inDoubt()) return abandon(entry);
      }
    }
  }

  function abandon(entry: Entry): void {
    onTheWay = onTheWay.filter((one) => one !== entry);
  }

  /** Fewer lines at a time; one that is too large by itself is lost. */
  function shrink(entry: Entry): void {
    const { batch } = entry;
    account.setSending(null);
    if (batch.lines.length > 1) {
      mostLines = Math.floor(batch.lines.length / 2);
      if (target.window > 1) halve(entry);
      else {
        abandon(entry);
        source.putBack(batch);
      }
      return;
    }
    if (batch.lines[0]?.sequence) {
      account.refused(tooLargeText(needs.token));
      entry.refused = 1;
    }
    entry.batch = { ...batch, lines: [] };
    entry.arrived = true;
    settle();
  }

  /** Where it stands in the order: what is behind it is on its way already. */
  function halve(entry: Entry): void {
    const { lines, before, last, missed } = entry.batch;
    const first = lines.slice(0, mostLines);
    const middle = first.at(-1)!.upTo;
    const missedFirst = first.reduce((sum, line) => sum + line.missed, 0);
    const rest = { lines: lines.slice(mostLines), before: middle, last, missed: missed - missedFirst };
    const halves = [{ lines: first, before, last: middle, missed: missedFirst }, rest].map(entryOf);
    onTheWay.splice(onTheWay.indexOf(entry), 1, ...halves);
    for (const half of halves) void deliver(half).finally(tell);
  }

  function succeeded(): void {
    succeededAt = steadyMs();
    failures = 0;
    failure = null;
    unread = false;
  }

  /** Says it, and waits before the next attempt. Never rejects. */
  async function failed(error: unknown): Promise<void> {
    if (failure === null) needs.onFailing(messageOf(error));
    failure = messageOf(error);
    look();
    const wait = Math.min(retry.mostMs, retry.firstMs * 2 ** Math.min(failures++, 20));
    await sleep(wait * (0.75 + Math.random() / 2), undefined, { signal: stop.signal }).catch(() => {});
  }

  /** No error tells of a receiver that hangs: what the budget drops is counted meanwhile, and it is said why. */
  function watch(): void {
    const [oldest] = onTheWay;
    if (!oldest || steadyMs() - Math.max(oldest.since, succeededAt) < retry.hungMs) return;
    look();
    if (failure !== null) return;
    failure = `The receiver has not taken what was sent ${Math.ceil(retry.hungMs / 1000)} s ago: it hangs or reads very slowly, or its machine does not answer.`;
    needs.onFailing(failure);
  }

  function look(): void {
    try {
      source.look();
    } catch {
      // That the log cannot be read is said where its lines are taken.
    }
  }

  function settle(): void {
    while (onTheWay[0]?.arrived) {
      const { batch, refused } = onTheWay.shift()!;
      account.settle(batch, refused);
    }
    wake();
  }

  return {
    status: () => ({ ...account.counts(), failure }),
    async close() {
      closing = true;
      clearInterval(watching);
      forget();
      wake();
      const late = setTimeout(() => stop.abort(), farewellMs);
      // What fails now is tried by the next server.
      if (failure !== null) stop.abort();
      await running;
      while (onTheWay.length > 0 && !stop.signal.aborted) await waitingFor(onTheWay.length);
      clearTimeout(late);
      stop.abort();
      await target.close();
      // What the end of the target settled, or put in doubt, belongs to it.
      await breathe();
      account.close();
    },
  };

  async function waitingFor(count: number): Promise<void> {
    while (onTheWay.length === count && !stop.signal.aborted) await sleep(5);
  }
}

function entryOf(batch: DrainBatch): Entry {
  return { batch, arrived: batch.lines.length === 0, refused: 0, since: steadyMs() };
}
