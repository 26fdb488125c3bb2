// Waiting for something else to happen to a process, unless it ends first.
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms`, or when the signal aborts; at once where `ms` is not above 0. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
