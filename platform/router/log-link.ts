// Sees to it that HAProxy's log finds its way to us again after we were away.
import { setTimeout as delay } from 'node:timers/promises';
import type { AccessListener } from './access-listener.ts';
import type { Runtime } from './runtime.ts';

const LOOK_MS = 500;
const CATCH_UP_MS = 2_000;
const QUIET_MS = 100;

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

/**
 * Before HAProxy is replaced by a reload or another container: one that goes does not wait until its log has found us, and
 * would take along what it has kept since the server before us ended.
 */
export async function catchUp(runtime: Runtime, listener: AccessListener): Promise<void> {
  if (listener.connected()) return;
  await runtime.renewLog().catch(() => undefined);
  for (const deadline = Date.now() + CATCH_UP_MS; Date.now() < deadline; await delay(20)) {
    if (listener.connected() && listener.silentMs() > QUIET_MS) return;
  }
}
