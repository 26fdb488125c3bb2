// A limit in time as an abort signal, which also comes when it is only one part of a combined signal.

/**
 * As AbortSignal.timeout, but never lost. Node holds a time limit only while somebody listens to it, and one that was given
 * to AbortSignal.any has no listener of its own: collected as garbage, it never comes, and whoever waits waits for ever
 * (Node 20; https://github.com/nodejs/node/issues/57736).
 * @param ms milliseconds from now
 * @returns aborted then, with a TimeoutError as its reason
 */
export function timeLimit(ms: number): AbortSignal {
  const signal = AbortSignal.timeout(ms);
  signal.addEventListener('abort', () => undefined, { once: true });
  return signal;
}
