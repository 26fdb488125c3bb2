// What a caller holds of a process that it is attached to.
import type { Duplex, Readable } from 'node:stream';

export interface AttachedSession {
  name: string;
  stream: Duplex;
  /** Without a terminal. */
  stderr?: Readable;
  resize(columns: number, rows: number): Promise<void>;
  signal(name: string): Promise<void>;
  /** Exit status; nothing of it is left by then. */
  exit: Promise<number>;
}

export interface Window {
  columns: number;
  rows: number;
}

/** The size is there before the command looks: the engine sets it only on what runs already. */
export function sized({ columns, rows }: Window): string[] {
  const script = 'stty cols "$1" rows "$2"; shift 2; exec "$@"';
  return ['/bin/sh', '-c', script, 'sh', String(columns), String(rows)];
}
