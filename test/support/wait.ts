// Waiting for an outcome; how long it took is never what a test asserts.
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns whether it came true in time */
export async function waitFor(check: () => boolean | Promise<boolean>, ms = 60_000): Promise<boolean> {
  const until = Date.now() + ms;
  for (;;) {
    if (await check()) return true;
    if (Date.now() > until) return false;
    await sleep(50);
  }
}

/** The value once `accept` likes it. @throws Error with the last value when it never does */
export async function eventually<T>(
  read: () => T | Promise<T>,
  accept: (value: T) => boolean,
  ms = 60_000,
): Promise<T> {
  let last: T | undefined;
  const came = await waitFor(async () => {
    last = await read();
    return accept(last);
  }, ms);
  if (!came) throw new Error(`This did not come true within ${ms / 1000} s; last: ${JSON.stringify(last)}`);
  return last as T;
}
