// Limits in time: as an abort signal of its own, and for a piece of work that has a signal already; the clock for what is measured.

/** Milliseconds that only grow: the time of day is set back and forth, and would end or lengthen what lasts a while. */
export const steadyMs = (): number => performance.now();

/** About 25 days; what is longer Node takes for a millisecond. */
const longestMs = 2 ** 31 - 1;

/**
 * As AbortSignal.timeout, but never lost. Node holds a time limit only while somebody listens to it, and one that was given
 * to AbortSignal.any has no listener of its own: collected as garbage, it never comes, and whoever waits waits for ever
 * (Node 20; https://github.com/nodejs/node/issues/57736).
 * @param ms milliseconds from now: also a part of one, which Node refuses, and more than a timer of Node's can wait
 * @returns aborted then, with a TimeoutError as its reason
 */
export function timeLimit(ms: number): AbortSignal {
  const signal = AbortSignal.timeout(Math.min(Math.ceil(ms), longestMs));
  signal.addEventListener('abort', () => undefined, { once: true });
  return signal;
}

/**
 * A piece of work that ends with a signal or when its time is over. For signals that outlive it by far: AbortSignal.any
 * leaves an entry on each of its sources for as long as that lives (Node 20), here nothing stays.
 * @param ms milliseconds from now; null: no limit in time
 * @param work given a signal that is aborted with `signal`, or then, with a TimeoutError as its reason
 */
export async function within<T>(
  signal: AbortSignal,
  ms: number | null,
  work: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const end = (): void => either.abort(signal.reason);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end);
  const late = (): void => either.abort(new DOMException('The time for it is over', 'TimeoutError'));
  const timer = ms === null ? undefined : setTimeout(late, Math.ceil(ms)).unref();
  try {
    return await work(either.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/** Whether it was the time that ended it. */
export function isLate({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
