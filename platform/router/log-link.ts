// Sees to it that HAProxy's log finds its way to us again after we were away.
import { setTimeout as delay } from 'node:timers/promises';
import type { AccessListener } from './access-listener.ts';
import type { Runtime } from './runtime.ts';

const LOOK_MS = 500;

/**
 * HAProxy does not notice that the other end of its log's connection is gone, and keeps lines for it without end
 * (seen with 3.0.11). Told to end that connection it makes another, and sends what it has kept.
 */
export async function keepLogLink(
  runtime: Runtime,
  listener: AccessListener,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (!listener.connected()) await runtime.renewLog().catch(() => undefined);
    await delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
