// A client whose connection broke repeats its request under the same Request-Id: answer it from memory.
import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';

interface Answer {
  status: number;
  body: unknown;
}

const keepMs = 5 * 60_000;
const most = 1000;

/** Middleware for POST; @param now milliseconds */
export function answerRepeats(now: () => number): RequestHandler {
  const seen = new Map<string, { at: number; answer: Promise<Answer> }>();
  return (request, response, next) => {
    const key = keyOf(request);
    if (key === null) return next();
    forgetOld(seen, now());
    const known = seen.get(key);
    if (known) {
      known.answer.then(
        ({ status, body }) => response.status(status).json(body),
        () => next(),
      );
      return;
    }
    seen.set(key, { at: now(), answer: capture(response) });
    next();
  };
}

function keyOf(request: Request): string | null {
  const id = request.headers['request-id'];
  if (request.method !== 'POST' || typeof id !== 'string' || id.length > 2000) return null;
  return createHash('sha256')
    .update(JSON.stringify([request.headers.authorization ?? '', id, request.originalUrl]))
    .digest('hex');
}

function capture(response: Response): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const json = response.json.bind(response);
    response.json = (body: unknown) => {
      resolve({ status: response.statusCode, body });
      return json(body);
    };
    response.once('close', () => reject(new Error('ended without an answer')));
  });
  answer.catch(() => undefined);
  return answer;
}

function forgetOld(seen: Map<string, { at: number }>, time: number): void {
  for (const [key, { at }] of seen) {
    if (time - at < keepMs && seen.size <= most) break;
    seen.delete(key);
  }
}
