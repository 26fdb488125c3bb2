// A client whose connection broke repeats its request under the same Request-Id: it is answered from memory.
import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';

interface Answer {
  status: number;
  body: unknown;
  headers: Record<string, string>;
}

const keepMs = 5 * 60_000;
const most = 1000;
/** Of a change, its answer says what to ask for next in these. */
const kept = ['Twelve-Change', 'Twelve-Release'];

/** Behind the body: another body under the same id is another request. @param now milliseconds */
export function answerRepeats(now: () => number): RequestHandler {
  const seen = new Map<string, { at: number; answer: Promise<Answer> }>();
  return (request, response, next) => {
    const key = keyOf(request);
    if (key === null) return next();
    forgetOld(seen, now());
    const known = seen.get(key);
    if (known) {
      void known.answer.then(({ status, body, headers }) => response.status(status).set(headers).json(body));
      return;
    }
    const entry = { at: now(), answer: capture(response) };
    seen.set(key, entry);
    // Nothing was done, or nobody knows: who repeats that wants it tried again.
    void entry.answer.then(({ status }) => {
      if (status >= 500 && seen.get(key) === entry) seen.delete(key);
    });
    next();
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
function capture(response: Response): Promise<Answer> {
  return new Promise<Answer>((resolve) => {
    const json = response.json.bind(response);
    response.json = (body: unknown) => {
      const headers = kept.flatMap((name) => {
        const value = response.getHeader(name);
        return value === undefined ? [] : [[name, String(value)] as const];
      });
      resolve({ status: response.statusCode, body, headers: Object.fromEntries(headers) });
      return json(body);
    };
  });
}

function forgetOld(seen: Map<string, { at: number }>, time: number): void {
  for (const [key, { at }] of seen) {
    if (time - at < keepMs && seen.size <= most) break;
    seen.delete(key);
  }
}
