// Log sessions: a secret URL, good for one app and one set of filters, streamed as events or as text.
import type { Request, Response } from 'express';
import { nanoid } from 'nanoid';
import { PlatformError } from '../domain/errors.ts';
import { formatMicros, type LogFilter, type LogLine, nowMicros } from '../domain/log-line.ts';
import { steadyMs, within } from '../domain/time-limit.ts';
import type { Gone } from '../logs/gone.ts';
import type { Logs, Place } from '../logs/logs.ts';
import { showLine } from '../logs/shown.ts';
import { allowSilence } from './patience.ts';
import { leaving, mayStay } from './waiting.ts';

export interface LogOrder {
  appId: string;
  /** How many of the newest come first; Infinity: all. */
  lines: number;
  tail: boolean;
  format: 'text' | 'json';
  filter: LogFilter;
  /** Whether who asked for it still may. */
  stands?(): boolean;
}

export interface LogSessions {
  /** @returns the secret of its URL */
  open(order: LogOrder): string;
  serve(secret: string, request: Request, response: Response): Promise<void>;
  /** Ends all tails in order, so that clients come back to the next server. */
  close(): void;
}

interface Session {
  order: LogOrder;
  expires: number;
}

const firstUseMs = 5 * 60_000;
const usualPingMs = 20_000;

/** @param exists whether an app is still there; @param now milliseconds, which only grow; @param pingMs how often a silent tail is heard of, and whether it still stands is asked */
export function createLogSessions(
  logs: Pick<Logs, 'tail'>,
  exists: (appId: string) => boolean,
  now: () => number = steadyMs,
  pingMs = usualPingMs,
): LogSessions {
  const orders = new Map<string, Session>();
  const life = new AbortController();

  function find(secret: string): Session {
    const found = orders.get(secret);
    if (!found || found.expires < now() || !exists(found.order.appId) || found.order.stands?.() === false)
      throw new PlatformError('not_found', 'This log session has ended. Run the command again.', {
        resource: 'log-session',
      });
    return found;
  }

  /** A tail's URL stays good for a while, for a client that comes back; the other kind was good once. */
  function settle(secret: string, session: Session): void {
    if (session.order.tail) session.expires = now() + firstUseMs;
    else orders.delete(secret);
  }

  async function serve(secret: string, request: Request, response: Response): Promise<void> {
    const session = find(secret);
    const { order } = session;
    const events = (request.headers.accept ?? '').includes('text/event-stream');
    response.setHeader(
      'Content-Type',
      events ? 'text/event-stream; charset=utf-8' : 'text/plain; charset=utf-8',
    );
    response.setHeader('Cache-Control', 'no-cache');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    // In use: a client that reconnects comes back to the same URL.
    session.expires = Number.POSITIVE_INFINITY;
    allowSilence(request);
    response.flushHeaders();
    if (events && !order.tail) response.write('retry: 1\n\n');
    try {
      await within(life.signal, null, async (stopped) => {
        const signal = AbortSignal.any([leaving(response), stopped]);
        await stream(order, lastEventId(request), response, events, signal);
      });
      response.end();
    } catch (error) {
      // An end in order would say that this was all.
      response.destroy();
      throw error;
    } finally {
      settle(secret, session);
    }
  }

  async function stream(
    { appId, lines, tail, filter, format, stands }: LogOrder,
    after: number | undefined,
    response: Response,
    events: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const shape = { json: format === 'json', events };
    const over = new AbortController();
    const ping = setInterval(() => {
      // In order: who comes back to the same URL is told that it has ended.
      if (mayStay(stands)) response.write(events ? ': ping\n\n' : '');
      else over.abort();
    }, pingMs);
    const from = after === undefined ? {} : { after };
    let latest = nowMicros();
    try {
      for await (const part of logs.tail(appId, {
        lines,
        filter,
        shape,
        signal: AbortSignal.any([signal, over.signal]),
        once: !tail,
        marks: events && tail,
        ...from,
      })) {
        if ('at' in part) await send(response, showLine(shape, part.at, lineAbout(part, latest)), signal);
        else {
          latest = part.time;
          await send(response, part.bytes, signal);
        }
      }
    } finally {
      clearInterval(ping);
    }
  }

  return {
    open(order) {
      for (const [secret, { expires }] of orders) if (expires < now()) orders.delete(secret);
      // Sessions in use stay so that a tail can reconnect; the oldest go when there are very many.
      if (orders.size > 10_000) orders.delete(orders.keys().next().value!);
      const secret = nanoid(32);
      orders.set(secret, { order, expires: now() + firstUseMs });
      return secret;
    },
    serve,
    close() {
      life.abort();
    },
  };
}

/** Waits while the reader is slow; the log router counts what it misses meanwhile. */
async function send(response: Response, text: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (text.length === 0 || signal.aborted || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      response.off('drain', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    response.once('drain', end);
    signal.addEventListener('abort', end);
  });
}

/** What is to be said at a place, if anything. @param since the time of the last line before it */
function lineAbout({ missed, gone }: Place, since: number): LogLine | undefined {
  if (gone) return goneLine(gone);
  return missed === 0 ? undefined : missedLine(missed, since);
}

function missedLine(count: number, since: number): LogLine {
  const what = count === 1 ? '1 message' : `${count} messages`;
  return {
    time: nowMicros(),
    source: 'twelve',
    process: 'logs',
    text: `Error L11 (Tail buffer overflow) -> This tail session dropped ${what} since ${formatMicros(since)}`,
  };
}

function goneLine({ requests, others }: Gone): LogLine {
  const parts = [
    ...(others === undefined ? [] : [`lines of processes and the platform before ${formatMicros(others)}`]),
    ...(requests === undefined ? [] : [`request lines before ${formatMicros(requests)}`]),
  ];
  const text = `Dropped for the log's budget: ${parts.join(', ')}.`;
  return { time: nowMicros(), source: 'twelve', process: 'logs', text };
}

function lastEventId(request: Request): number | undefined {
  const text = request.headers['last-event-id'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
