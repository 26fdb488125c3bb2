// logs: what an app and the platform say, the last lines and live.
import { messageOf } from '../../domain/errors.ts';
import { nowMicros } from '../../domain/log-line.ts';
import { type LogQueryWords, readLogQuery } from '../../domain/log-query.ts';
import { appFlags, type Call, type Command, jsonFlag } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { colorLine } from '../log-color.ts';
import { type LogOrder, logLines } from '../log-stream.ts';

const logs: Command = {
  name: 'logs',
  usage: 'logs',
  summary: "show an app's log",
  example: 'twelve logs --tail -p web -a hello',
  flags: {
    ...appFlags,
    ...jsonFlag,
    num: { type: 'string', short: 'n', help: 'how many lines (default: 100; with --since all)' },
    tail: { type: 'boolean', short: 't', help: 'go on with new lines until Ctrl-C' },
    since: { type: 'string', help: 'from when on: 10m or 2h ago, 04:00 (UTC), 2026-11-23T04:00' },
    until: { type: 'string', help: 'up to when' },
    source: { type: 'string', short: 's', help: 'only from app, or only from twelve' },
    process: { type: 'string', short: 'p', help: 'only of a process (web.1) or process type (web)' },
    release: { type: 'string', help: 'only of the processes of a release (v12)' },
    grep: { type: 'string', help: 'only lines that contain this text' },
    'process-type': { type: 'string' },
    'dyno-name': { type: 'string', short: 'd' },
  },
  async run(call) {
    const wanted = orderOf(call);
    const closed = call.out.closed;
    const signal = AbortSignal.any([call.signal, closed]);
    const order = { ...wanted, app: await call.app() };
    const color = call.out.color && !order.json;
    const terminal = call.world.stdout.isTTY;
    try {
      for await (const line of logLines(order, { api: call.api(), signal, notice: call.out.notice }))
        call.out.line(broken(color ? colorLine(line) : line, terminal));
    } catch (error) {
      if (closed.aborted && !(error instanceof CliError)) return;
      throw error;
    }
  },
};

/** What was printed over something else (progress) stands below it on a terminal, where neither may hide the other. */
function broken(line: string, terminal: boolean): string {
  return terminal ? line.replace(/\r+$/, '').replace(/\r+/g, '\n    ') : line;
}

/** @throws CliError (wrong usage) before the server is asked */
function orderOf(call: Call): Omit<LogOrder, 'app'> {
  const query: LogQueryWords = {
    source: call.text('source'),
    process: call.text('process') ?? call.text('process-type') ?? call.text('dyno-name'),
    release: call.text('release'),
    since: call.text('since'),
    until: call.text('until'),
    grep: call.text('grep'),
  };
  try {
    readLogQuery(query, nowMicros());
  } catch (error) {
    throw usageError(messageOf(error));
  }
  const tail = call.on('tail');
  if (tail && query.until !== undefined)
    throw usageError('A tail has no end: leave out either --tail or --until.');
  return { lines: lineCount(call.text('num')), tail, json: call.on('json'), query };
}

function lineCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw usageError('-n takes a whole number from 0, such as -n 500.');
  return Number(text);
}

export const commands: readonly Command[] = [logs];
