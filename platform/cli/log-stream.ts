// An app's log lines from the server: the last ones, and with tail for as long as it takes, over its restarts.
import type { IncomingMessage } from 'node:http';
import type { LogQueryWords } from '../domain/log-query.ts';
import type { Client } from './client.ts';
import { appPath } from './command.ts';
import { ApiError, CliError, UnreachableError } from './errors.ts';
import { readEvents } from './event-stream.ts';
import { backOff, sleep } from './patience.ts';

export interface LogOrder {
  app: string;
  /** The server's choice when undefined. */
  lines: number | undefined;
  tail: boolean;
  json: boolean;
  query: LogQueryWords;
}

interface Needs {
  api: Client;
  signal: AbortSignal;
  notice(text: string): void;
}

export async function* logLines(order: LogOrder, needs: Needs): AsyncGenerator<string> {
  let url = await openSession(order, needs);
  let last: string | undefined;
  let told = false;
  let failures = 0;
  for (;;) {
    const end = yield* readOnce();
    if (!order.tail && end instanceof Error) throw end;
    if (!order.tail || end === 'for good') return;
    if (end instanceof UnreachableError && !told) {
      told = true;
      needs.notice('The log stream broke off. Connecting again.');
    }
    await sleep(backOff(failures++), needs.signal);
    if (end instanceof Error) await renew(end);
  }

  /** One connection, to its end. @returns how it ended; an error when before its time */
  async function* readOnce(): AsyncGenerator<string, 'in order' | 'for good' | Error> {
    let response: IncomingMessage | undefined;
    try {
      response = await connect(needs, url, last);
      let first = true;
      for await (const event of readEvents(response)) {
        // The first of a connection says from where on it goes.
        if (first && event.lines.length === 0 && isBefore(event.id, last)) {
          last = event.id;
          needs.notice('The log begins anew here, as after a restore: what came before is not kept.');
        }
        first = false;
        if (isSeen(event.id, last)) continue;
        last = event.id ?? last;
        failures = 0;
        told = false;
        // One line of the log; the server sends its parts where the app printed a CR.
        if (event.lines.length > 0) yield event.lines.join('\r');
      }
      return response.statusCode === 204 ? 'for good' : 'in order';
    } catch (error) {
      if (needs.signal.aborted) throw needs.signal.reason;
      return error instanceof CliError
        ? error
        : new UnreachableError('The log stream broke off before its end.', 'ECONNRESET', error);
    } finally {
      response?.destroy();
    }
  }

  /** A server that was restarted may not know the session any more. @throws what waiting cannot mend */
  async function renew(end: Error): Promise<void> {
    if (!(end instanceof ApiError || end instanceof UnreachableError)) throw end;
    if (end instanceof UnreachableError && end.code !== 'ECONNRESET') return;
    if (end instanceof ApiError && end.httpStatus < 500 && ![403, 404, 410].includes(end.httpStatus))
      throw end;
    try {
      // Whoever was somewhere goes on there; `10m` ago would be another moment now.
      const { since: _, ...query } = order.query;
      url = await openSession(last === undefined ? order : { ...order, query, lines: 0 }, needs);
    } catch (error) {
      const passing = error instanceof ApiError && error.httpStatus >= 500;
      if (!passing && !(error instanceof UnreachableError)) throw error;
    }
  }
}

async function openSession({ app, lines, tail, json, query }: LogOrder, needs: Needs): Promise<string> {
  const { process: dyno, ...words } = query;
  const session = await needs.api.send<{ logplex_url: string }>('POST', `${appPath(app)}/log-sessions`, {
    lines,
    tail,
    dyno,
    ...words,
    ...(json ? { format: 'json' } : {}),
  });
  return session.logplex_url;
}

async function connect(needs: Needs, url: string, last: string | undefined): Promise<IncomingMessage> {
  const headers = {
    Accept: 'text/event-stream',
    ...(last === undefined ? {} : { 'Last-Event-ID': last }),
  };
  const response = await needs.api.stream(url, headers, needs.signal);
  const status = response.statusCode ?? 0;
  if (status === 200 || status === 204) return response;
  response.resume();
  throw new ApiError(`The log stream was refused with status ${status}. Try again: twelve logs`, status, '');
}

function isBefore(id: string | undefined, last: string | undefined): boolean {
  return isSeen(id, last) && id !== last;
}

/** Sequence numbers grow; a line that came before a break may come again after it. */
function isSeen(id: string | undefined, last: string | undefined): boolean {
  return id !== undefined && last !== undefined && Number(id) <= Number(last);
}
