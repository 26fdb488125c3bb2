// Output of builds and release phases: kept in a file, replayed from the start, then followed live.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  type WriteStream,
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
  file: WriteStream;
  waiting: Set<() => void>;
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
        file: createWriteStream(fileOf(id), { mode: 0o600, flags: 'a' }),
        waiting: new Set(),
      };
      output.file.on('error', () => undefined);
      if (before !== '' && !before.endsWith('\n')) output.file.write('\n');
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
      live.get(id)?.file.destroy();
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
        output.file.write(`${kept}\n`);
        wake(output);
      },
      end() {
        if (output.ended) return;
        output.ended = true;
        output.file.end(() => live.delete(id));
        wake(output);
      },
    };
  }
}
