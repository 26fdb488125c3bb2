// `?wait=25`: a question that is answered when there is news, or after so many seconds.
import type { Request, Response } from 'express';
import { timeLimit } from '../domain/time-limit.ts';

const longestSeconds = 30;

/** Resolves when it has come, was waited for as long as was asked, or nobody waits any more. */
export async function waitAsAsked(
  request: Request,
  response: Response,
  come: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const wait = Math.min(Number(request.query['wait'] ?? 0) || 0, longestSeconds);
  if (wait <= 0) return;
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  await come(AbortSignal.any([ended.signal, timeLimit(wait * 1000)])).catch(() => undefined);
}
