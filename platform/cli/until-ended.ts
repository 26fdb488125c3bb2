// Asking the server about what is under way until it has ended.
import { steadyMs } from '../domain/time-limit.ts';
import type { Call } from './command.ts';
import type { Action } from './output.ts';
import { patiently, sleep } from './patience.ts';

/** Seconds that one question to the server may wait for news. */
const waitSeconds = 25;

/**
 * @param path of what has a status, `pending` until its end
 * @returns it, once it has ended
 */
export async function untilEnded<T extends { status: string }>(
  call: Call,
  path: string,
  action: Action,
): Promise<T> {
  const needs = { signal: call.signal, notice: action.say };
  for (;;) {
    const asked = steadyMs();
    const answer = await patiently(() => call.api().get<T>(`${path}?wait=${waitSeconds}`), needs);
    if (answer.status !== 'pending') return answer;
    // A server that answers at once although nothing is new is not asked in a tight loop.
    if (steadyMs() - asked < 500) await sleep(500, call.signal);
  }
}
