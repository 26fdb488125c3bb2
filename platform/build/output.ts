// What the buildpacks print → whole, readable, masked lines, at once and in order.
import { StringDecoder } from 'node:string_decoder';
import { usualLimits } from './needs.ts';

const maxLine = 4000;
/** Enough to see a progress bar's last state and to find the end of a very long line. */
const maxPending = 64 * 1024;

export interface Output {
  push(chunk: Uint8Array): void;
  /** The last line may lack its newline. Returns the ` !` lines that ended the output, not yet written: the failure's message. */
  end(): string[];
  /** Text from beside the output, such as a name: masked, and nothing in it that a terminal would act on. */
  clean(text: string): string;
  /** The last `-----> ` line, without the arrow. */
  readonly lastStep: string | null;
  readonly lastAt: Date;
  /** Whether a program said that it ran out of memory, and whether little came after that. */
  readonly saidOutOfMemory: 'at the end' | 'before' | null;
  /** A program said that it could start no more processes or threads. */
  readonly sawOutOfProcesses: boolean;
}

/** What a runtime, a package manager and a buildpack may still print after the line that names the cause. */
const lastLines = 40;
const outOfMemory =
  /heap out of memory|JavaScript heap|MemoryError|virtual memory exhausted|Cannot allocate memory/;
const outOfProcesses =
  /fork: (retry: )?Resource temporarily unavailable|[Cc]an(no|')t fork|can't start new thread|pthread_create(\(\))? failed|spawn \S+ EAGAIN|failed to create new OS thread/;

/**
 * Lines that begin with ` !` are held back until another kind of line follows: when a build fails, the last of them are
 * its message, which goes out once, with the failure.
 */
export function createOutput(
  write: (line: string) => void,
  mask: (line: string) => string,
  maxTotal = usualLimits.logBytes,
): Output {
  const decoder = new StringDecoder('utf8');
  const filter = createLineFilter(mask);
  let pending = '';
  let dropped = 0;
  let total = 0;
  let held: string[] = [];
  let lastStep: string | null = null;
  let lastAt = new Date();
  let sinceOutOfMemory: number | null = null;
  let sawOutOfProcesses = false;

  function take(text: string): void {
    const parts = text.split('\n');
    for (const [index, part] of parts.entries()) {
      keep(part);
      if (index < parts.length - 1) finishLine();
    }
  }

  function keep(part: string): void {
    pending += part;
    // A progress bar rewrites its line for minutes: only the newest state matters. A final \r may belong to a \r\n.
    const rewrite = pending.lastIndexOf('\r', pending.length - 2);
    if (rewrite >= 0 && !/^\r*$/.test(pending.slice(rewrite))) pending = pending.slice(rewrite + 1);
    if (pending.length > maxPending) {
      dropped += pending.length - maxPending;
      pending = pending.slice(0, maxPending);
    }
  }

  function finishLine(): void {
    const line = filter(pending, dropped);
    pending = '';
    dropped = 0;
    if (outOfMemory.test(line)) sinceOutOfMemory = 0;
    else if (sinceOutOfMemory !== null) sinceOutOfMemory++;
    if (outOfProcesses.test(line)) sawOutOfProcesses = true;
    emit(line);
  }

  function emit(line: string): void {
    const bare = withoutColours(line);
    if (bare.startsWith(' !') || (held.length > 0 && bare.trim() === '')) {
      held.push(line);
      return;
    }
    flush();
    if (bare.startsWith('-----> ')) lastStep = bare.slice(7);
    send(line);
  }

  function flush(): void {
    for (const line of held) send(line);
    held = [];
  }

  function send(line: string): void {
    if (total > maxTotal) return;
    total += Buffer.byteLength(line) + 1;
    write(
      total > maxTotal
        ? ` !     The output is over ${maxTotal / 1_048_576} MB: the rest is left out, and the build goes on.`
        : line,
    );
  }

  return {
    push(chunk) {
      lastAt = new Date();
      take(decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
    },
    end() {
      take(decoder.end());
      if (pending !== '') finishLine();
      const message = held;
      held = [];
      return message;
    },
    clean: (text) =>
      text
        .split('\n')
        .map((line) => mask(withoutColours(readable(lastState(line)))))
        .join('\n'),
    get lastStep() {
      return lastStep;
    },
    get lastAt() {
      return lastAt;
    },
    get saidOutOfMemory() {
      if (sinceOutOfMemory === null) return null;
      return sinceOutOfMemory < lastLines ? 'at the end' : 'before';
    },
    get sawOutOfProcesses() {
      return sawOutOfProcesses;
    },
  };
}

/** For the lines of one program, in order: readable, masked, and no longer than a line may be. */
export function createLineFilter(mask: (line: string) => string): (line: string, dropped?: number) => string {
  const colours = createColours();
  return (line, dropped = 0) => colours(mask(shorten(readable(lastState(line)), dropped)));
}

/** What a terminal would show last on this line. */
function lastState(line: string): string {
  const states = line.split('\r');
  return states.findLast((state) => state !== '') ?? '';
}

/** Colours stay; whatever else moves a cursor, renames a window or rings a bell goes. */
function readable(line: string): string {
  return (
    line
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
      .replace(/\x1b\][^\x07\x1b]*(\x07|\x1b\\)?/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
      .replace(/\x1b\[[0-9;?]*[ -/]*[@-ln-~]|\x1b[^[]|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g, '')
  );
}

function shorten(line: string, dropped: number): string {
  if (line.length <= maxLine) return line;
  return `${line.slice(0, maxLine)}… (${line.length - maxLine + dropped} more characters)`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour code
const colour = /\x1b\[[0-9;]*m/g;

export function withoutColours(line: string): string {
  return line.replace(colour, '');
}

/** Colour codes must not span lines: git puts its prefix between them. */
function createColours(): (line: string) => string {
  let open = '';
  return (line) => {
    const opened = open;
    for (const [code] of line.matchAll(colour))
      open = code === '\x1b[0m' || code === '\x1b[m' ? '' : open + code;
    if (open.length > 100) open = '';
    return opened + line + (open !== '' || (opened !== '' && !line.includes('\x1b[')) ? '\x1b[0m' : '');
  };
}
