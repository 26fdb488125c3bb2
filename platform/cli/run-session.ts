// Attached to a one-off process over a WebSocket: keys, window size and signals there; output and exit status back.
import { WebSocket } from 'ws';
import type { Call } from './command.ts';
import { CliError } from './errors.ts';
import { forwardSignals, useTerminal, type Words } from './this-terminal.ts';
import type { Trust } from './trust.ts';

/** Binary frames from the server begin with the stream they belong to. */
const stderrMark = 2;
/** More than that on its way to the server, and we stop reading. */
const sendBuffer = 1 << 20;
const connectTimeoutMs = 30_000;
/** How often the server hears of us while we read nothing; it gives up after 90 s without a word. */
const usualSignMs = 15_000;

type Message =
  | { type: 'started'; name: string }
  | { type: 'exit'; code: number }
  | { type: 'error'; message: string };

/** @returns the process's exit status. @throws CliError when the connection is lost before it is known */
export async function attach(
  call: Call,
  url: string,
  tty: boolean,
  { signMs = usualSignMs, ...trust }: { signMs?: number } & Trust = {},
): Promise<number> {
  const socket = new WebSocket(url, {
    handshakeTimeout: connectTimeoutMs,
    perMessageDeflate: false,
    ...trust,
  });
  const undo: (() => void)[] = [];
  try {
    return await new Promise<number>((resolve, reject) => {
      receive(call, socket, resolve, reject);
      undo.push(showLife(socket, signMs));
      socket.once('open', () => {
        const far = { say: (message: Words) => sendJson(socket, message), hangUp: () => socket.terminate() };
        if (tty) undo.push(...useTerminal(call, far));
        else undo.push(forwardSignals(call, far));
        undo.push(sendInput(call, socket, tty));
      });
      // Until it is connected nothing of the user's runs, so Ctrl-C just ends us.
      const giveUp = (): void => {
        if (socket.readyState === WebSocket.CONNECTING) reject(new CliError('', 130));
      };
      call.world.signals.on('SIGINT', giveUp);
      undo.push(() => call.world.signals.off('SIGINT', giveUp));
    });
  } finally {
    for (const step of undo.reverse()) step();
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.terminate();
  }
}

function receive(
  call: Call,
  socket: WebSocket,
  resolve: (status: number) => void,
  reject: (error: Error) => void,
): void {
  const { stdout, stderr } = call.world;
  let failure: Error | undefined;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      const target = data[0] === stderrMark ? stderr : stdout;
      // Who reads slower than the process writes: the server holds it back.
      if (!target.write(data.subarray(1)) && !call.out.closed.aborted) pauseUntilDrained(socket, target);
      return;
    }
    const message = parseMessage(data.toString('utf8'));
    if (message?.type === 'exit') resolve(message.code);
    else if (message?.type === 'error') reject(new CliError(message.message));
  });
  // `| head` took what it wanted: the process is told as by any closed pipe, by its connection going away.
  call.out.closed.addEventListener('abort', () => resolve(0), { once: true });
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', (code) => {
    const why = failure?.message ?? `the server closed it, code ${code}`;
    reject(
      new CliError(
        `The connection to the process was lost (${why}). A process ends with the connection that it is attached to; what must outlive it is run detached: twelve run:detached`,
      ),
    );
  });
}

function pauseUntilDrained(socket: WebSocket, target: NodeJS.WritableStream): void {
  socket.pause();
  target.once('drain', () => socket.resume());
}

/** A pager left alone reads nothing for hours. Pings are not seen meanwhile, so we say unasked that we are there. */
function showLife(socket: WebSocket, signMs: number): () => void {
  const sign = setInterval(() => {
    if (socket.isPaused && socket.readyState === WebSocket.OPEN) socket.pong();
  }, signMs);
  return () => clearInterval(sign);
}

function parseMessage(text: string): Message | undefined {
  try {
    return JSON.parse(text) as Message;
  } catch {
    return undefined;
  }
}

function sendJson(socket: WebSocket, message: Words): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function sendInput(call: Call, socket: WebSocket, tty: boolean): () => void {
  const { stdin } = call.world;
  const onData = (bytes: Buffer): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const full = socket.bufferedAmount > sendBuffer;
    if (full) stdin.pause();
    socket.send(bytes, () => {
      if (full) stdin.resume();
    });
  };
  const onEnd = (): void => sendJson(socket, { type: 'eof' });
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  // Run in the background (`&`) there is no terminal to read from; that is no failure of the process.
  const onError = (): void => {
    if (!tty) onEnd();
  };
  stdin.on('error', onError);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.off('error', onError);
    stdin.pause();
    // A pipe that is still open would keep us from ending.
    stdin.unref?.();
  };
}
