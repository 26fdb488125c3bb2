// One server's talk with the keeper in a container (keeper.pl): who comes later goes on where the one before left off.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '../../domain/errors.ts';
import type { Attachment } from '../../engine/engine.ts';

/** Bytes of each that the caller has. */
export interface Seen {
  stdout: number;
  stderr: number;
}

/** Who is told what comes out. */
export interface Caller {
  output(kind: keyof Seen, bytes: Buffer): void;
  /** So many bytes of input have reached the command. */
  taken(bytes: number): void;
  /** All of its output was told before. */
  ended(status: number): void;
}

export interface Link {
  /** Bytes of input that had reached the command when we came; what is written next is what follows them. */
  taken: number;
  write(bytes: Buffer): void;
  endInput(): void;
  resize(columns: number, rows: number): void;
  seen(seen: Seen): void;
  /** The caller has its status: the keeper need not wait. */
  bye(): void;
  close(): void;
  /** Nothing comes any more. */
  closed: Promise<void>;
}

const answerMs = 20_000;
const begunMs = 5000;
/** The keeper takes a line apart when it has all of it. */
const linePart = 16_384;

/** What nobody is to wait for. */
export const endless = (): Promise<never> => new Promise(() => undefined);

/**
 * @param up what its container is waited for with; where that fails, nobody waits for the keeper
 * @throws PlatformError `service_unavailable` when the keeper says nothing: it has ended, or cannot run
 */
export async function joinKeeper(
  { stream, stderr }: Attachment,
  seen: Seen,
  caller: Caller,
  up?: Promise<void>,
): Promise<Link> {
  const nonce = randomBytes(16).toString('hex');
  // A line begun by a server that was killed ends here, without the mark of a whole one.
  const say = (...words: (string | number)[]): void => void stream.write(`${words.join(' ')} .\n`);
  const closed = closedOf(stream);
  stderr?.resume();
  const answered = new Promise<number>((resolve) => {
    stream.on('data', createReader(nonce, { ...seen }, caller, resolve));
  });
  stream.write('\n');
  say('hello', nonce, seen.stdout, seen.stderr);
  const taken = await inTime(answered, closed, answerMs, up);
  if (taken === undefined) {
    stream.destroy();
    throw new PlatformError(
      'service_unavailable',
      'The process does not answer at the moment. Try again shortly.',
    );
  }
  let written = taken;
  return {
    taken,
    write(bytes) {
      for (let at = 0; at < bytes.length; at += linePart) {
        const part = bytes.subarray(at, at + linePart);
        say('in', written, part.length, part.toString('hex'));
        written += part.length;
      }
    },
    endInput: () => say('eof', written),
    resize: (columns, rows) => say('size', columns, rows),
    seen: ({ stdout, stderr: errors }) => say('seen', stdout, errors),
    bye: () => say('bye'),
    close: () => stream.destroy(),
    closed,
  };
}

/** Of one that another server started. The keeper that an older one brought does not answer: its command begins with it. */
export async function hasBegun({ stream, stderr }: Attachment): Promise<boolean> {
  const nonce = randomBytes(16).toString('hex');
  const said = new RegExp(`\nb ${nonce} ([01])\n`);
  const closed = closedOf(stream);
  stderr?.resume();
  let tail = '';
  const answered = new Promise<string>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      const text = tail + chunk.toString('latin1');
      const answer = said.exec(text)?.[1];
      if (answer) resolve(answer);
      // Whatever else comes is for others.
      tail = text.slice(-64);
    });
  });
  stream.write(`\nbegun ${nonce} .\n`);
  const answer = await inTime(answered, closed, begunMs);
  stream.destroy();
  return answer !== '0';
}

function closedOf(stream: Attachment['stream']): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve());
  });
}

/** @returns undefined when its stream is closed before, or so much time has passed since it was up */
async function inTime<T>(
  answered: Promise<T>,
  closed: Promise<void>,
  ms: number,
  up: Promise<void> = Promise.resolve(),
): Promise<T | undefined> {
  const late = new AbortController();
  const patience = (): Promise<undefined> => sleep(ms, undefined, { ref: false, signal: late.signal });
  const silent = up.then(() => patience().catch(() => undefined), endless);
  const answer = await Promise.race([answered, closed.then(() => undefined), silent]);
  late.abort();
  return answer;
}

/** What was on its way to a server before us comes first, torn anywhere; our own begins with our nonce. */
function createReader(
  nonce: string,
  next: Seen,
  caller: Caller,
  answered: (taken: number) => void,
): (chunk: Buffer) => void {
  const greeting = Buffer.from(`\nh ${nonce} `);
  let rest: Buffer = Buffer.alloc(0);
  let ours = false;
  let payload: { kind: keyof Seen; at: number; left: number } | undefined;

  const deliver = (part: Buffer): void => {
    const { kind, at } = payload!;
    const known = next[kind] - at;
    payload = { kind, at: at + part.length, left: payload!.left - part.length };
    if (known >= part.length) return;
    next[kind] = at + part.length;
    caller.output(kind, part.subarray(Math.max(0, known)));
  };
  const head = (line: string): void => {
    const [word, first, second] = line.split(' ');
    if (word === 'o' || word === 'e')
      payload = { kind: word === 'o' ? 'stdout' : 'stderr', at: Number(first), left: Number(second) };
    else if (word === 'h' && first === nonce) answered(Number(second));
    else if (word === 't') caller.taken(Number(first));
    else if (word === 'x') caller.ended(Number(first));
  };
  return (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    if (!ours) {
      const at = rest.indexOf(greeting);
      rest = rest.subarray(at < 0 ? Math.max(0, rest.length - greeting.length) : at + 1);
      if (at < 0) return;
      ours = true;
    }
    while (rest.length > 0) {
      if (payload && payload.left > 0) {
        const part = rest.subarray(0, payload.left);
        rest = rest.subarray(part.length);
        deliver(part);
        continue;
      }
      const end = rest.indexOf(10);
      if (end < 0) return;
      head(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + 1);
    }
  };
}
