import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { isLate, timeLimit, within } from '../../../platform/domain/time-limit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('comes as a part of a combined signal, whatever is collected meanwhile', async () => {
  const other = new AbortController();
  let reason: unknown;
  const combined = AbortSignal.any([other.signal, timeLimit(200)]);
  combined.addEventListener('abort', () => {
    reason = combined.reason;
  });
  for (let turns = 0; turns < 60 && reason === undefined; turns++) {
    collectGarbage();
    await sleep(20);
  }
  expect((reason as Error | undefined)?.name).toBe('TimeoutError');
});

test('takes parts of a millisecond, and more than a timer can wait', async () => {
  const [short, long] = [timeLimit(0.1), timeLimit(1e15)];
  await sleep(100);
  expect([short.aborted, long.aborted]).toEqual([true, false]);
});

test('nobody uses what can be lost', () => {
  const platform = join(import.meta.dirname, '../../../platform');
  const users = readdirSync(platform, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'domain/time-limit.ts')
    .filter((name) => readFileSync(join(platform, name), 'utf8').includes('AbortSignal.timeout('));
  expect(users).toEqual([]);
});

/** What a signal still knows of others: listeners, and signals that were combined of it. */
function leftOn(signal: AbortSignal): number {
  const key = Object.getOwnPropertySymbols(signal).find((one) => one.description === 'kDependantSignals');
  const dependants = key && (signal as unknown as Record<symbol, Set<unknown> | undefined>)[key];
  return getEventListeners(signal, 'abort').length + (dependants?.size ?? 0);
}

test('work within a time ends with the signal or the time, and leaves nothing on the signal', async () => {
  const life = new AbortController();
  const waits = (either: AbortSignal): Promise<boolean> =>
    sleep(60_000, false, { signal: either }).catch(() => isLate(either));
  expect(await within(life.signal, 20, waits)).toBe(true);
  expect(await within(life.signal, 60_000, async () => 'done')).toBe('done');
  await expect(within(life.signal, null, () => Promise.reject(new Error('broken')))).rejects.toThrow(
    'broken',
  );
  expect(leftOn(life.signal)).toBe(0);
  const ended = within(life.signal, null, waits);
  life.abort(new Error('over'));
  expect(await ended).toBe(false);
  expect(await within(life.signal, 60_000, waits)).toBe(false);
  expect(leftOn(life.signal)).toBe(0);
});
