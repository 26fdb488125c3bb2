// Who waits for an answer, and may give up; `?wait=25`: a question that is answered when there is news, or after so many seconds.
import type { Request, Response } from 'express';
import { timeLimit } from '../domain/time-limit.ts';

const longestSeconds = 30;

/** Aborts when the connection is gone, or all is sent. @param why where somebody is told */
export function leaving(response: Response, why?: Error): AbortSignal {
  const left = new AbortController();
  response.once('close', () => left.abort(why));
  return left.signal;
}

/** Resolves when it has come, was waited for as long as was asked, or nobody waits any more. */
export async function waitAsAsked(
  request: Request,
  response: Response,
  come: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const wait = Math.min(Number(request.query['wait'] ?? 0) || 0, longestSeconds);
  if (wait <= 0) return;
  await come(AbortSignal.any([leaving(response), timeLimit(wait * 1000)])).catch(() => undefined);
}

/** Where it cannot be told, as on a disk that is not read for now (of which every request tells), it is asked again the next time. */
export function mayStay(stands: (() => boolean) | undefined): boolean {
  try {
    return stands?.() !== false;
  } catch {
    // Nobody catches what a timer throws: the server would end.
    return true;
  }
}
