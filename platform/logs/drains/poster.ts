// POST requests to one receiver over kept connections, each made by `connect`, so only to addresses that were judged.
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../domain/errors.ts';
import type { DrainAddress } from '../../domain/log-drain.ts';
import type { Connect } from './connect.ts';

export interface Reply {
  status: number;
  /** The beginning of it. */
  text: string;
}

export interface Poster {
  /** @throws Error when there is no answer */
  post(path: string, headers: Record<string, string>, body: Buffer, signal: AbortSignal): Promise<Reply>;
  /** How often every connection had ended when the next one was made: the receiver may have begun anew. */
  breaks(): number;
  close(): void;
}

/** How long a receiver may be silent, and how long a request may take in all. */
export interface Patience {
  silentMs: number;
  wholeMs: number;
}

const usualPatience: Patience = { silentMs: 30_000, wholeMs: 60_000 };
const mostText = 64 * 1024;

export function createPoster(
  address: DrainAddress,
  connect: Connect,
  { silentMs, wholeMs }: Patience = usualPatience,
): Poster {
  const closing = new AbortController();
  let open = 0;
  let breaks = 0;
  const agent = Object.assign(new Agent({ keepAlive: true, maxFreeSockets: 8 }), {
    createConnection(_options: unknown, done: (error: Error | null, socket?: Duplex) => void): undefined {
      connect.socket(closing.signal).then(
        (socket) => {
          if (open === 0) breaks += 1;
          open += 1;
          socket.once('close', () => {
            open -= 1;
          });
          done(null, socket);
        },
        (error: Error) => done(error),
      );
    },
  });
  // It is part of how a server with several names knows which one is meant.
  const host = address.port === 443 ? address.url.hostname : `${address.url.hostname}:${address.port}`;

  return {
    async post(path, headers, body, signal) {
      let reply: ReplyBeingRead | undefined;
      let late: NodeJS.Timeout | undefined;
      try {
        return await new Promise<Reply>((resolve, reject) => {
          const asked = request(
            {
              ...{ method: 'POST', path, agent, signal },
              headers: { Host: host, 'User-Agent': 'twelve', 'Content-Length': body.length, ...headers },
            },
            (answer) => {
              reply = readReply(answer);
              reply.whole.then(resolve, reject);
            },
          );
          // Not AbortSignal.timeout: with a quick receiver thousands of them would wait for nothing.
          late = setTimeout(() => {
            // The status is what most receivers say all with; that its text has no end does not take it back.
            if (reply) resolve(reply.soFar());
            else reject(new Error(`The receiver did not answer within ${wholeMs / 1000} s.`));
            asked.destroy();
          }, wholeMs);
          asked.setTimeout(silentMs, () =>
            asked.destroy(new Error(`The receiver was silent for ${silentMs / 1000} s.`)),
          );
          asked.on('error', reject);
          asked.end(body);
        });
      } catch (error) {
        throw inWords(error);
      } finally {
        clearTimeout(late);
      }
    },
    breaks: () => breaks,
    close() {
      closing.abort();
      agent.destroy();
    },
  };
}

/** Node's own have a code of this form; the others are sentences already. */
function inWords(error: unknown): unknown {
  // Of an abort it is a number.
  const code = String((error as NodeJS.ErrnoException).code);
  if (code.startsWith('HPE_'))
    return new Error(`What the receiver answers is no HTTP (${messageOf(error)}).`);
  if (!/^E[A-Z]/.test(code)) return error;
  return new Error(`The receiver has not answered (${messageOf(error).trim()}).`);
}

interface ReplyBeingRead {
  whole: Promise<Reply>;
  soFar(): Reply;
}

/** Not more of it than is used: beyond that the connection is given up. */
function readReply(answer: IncomingMessage): ReplyBeingRead {
  let text = '';
  const soFar = (): Reply => ({ status: answer.statusCode ?? 0, text: text.slice(0, mostText) });
  async function read(): Promise<Reply> {
    for await (const part of answer as AsyncIterable<Buffer>) {
      text += part.toString('utf8');
      // Leaving the loop destroys the answer.
      if (text.length >= mostText) break;
    }
    return soFar();
  }
  return { whole: read(), soFar };
}
