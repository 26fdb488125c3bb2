// A clock that is set back while a change of processes goes on: what came first is known all the same.
import { afterEach, expect, test, vi } from 'vitest';
import { append, begin, ended, engine, outcome, rescale, restart, running, until } from './ground.ts';

afterEach(() => vi.useRealTimers());
const ids = (): string[] => engine.containers().map((one) => one.id);
const hour = 3_600_000;
const setClock = (by: number): void => {
  vi.useFakeTimers({ now: Date.now() + by, toFake: ['Date'] });
};

/** A worker's successor is made only once the worker has ended. */
async function worker(): Promise<void> {
  await begin();
  await ended(append({ worker: 'k' }));
  expect((await outcome(rescale('worker', { quantity: 1 }))).status).toBe('succeeded');
}

test('a restart is done once the new one is up, which is not replaced again', async () => {
  await worker();
  const [before] = ids();
  const change = restart();
  setClock(-hour);
  expect((await outcome(change)).status).toBe('succeeded');
  await until(() => running().length === 1, 'the new one');
  expect(ids()).not.toContain(before);
  expect(engine.calls.filter((call) => call.startsWith('create twelve'))).toHaveLength(2);
});

test('one that was started by a clock that was ahead is replaced', async () => {
  await worker();
  const [before] = ids();
  setClock(-hour);
  expect((await outcome(restart())).status).toBe('succeeded');
  await until(() => running().length === 1, 'the new one');
  expect(ids()).not.toContain(before);
});

test('a restart that fails by a process that seems older than it ends, too', async () => {
  await worker();
  engine.behave(() => ({ exitAfterMs: 10, exitCode: 4 }));
  const change = restart();
  setClock(-hour);
  expect((await outcome(change)).reason).toContain('worker.1 exited with status 4');
});
