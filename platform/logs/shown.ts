// Lines as the reader of a tail wants them, written from the bytes of our segments: no object is made of a line on its
// way, since in a flood these objects are most of what the server holds in memory.
import { formatHead, formatLogLine, jsonLogLine, type LogLine, type StoredLine } from '../domain/log-line.ts';
import { headAt, lineAt } from './format.ts';
import type { Gatherer } from './reader.ts';

export interface LineShape {
  /** Else the field's usual form. */
  json: boolean;
  /** As server-sent events; else a line each. An event's id is where a reader that comes back goes on. */
  events: boolean;
}

export interface ShownLines {
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the last of them, in microseconds. */
  time: number;
}

/** A line that is not in the log, at a place of it; without a line, an event that only says how far all was read. */
export function showLine({ json, events }: LineShape, id: number, line?: LogLine): string {
  if (!line) return events ? `id: ${id}\n\n` : '';
  const text = json ? jsonLogLine(line) : formatLogLine(line);
  return events ? `id: ${id}\ndata: ${text.replace(/\r\n?|\n/g, '\ndata: ')}\n\n` : `${text}\n`;
}

const [lf, cr] = [10, 13];
/** A line of an event also ends at a bare CR, which apps print: behind each the text goes on in data of its own. */
const nextData = Buffer.from('\ndata: ');
/** Room that is kept between batches. */
const keptBytes = 256 * 1024;
/** Of all tails: each is done with its batch before another gets a turn. */
let out = Buffer.allocUnsafeSlow(keptBytes);

/** @returns what gathers a batch of lines, each as `showLine` shows it */
export function showLines({ json, events }: LineShape): Gatherer<ShownLines> {
  let end = 0;
  let time = 0;

  /** Of what is written next, in bytes. */
  function room(bytes: number): void {
    if (end + bytes <= out.length) return;
    const more = Buffer.allocUnsafeSlow(2 * out.length + bytes);
    out.copy(more, 0, 0, end);
    out = more;
  }

  function string(text: string): void {
    room(3 * text.length);
    end += out.write(text, end);
  }

  /** As `formatLogLine`. */
  function plain(bytes: Buffer, at: number): void {
    const head = headAt(bytes, at);
    time = head.time;
    string(formatHead(head));
    room((events ? nextData.length : 1) * (head.end - head.start));
    if (events) pieces(bytes, head.start, head.end);
    else end += bytes.copy(out, end, head.start, head.end);
  }

  function asJson(line: StoredLine): void {
    time = line.time;
    string(jsonLogLine(line));
  }

  function pieces(bytes: Buffer, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      if (byte !== cr && byte !== lf) {
        out[end++] = byte;
        continue;
      }
      end += nextData.copy(out, end);
      if (byte === cr && i + 1 < to && bytes[i + 1] === lf) i++;
    }
  }

  return {
    add(bytes, sequence, at) {
      if (events) string(`id: ${sequence}\ndata: `);
      if (json) asJson(lineAt(bytes, sequence, at));
      else plain(bytes, at);
      string(events ? '\n\n' : '\n');
    },
    take() {
      const bytes = new Uint8Array(out.subarray(0, end));
      if (out.length > keptBytes) out = Buffer.allocUnsafeSlow(keptBytes);
      end = 0;
      return { bytes, time };
    },
  };
}
