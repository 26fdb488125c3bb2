// Entries → lines: the engine's pieces of a long line joined, lines over the limit cut, line ends trimmed.
import { maxLineBytes } from '../domain/log-line.ts';
import type { Entry } from './entries.ts';

/** The beginning of a line whose end has not been printed, in a form that can be stored. */
export interface Piece {
  /** Base64. */
  text: string;
  time: number;
}

export interface Carry {
  stdout?: Piece;
  stderr?: Piece;
}

export type TakeLine = (text: Buffer, start: number, end: number, time: number) => void;

export interface Joiner {
  take(entry: Entry, line: TakeLine): void;
  /** What is open becomes lines: nothing will follow. */
  flush(line: TakeLine): void;
  carry(): Carry;
  /** Whether a line has begun that has not ended; nearly never. */
  isOpen(): boolean;
  restore(carry: Carry): void;
}

interface Open {
  text: Buffer;
  time: number;
}

export function createJoiner(): Joiner {
  let out: Open | null = null;
  let err: Open | null = null;

  function take(entry: Entry, line: TakeLine): void {
    const open = entry.stderr ? err : out;
    if (open === null && entry.terminated && entry.length <= maxLineBytes) {
      line(entry.text, 0, withoutReturn(entry.text, 0, entry.length), entry.time);
      return;
    }
    const piece = entry.text.subarray(0, entry.length);
    const whole = open ? Buffer.concat([open.text, piece]) : piece;
    const time = open ? open.time : entry.time;
    const end = entry.terminated ? withoutReturn(whole, 0, whole.length) : whole.length;
    const rest = cutLong(whole, 0, end, (start, cut) => line(whole, start, cut, time));
    const left = entry.terminated ? null : { text: Buffer.from(whole.subarray(rest, end)), time };
    if (entry.terminated) line(whole, rest, end, time);
    if (entry.stderr) err = left;
    else out = left;
  }

  return {
    take,
    flush(line) {
      if (out) line(out.text, 0, withoutReturn(out.text, 0, out.text.length), out.time);
      if (err) line(err.text, 0, withoutReturn(err.text, 0, err.text.length), err.time);
      out = err = null;
    },
    carry: () => ({ ...(out ? { stdout: stored(out) } : {}), ...(err ? { stderr: stored(err) } : {}) }),
    isOpen: () => out !== null || err !== null,
    restore(carry) {
      out = carry.stdout ? opened(carry.stdout) : null;
      err = carry.stderr ? opened(carry.stderr) : null;
    },
  };
}

/** Hands out pieces of at most the limit, cut between characters. Returns where the last piece, not handed out, begins. */
export function cutLong(
  text: Buffer,
  begin: number,
  end: number,
  piece: (start: number, end: number) => void,
): number {
  let start = begin;
  while (end - start > maxLineBytes) {
    let cut = start + maxLineBytes;
    // A character has at most three bytes after its first; more of them in a row are not UTF-8 and may be cut anywhere.
    for (let back = 0; back < 3 && (text[cut]! & 0xc0) === 0x80; back++) cut--;
    piece(start, cut);
    start = cut;
  }
  return start;
}

function withoutReturn(text: Buffer, start: number, end: number): number {
  return end > start && text[end - 1] === 0x0d ? end - 1 : end;
}

function stored(open: Open): Piece {
  return { text: open.text.toString('base64'), time: open.time };
}

function opened(piece: Piece): Open {
  return { text: Buffer.from(piece.text, 'base64'), time: piece.time };
}
