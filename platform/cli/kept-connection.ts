// One connection to a one-off process that outlives it: what we have of its output is said at its beginning and all along.
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Call } from './command.ts';
import type { Words } from './this-terminal.ts';
import type { Trust } from './trust.ts';

/** How a connection ended. */
export type Outcome =
  /** @property whole what it was run by has said so itself, after all of its output */
  | { kind: 'exit'; status: number; whole: boolean }
  /** The server says that it cannot be. */
  | { kind: 'failed'; message: string }
  /** The server answered, and did not connect us. */
  | { kind: 'refused'; httpStatus: number; message: string; resource?: string | undefined }
  | { kind: 'lost'; why: string };

export interface Connection {
  /** @returns whether there was somebody to say it to */
  say(message: Words): boolean;
  send(bytes: Uint8Array): void;
  /** We do not want it any more, and do not wait long for the server to hear that. */
  close(): Promise<void>;
  outcome: Promise<Outcome>;
}

export interface Place {
  url: string;
  /** Whom its certificate may be from. */
  trust: Trust;
  /** Who we are. */
  headers: Record<string, string>;
}

export interface Ears {
  /** Bytes of our input that it has. */
  started(taken: number): void;
  taken(bytes: number): void;
}

/** What was printed of it, over all connections. */
export interface Printed {
  /** By stream, in the order of the server's marks. */
  received: [stdout: number, stderr: number];
  /** Of those, what whoever reads us has taken. */
  written: [stdout: number, stderr: number];
}

const connectTimeoutMs = 30_000;
const goodbyeMs = 300;
/** As often as the server is told what was written, at most; and the longest that we hear nothing of a server that is there. */
export const usualPace = { seenMs: 20, silenceMs: 100_000 };

type Message =
  | { type: 'started'; taken: number }
  | { type: 'taken'; bytes: number }
  | { type: 'ended'; code: number }
  | { type: 'exit'; code: number }
  | { type: 'error'; message: string };

export function connect(
  call: Call,
  { url, trust, headers }: Place,
  printed: Printed,
  ears: Ears,
  pace = usualPace,
): Connection {
  const [stdout, stderr] = printed.received;
  const socket = new WebSocket(`${url}?stdout=${stdout}&stderr=${stderr}`, {
    handshakeTimeout: connectTimeoutMs,
    perMessageDeflate: false,
    headers,
    ...trust,
  });
  const say = (message: Words): boolean => {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };
  const tellSeen = seldom(pace.seenMs, () => {
    say({ type: 'seen', stdout: printed.written[0], stderr: printed.written[1] });
  });
  const end = { status: undefined as number | undefined };
  const outcome = new Promise<Outcome>((resolve) => {
    const heard = silence(pace.silenceMs, () => socket.terminate());
    socket.on('ping', heard.again);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      heard.again();
      if (isBinary) return print(call, printed, data, tellSeen.soon);
      const message = JSON.parse(data.toString('utf8')) as Message;
      if (message.type === 'started') ears.started(message.taken);
      else if (message.type === 'taken') ears.taken(message.bytes);
      else if (message.type === 'ended') {
        end.status = message.code;
        // All of its output came before; now it need not wait for us any longer.
        say({ type: 'bye' });
      } else if (message.type === 'exit') resolve(exitOf(end.status, message.code));
      else if (message.type === 'error') resolve({ kind: 'failed', message: message.message });
    });
    let why = '';
    socket.on('error', (error) => {
      why = error.message;
    });
    socket.on('unexpected-response', (_request, answer: IncomingMessage) => {
      void refusal(answer).then((refused) => {
        resolve(refused);
        // Else it would be open to us, and keep us from ending, until too long a silence.
        socket.terminate();
      });
    });
    socket.on('close', (code) => {
      heard.end();
      tellSeen.end();
      resolve(
        end.status === undefined
          ? { kind: 'lost', why: why || `the server closed it, code ${code}` }
          : exitOf(end.status),
      );
    });
  });
  return {
    say,
    send(bytes) {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    close: () => goodbye(socket, end.status === undefined),
    outcome,
  };
}

/** @param told by its keeper. @param known otherwise: by the engine, which has nothing of what it printed */
function exitOf(told: number | undefined, known = 0): Outcome {
  return { kind: 'exit', status: told ?? known, whole: told !== undefined };
}

/** @param hangUp the process has not ended, and is to be told */
function goodbye(socket: WebSocket, hangUp: boolean): Promise<void> {
  if (!hangUp || socket.readyState !== WebSocket.OPEN) {
    socket.terminate();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), goodbyeMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.close(1000);
  });
}

/** Who reads slower than the process writes is not sent more than the server has been told that we could write. */
function print({ world }: Call, { received, written }: Printed, data: Buffer, wrote: () => void): void {
  const stream = data[0] === 2 ? 1 : 0;
  const bytes = data.subarray(1);
  received[stream] += bytes.length;
  const target = stream === 1 ? world.stderr : world.stdout;
  target.write(bytes, () => {
    written[stream] += bytes.length;
    wrote();
  });
}

async function refusal(answer: IncomingMessage): Promise<Outcome> {
  const httpStatus = answer.statusCode ?? 0;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const told = JSON.parse(Buffer.concat(chunks).toString()) as { message?: string; resource?: string };
    const { message = `the server answered ${httpStatus}`, resource } = told;
    return { kind: 'refused', httpStatus, message, resource };
  } catch {
    return { kind: 'refused', httpStatus, message: `the server answered ${httpStatus}` };
  }
}

function seldom(ms: number, act: () => void): { soon(): void; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  const now = (): void => {
    timer = undefined;
    act();
  };
  return {
    soon() {
      timer ??= setTimeout(now, ms);
    },
    end: () => clearTimeout(timer),
  };
}

function silence(ms: number, act: () => void): { again(): void; end(): void } {
  const timer = setTimeout(act, ms);
  return { again: () => void timer.refresh(), end: () => clearTimeout(timer) };
}
