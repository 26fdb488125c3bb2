// The end of an app's processes when it is destroyed: as long as they may take is waited for, and nothing is kept of them.
import { expect, test, vi } from 'vitest';
import { app, append, begin, ended, processes, running, startAgain, store } from './ground.ts';

/** The longest that something was waited for at most. */
async function longestOf(work: () => Promise<unknown>): Promise<number> {
  const limits = vi.spyOn(AbortSignal, 'timeout');
  try {
    await work();
    return Math.max(...limits.mock.calls.map(([ms]) => ms));
  } finally {
    limits.mockRestore();
  }
}

test('requests may go on, and processes may take to end, as long as is set', async () => {
  startAgain({ drainMs: 400_000, stopGraceMs: 1000 });
  await begin();
  await ended(append({ web: 'w' }, {}, {}, 'push', { 'stop-timeout': '250' }));
  store.apps.destroy(app.id);
  expect(await longestOf(() => processes.removeApp(app.id))).toBeGreaterThan(650_000);
  expect(running()).toEqual([]);
});

test('one that never ends is told; nothing is kept of its app then', async () => {
  startAgain({ drained: () => new Promise(() => undefined) });
  await begin();
  await ended(append({ web: 'w' }));
  expect(processes.status(app.id)).toHaveLength(1);
  store.apps.destroy(app.id);
  const over = new DOMException('too late', 'TimeoutError');
  const limits = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(over));
  await expect(processes.removeApp(app.id)).rejects.toBe(over);
  limits.mockRestore();
  expect(processes.status(app.id)).toEqual([]);
});
