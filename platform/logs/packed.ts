// Lines of the platform on their way to the log router's thread: as bytes, since copying them as objects costs more than
// all that is done with them.
import type { LogSource } from '../domain/log-line.ts';
import { nameOf } from './format.ts';

export interface PlatformLine {
  appId: string;
  source: LogSource;
  process: string;
  text: string;
  time: number;
  release?: number;
}

type Head = Pick<PlatformLine, 'appId' | 'source' | 'process' | 'release'>;

export interface PackedLines {
  /** Each once. */
  heads: Head[];
  /** Three numbers for each line: which head, the time, where its text ends in `bytes`. */
  marks: Float64Array;
  /** All texts, one after another. */
  bytes: Uint8Array;
}

export interface Packer {
  /** A text of several lines becomes several. */
  add(line: PlatformLine): void;
  count(): number;
  /** What was added since the last time. */
  take(): PackedLines;
}

/** Room that is kept between batches. */
const keptLines = 1024;
const keptBytes = 256 * 1024;

export function createPacker(): Packer {
  let heads: Head[] = [];
  let marks = new Float64Array(3 * keptLines);
  let bytes = Buffer.allocUnsafeSlow(keptBytes);
  let count = 0;
  let end = 0;
  let latest = -1;

  function headOf({ appId, source, process, release }: PlatformLine): number {
    const fits = (head: Head | undefined): boolean =>
      head?.appId === appId && head.process === process && head.source === source && head.release === release;
    if (fits(heads[latest])) return latest;
    const known = heads.findIndex(fits);
    return known >= 0
      ? known
      : heads.push({ appId, source, process, ...(release === undefined ? {} : { release }) }) - 1;
  }

  function makeRoom(text: string): void {
    if (3 * count + 3 > marks.length) {
      const more = new Float64Array(2 * marks.length);
      more.set(marks);
      marks = more;
    }
    // A unit of a string has at most three bytes.
    if (end + 3 * text.length <= bytes.length) return;
    const more = Buffer.allocUnsafeSlow(2 * bytes.length + 3 * text.length);
    bytes.copy(more, 0, 0, end);
    bytes = more;
  }

  function put(text: string, time: number): void {
    makeRoom(text);
    end += bytes.write(text, end);
    marks[3 * count] = latest;
    marks[3 * count + 1] = time;
    marks[3 * count + 2] = end;
    count += 1;
  }

  return {
    add(line) {
      latest = headOf(line);
      if (!line.text.includes('\n')) return put(line.text, line.time);
      for (const text of line.text.split(/\r?\n/)) put(text, line.time);
    },
    count: () => count,
    take() {
      const packed = {
        heads,
        marks: marks.slice(0, 3 * count),
        bytes: Uint8Array.prototype.slice.call(bytes, 0, end),
      };
      if (marks.length > 3 * keptLines) marks = new Float64Array(3 * keptLines);
      if (bytes.length > keptBytes) bytes = Buffer.allocUnsafeSlow(keptBytes);
      heads = [];
      count = 0;
      end = 0;
      latest = -1;
      return packed;
    },
  };
}

export interface PackedRun {
  appId: string;
  count: number;
  each(
    visit: (
      source: LogSource,
      name: Uint8Array,
      time: number,
      text: Buffer,
      start: number,
      end: number,
    ) => void,
  ): void;
}

/** Lines of one app that follow one another, as runs in their order. */
export function* unpack({ heads, marks, bytes }: PackedLines): Generator<PackedRun> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = heads.map(({ process, release }) => nameOf(process, release));
  const total = marks.length / 3;
  const appOf = (line: number): string => heads[marks[3 * line]!]!.appId;
  for (let from = 0, to: number; from < total; from = to) {
    const appId = appOf(from);
    for (to = from + 1; to < total && appOf(to) === appId; ) to += 1;
    const [first, last] = [from, to];
    yield {
      appId,
      count: last - first,
      each(visit) {
        for (let line = first; line < last; line += 1) {
          const head = marks[3 * line]!;
          const start = line === 0 ? 0 : marks[3 * line - 1]!;
          visit(heads[head]!.source, names[head]!, marks[3 * line + 1]!, text, start, marks[3 * line + 2]!);
        }
      },
    };
  }
}
