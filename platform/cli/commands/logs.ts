// logs: what an app and the platform say, the last lines and live.
import { appFlags, type Command } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { colorLine } from '../log-color.ts';
import { logLines } from '../log-stream.ts';

const logs: Command = {
  name: 'logs',
  usage: 'logs',
  summary: "show an app's log",
  example: 'twelve logs --tail -p web -a hello',
  flags: {
    ...appFlags,
    num: { type: 'string', short: 'n', help: 'how many lines (default: 100)' },
    tail: { type: 'boolean', short: 't', help: 'go on with new lines until Ctrl-C' },
    source: { type: 'string', short: 's', help: 'only from app, or only from twelve' },
    process: { type: 'string', short: 'p', help: 'only of a process (web.1) or process type (web)' },
    'process-type': { type: 'string' },
    'dyno-name': { type: 'string', short: 'd' },
  },
  async run(call) {
    const lines = Number(call.text('num') ?? 100);
    if (!Number.isInteger(lines) || lines < 0) throw usageError('-n takes a whole number from 0.');
    const closed = call.out.closed;
    const signal = AbortSignal.any([call.signal, closed]);
    const order = {
      app: await call.app(),
      lines,
      tail: call.on('tail'),
      source: call.text('source'),
      process: call.text('process') ?? call.text('process-type') ?? call.text('dyno-name'),
    };
    try {
      for await (const line of logLines(order, { api: call.api(), signal, notice: call.out.notice }))
        call.out.line(call.out.color ? colorLine(line) : line);
    } catch (error) {
      if (closed.aborted && !(error instanceof CliError)) return;
      throw error;
    }
  },
};

export const commands: readonly Command[] = [logs];
