// A client whose connection broke repeats its request under the same Request-Id: it is answered from memory.
import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { steadyMs } from '../domain/time-limit.ts';
import { aroundAnswer } from './answering.ts';

interface Answer {
  status: number;
  body: unknown;
  headers: Record<string, string>;
  bytes: number;
}

/** null: it is a stream, which is not kept. */
type Coming = Promise<Answer | null>;

const keepMs = 5 * 60_000;
const most = 1000;
/** Of all answers together, as they were sent. */
const mostBytes = 16 * 1_048_576;
/** Of a change, its answer says what to ask for next in these. */
const kept = ['Twelve-Change', 'Twelve-Release'];

/** Behind the body: another body under the same id is another request. @param now milliseconds, which only grow */
export function answerRepeats(now: () => number = steadyMs): RequestHandler {
  const memory = createMemory();
  return (request, response, next) => {
    const key = keyOf(request);
    if (key === null) return next();
    memory.forgetOld(now());
    const known = memory.find(key);
    if (!known) {
      memory.keep(key, now(), capture(response));
      return next();
    }
    void known.then((answer) => {
      if (!answer) return next();
      response.status(answer.status).set(answer.headers).json(answer.body);
    });
  };
}

function createMemory() {
  const seen = new Map<string, { at: number; bytes: number; answer: Coming }>();
  let bytes = 0;
  const drop = (key: string): void => {
    bytes -= seen.get(key)?.bytes ?? 0;
    seen.delete(key);
  };
  return {
    find: (key: string): Coming | undefined => seen.get(key)?.answer,
    keep(key: string, at: number, answer: Coming): void {
      const entry = { at, bytes: 0, answer };
      seen.set(key, entry);
      void answer.then((given) => {
        if (seen.get(key) !== entry) return;
        // Nothing was done, or nobody knows: who repeats that wants it tried again.
        if (!given || given.status >= 500) return drop(key);
        entry.bytes = given.bytes;
        bytes += given.bytes;
      });
    },
    forgetOld(time: number): void {
      for (const [key, { at }] of seen) {
        if (time - at < keepMs && seen.size <= most && bytes <= mostBytes) break;
        drop(key);
      }
    },
  };
}

function keyOf(request: Request): string | null {
  const id = request.headers['request-id'];
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  if (typeof id !== 'string' || id === '' || id.length > 2000) return null;
  const { method, headers, originalUrl, body } = request;
  return createHash('sha256')
    .update(JSON.stringify([method, headers.authorization ?? '', id, originalUrl, body]))
    .digest('hex');
}

/** Also when the connection broke before: what was begun goes on, and the repeat wants to know how it ended. */
function capture(response: Response): Coming {
  return new Promise((resolve) => {
    aroundAnswer(response, (send, json) => {
      let answer: Answer | null = null;
      try {
        const sent = send();
        if (json) answer = answerOf(response, json.body);
        return sent;
      } finally {
        resolve(answer);
      }
    });
  });
}

function answerOf(response: Response, body: unknown): Answer {
  const headers = kept.flatMap((name) => {
    const value = response.getHeader(name);
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const bytes = Number(response.getHeader('Content-Length') ?? 0);
  return { status: response.statusCode, body, headers: Object.fromEntries(headers), bytes };
}
