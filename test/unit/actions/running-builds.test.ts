// Builds that are on their way: cancelled by name until their release exists, and all of them with the server.
import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { cancelled, createRunningBuilds, stopping } from '../../../platform/actions/running-builds.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';

const never = new AbortController().signal;

test('cancelled, it says by whom, and whoever cancels waits for its end', async () => {
  const running = createRunningBuilds();
  const build = running.begin('one', never);
  const other = running.begin('two', never);
  let ended = false;
  const cancelling = running.cancel('one', 'ada@example.com')!.then(() => {
    ended = true;
  });
  expect(cancelled(build.signal.reason).message).toBe('The build was cancelled by ada@example.com.');
  expect(other.signal.aborted).toBe(false);
  await Promise.resolve();
  expect(ended).toBe(false);
  build.end();
  await cancelling;
  expect(running.cancel('one', 'ada@example.com')).toBeNull();
});

test('not when its release exists, also not with the server', async () => {
  const running = createRunningBuilds();
  const build = running.begin('one', never);
  build.keep();
  expect(() => running.cancel('one', 'ada')).toThrow(/made its release already/);
  await running.close();
  expect(build.signal.aborted).toBe(false);
});

test('the server ends those that run, waits for them, and begins none', async () => {
  const running = createRunningBuilds();
  const build = running.begin('one', never);
  build.signal.addEventListener('abort', () => setImmediate(build.end));
  await running.close();
  expect(build.signal.reason).toBe(stopping);
  expect(running.stops).toBe(true);
  expect(running.begin('two', never).signal.aborted).toBe(true);
});

test('a lost connection says so', () => {
  const lost = new PlatformError('cancelled', 'The connection to git was lost.');
  expect(cancelled(lost)).toMatchObject({
    code: 'cancelled',
    message: 'The build was cancelled. The connection to git was lost.',
  });
});

test('it ends by the signal that it was begun with, on which nothing of it stays', () => {
  const anys = vi.spyOn(AbortSignal, 'any');
  const running = createRunningBuilds();
  const given = new AbortController();
  const [first, second] = [running.begin('one', given.signal), running.begin('two', given.signal)];
  first.end();
  given.abort(new Error('the push was broken off'));
  expect(first.signal.aborted).toBe(false);
  expect(second.signal.reason).toMatchObject({ message: 'the push was broken off' });
  second.end();
  expect(getEventListeners(given.signal, 'abort')).toEqual([]);
  expect(running.begin('three', given.signal).signal.aborted).toBe(true);
  expect(anys).not.toHaveBeenCalled();
});
