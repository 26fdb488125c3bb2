// Log lines as users see them: `2026-11-23T04:00:00.123456+00:00 app[web.1]: text`.

/** app: what an app printed. twelve: what the platform says about it (router, state changes, API). */
export type LogSource = 'app' | 'twelve';

export interface LogLine {
  /** Microseconds since the epoch. */
  time: number;
  source: LogSource;
  /** The word in brackets: `web.1`, `router`, `api`. */
  process: string;
  /** Without line end. */
  text: string;
  /** The release whose process it is about; unknown for what belongs to none. */
  release?: number;
}

/** A line in an app's stream, with its place in it. */
export interface StoredLine extends LogLine {
  /** Grows by one per line of an app, never reused. */
  sequence: number;
}

export interface LogFilter {
  source?: LogSource;
  /** `web.1` is one process, `web` all of that type. */
  process?: string;
  release?: number;
  /** Not before, not after: microseconds since the epoch. */
  since?: number;
  until?: number;
  /** Lines whose text holds it. */
  text?: string;
}

export const maxLineBytes = 10_000;

/** The line as printed by `logs`, in the field's usual form. */
export function formatLogLine(line: LogLine): string {
  return `${formatHead(line)}${line.text}`;
}

/** What stands before its text. */
export function formatHead({ time, source, process }: Pick<LogLine, 'time' | 'source' | 'process'>): string {
  return `${formatMicros(time)} ${source}[${process}]: `;
}

/** The second that was told last: lines come in bursts that share it. */
const known = { second: Number.NaN, text: '' };

/** `2026-11-23T04:00:00.123456+00:00` */
export function formatMicros(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== known.second) {
    known.text = new Date(second * 1000).toISOString().slice(0, 19);
    known.second = second;
  }
  return `${known.text}.${String(Math.floor(micros % 1_000_000)).padStart(6, '0')}+00:00`;
}

/** One line of `logs --json`. */
export function jsonLogLine(line: LogLine & { sequence?: number }): string {
  const { time, source, process, release, text, sequence } = line;
  return JSON.stringify({ time: formatMicros(time), source, process, release, text, sequence });
}

/** How a loss is announced in the stream. */
export function linesLost(count: number): string {
  return `${count} ${count === 1 ? 'line' : 'lines'} lost`;
}

/** Wall clock in microseconds (Node's clock has milliseconds; lines of apps carry the engine's finer time). */
export function nowMicros(): number {
  return Date.now() * 1000;
}
