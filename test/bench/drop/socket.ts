// A WebSocket that is spoken on until we close it, and how that ended.
import WebSocket from 'ws';
import type { Target } from '../polling.ts';
import { processIn } from './exchange.ts';
import { failedBefore, type Outcome } from './outcome.ts';

/** Between two messages of ours. */
const everyMs = 250;
/** For the answer to the last message and to our close. */
const patienceMs = 10_000;

/** Every message comes back, and so does our close after `ms`, or sooner when `enough` is aborted. */
export function converse(
  { host, port, name }: Target,
  ms: number,
  enough: AbortSignal,
  onOpen: (process: string | null) => void = () => undefined,
): Promise<Outcome> {
  const socket = new WebSocket(`ws://${host}:${port}/`, {
    headers: { Host: name },
    handshakeTimeout: patienceMs,
    perMessageDeflate: false,
  });
  let process: string | null = null;
  let sent = 0;
  let heard = 0;
  let closing = false;
  let problem: Outcome | undefined;

  const talk = (): void => {
    if (!closing) socket.send(String(++sent));
  };
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const close = (): void => {
      if (closing) return;
      closing = true;
      timers.push(setTimeout(() => socket.terminate(), patienceMs));
      if (heard === sent) socket.close();
    };
    socket.once('upgrade', (response) => {
      process = processIn(response);
      onOpen(process);
    });
    socket.once('unexpected-response', (_request, response) => {
      problem = { fault: 'status', detail: String(response.statusCode), process: processIn(response) };
      response.resume();
      socket.terminate();
    });
    socket.on('open', () => {
      talk();
      timers.push(setInterval(talk, everyMs), setTimeout(close, ms));
      if (enough.aborted) close();
      else enough.addEventListener('abort', close, { once: true });
    });
    socket.on('message', (data) => {
      heard += 1;
      if (String(data) !== String(heard)) problem ??= { fault: 'wrong', detail: String(data), process };
      if (closing && heard === sent) socket.close();
    });
    socket.on('error', (error) => {
      problem ??= process === null ? failedBefore(error) : { fault: 'cut', detail: error.message, process };
    });
    socket.once('close', (code) => {
      enough.removeEventListener('abort', close);
      for (const timer of timers) clearTimeout(timer);
      const whole = closing && heard === sent && code !== 1006;
      const said = `code ${code}, ${heard} of ${sent} messages came back`;
      resolve(
        problem ??
          (whole && process !== null ? { fault: null, process } : { fault: 'cut', detail: said, process }),
      );
    });
  });
}
