// What the CLI prints: results to standard output; progress, notices and errors to standard error.
import type { WriteStream } from 'node:tty';
import { steadyMs } from '../domain/time-limit.ts';
import type { World } from './command.ts';
import { isInterrupt } from './errors.ts';
import { safeForTerminal } from './terminal-text.ts';

export interface Output {
  /** A line of the result. */
  line(text?: string): void;
  /** Several lines of the result. */
  text(lines: string): void;
  /** Text as it is: streams and values that programs read. */
  raw(bytes: string | Uint8Array): void;
  heading(text: string): void;
  /** Columns; empty ones at the end of a row leave no blanks. */
  table(rows: readonly (readonly string[])[]): void;
  json(value: unknown): void;
  /** Said on standard error. */
  notice(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** `Doing this... done`, on standard error. */
  action(title: string): Action;
  /** An action around a piece of work, which may end the line itself; an error ends it before it is told. */
  during<T>(title: string, work: (action: Action) => Promise<T>, result?: (value: T) => string): Promise<T>;
  /** Aborted when nobody reads standard output any more (`| head`). */
  closed: AbortSignal;
  color: boolean;
}

export interface Action {
  done(result?: string): void;
  failed(result?: string): void;
  /** Says something on a line of its own and begins the action's line again. */
  say(text: string): void;
  /** Ends the line that was begun, so that something else can be said. */
  interrupt(): void;
}

export function createOutput(world: Pick<World, 'stdout' | 'stderr' | 'env'>): Output {
  const { stdout, stderr } = world;
  const color = stdout.isTTY === true && world.env.color;
  const closed = new AbortController();
  ignoreReadersLeaving(stdout, () => closed.abort());
  ignoreReadersLeaving(stderr, () => undefined);
  const tell = (text: string): void => {
    stderr.write(`${stderr.isTTY ? safeForTerminal(text) : text}\n`);
  };
  const line = (text = ''): void => {
    stdout.write(`${stdout.isTTY ? safeForTerminal(text) : text}\n`);
  };
  const prefixed = (text: string): string => text.trimEnd().replace(/^/gm, ' !     ');
  return {
    line,
    text: (lines) => line(lines.trimEnd()),
    raw: (bytes) => void stdout.write(bytes),
    heading: (text) => line(color ? `\x1b[1m=== ${text}\x1b[22m` : `=== ${text}`),
    table(rows) {
      for (const row of aligned(rows)) line(row);
    },
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    notice: tell,
    warn: (text) => tell(prefixed(`Warning: ${text}`)),
    error(text) {
      const lines = prefixed(text);
      tell(stderr.isTTY && world.env.color ? `\x1b[31m${lines}\x1b[39m` : lines);
    },
    action: (title) => startAction(stderr, title),
    async during(title, work, result) {
      const action = startAction(stderr, title);
      try {
        const value = await work(action);
        action.done(result?.(value));
        return value;
      } catch (error) {
        if (isInterrupt(error)) action.interrupt();
        else action.failed();
        throw error;
      }
    },
    closed: closed.signal,
    color,
  };
}

/** A pipe whose reader went away is no failure of ours: what is still written is dropped. */
function ignoreReadersLeaving(stream: WriteStream, left: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    left();
  });
}

/** On a terminal, something that takes long shows for how long. */
function startAction(stderr: WriteStream, title: string): Action {
  const begun = steadyMs();
  const head = stderr.isTTY ? safeForTerminal(title) : title;
  stderr.write(`${head}... `);
  const timer = stderr.isTTY
    ? setInterval(() => {
        const seconds = Math.round((steadyMs() - begun) / 1000);
        if (seconds >= 2) stderr.write(`\r\x1b[K${head}... ${seconds}s `);
      }, 500)
    : undefined;
  timer?.unref();
  let open = true;
  const end = (text: string): void => {
    if (!open) return;
    open = false;
    clearInterval(timer);
    stderr.write(stderr.isTTY ? `\r\x1b[K${head}... ${safeForTerminal(text)}\n` : `${text}\n`);
  };
  return {
    done: (result) => end(result ? `done, ${result}` : 'done'),
    failed: (result) => end(result ? `failed, ${result}` : 'failed'),
    say(text) {
      stderr.write(`\n${stderr.isTTY ? safeForTerminal(text) : text}\n${head}... `);
    },
    interrupt: () => end(''),
  };
}

export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
}
