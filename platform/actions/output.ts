// Output of builds and release phases: kept in a file, replayed from the start, then followed live.
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface Output {
  write(line: string): void;
  /** No more lines; followers end. */
  end(): void;
}

export interface Outputs {
  /** What was kept under this id before stays: the new lines follow. */
  open(id: string): Output;
  /** Everything from the start, then live until its end. Null when there never was such an output. */
  read(id: string, signal: AbortSignal): AsyncIterable<string> | null;
  /** Ends it if it is open; a later `open` of the same id writes nothing. */
  finish(id: string): void;
  remove(id: string): Promise<void>;
}

/** Resolves when there is more, it has ended, or the signal aborts. */
function nextLine(output: Live, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      output.waiting.delete(end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    output.waiting.add(end);
    signal.addEventListener('abort', end);
  });
}

interface Live {
  lines: string[];
  bytes: number;
  ended: boolean;
  /** Null once it is closed. */
  file: number | null;
  waiting: Set<() => void>;
}

/**
 * Written before anybody reads it: a reader goes on, after a server that was killed, at the byte where it was, so no
 * reader may have seen what the file has not. A full disk costs the line in the file only.
 */
function append(output: Live, text: string): void {
  if (output.file === null) return;
  try {
    writeSync(output.file, text);
  } catch {
    // The build goes on; what it prints is still followed live.
  }
}

/** Null on a full disk: what is printed is still followed live. */
function openToAppend(path: string): number | null {
  try {
    return openSync(path, 'a', 0o600);
  } catch {
    return null;
  }
}

function close(output: Live): void {
  if (output.file !== null) closeSync(output.file);
  output.file = null;
}

/**
 * @param folder one file per output, named by its id (a UUID)
 * @param maxBytes kept of one output; what comes after is left out
 */
export function createOutputs(folder: string, maxBytes = 10 * 1_048_576): Outputs {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const live = new Map<string, Live>();
  const fileOf = (id: string): string => join(folder, `${id.replace(/[^0-9a-f-]/g, '')}.log`);
  const wake = (output: Live): void => {
    for (const end of [...output.waiting]) end();
  };

  async function* follow(output: Live, signal: AbortSignal): AsyncIterable<string> {
    for (let next = 0; ; ) {
      if (next < output.lines.length) yield `${output.lines[next++]}\n`;
      else if (output.ended || signal.aborted) return;
      else {
        await nextLine(output, signal);
      }
    }
  }

  async function* replay(id: string): AsyncIterable<string> {
    for await (const part of createReadStream(fileOf(id), 'utf8')) yield part as string;
  }

  return {
    open(id) {
      const known = live.get(id);
      if (known) return handle(id, known);
      const before = existsSync(fileOf(id)) ? readFileSync(fileOf(id), 'utf8') : '';
      const output: Live = {
        // A line that a killed server was writing is whole as far as it goes.
        lines: before === '' ? [] : before.replace(/\n$/, '').split('\n'),
        bytes: Buffer.byteLength(before),
        ended: false,
        file: openToAppend(fileOf(id)),
        waiting: new Set(),
      };
      if (before !== '' && !before.endsWith('\n')) append(output, '\n');
      live.set(id, output);
      return handle(id, output);
    },
    read(id, signal) {
      const output = live.get(id);
      if (output) return follow(output, signal);
      return existsSync(fileOf(id)) ? replay(id) : null;
    },
    finish(id) {
      const output = live.get(id);
      if (output) handle(id, output).end();
    },
    async remove(id) {
      const output = live.get(id);
      if (output) close(output);
      live.delete(id);
      await rm(fileOf(id), { force: true });
    },
  };

  function handle(id: string, output: Live): Output {
    return {
      write(line) {
        if (output.ended || output.bytes > maxBytes) return;
        output.bytes += Buffer.byteLength(line) + 1;
        const kept =
          output.bytes > maxBytes
            ? ` !     The output is longer than ${Math.floor(maxBytes / 1_048_576)} MB; the rest is left out here.`
            : line;
        output.lines.push(kept);
        append(output, `${kept}\n`);
        wake(output);
      },
      end() {
        if (output.ended) return;
        output.ended = true;
        close(output);
        live.delete(id);
        wake(output);
      },
    };
  }
}
