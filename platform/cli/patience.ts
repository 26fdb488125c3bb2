// Waiting, and going on when the server goes away for a while (it may be restarting).
import { steadyMs } from '../domain/time-limit.ts';
import { UnreachableError } from './errors.ts';

/** @throws the signal's reason */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** 0.25 s, 0.5 s, 1 s, … 5 s */
export function backOff(attempt: number): number {
  return Math.min(250 * 2 ** attempt, 5000);
}

/**
 * Tries again while the server cannot be reached, for so long; says so once.
 * @throws what the last attempt threw
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  needs: { signal: AbortSignal; notice(text: string): void; patienceMs?: number },
): Promise<T> {
  const until = steadyMs() + (needs.patienceMs ?? 120_000);
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UnreachableError) || steadyMs() > until) throw error;
      if (tries === 0) needs.notice('The server does not answer at the moment. Waiting for it.');
      await sleep(backOff(tries), needs.signal);
    }
  }
}
