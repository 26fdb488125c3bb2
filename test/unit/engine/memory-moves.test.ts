// What a test can do with the in-memory engine beyond the contract: crashes, outages, failures on demand.
import { expect, test, vi } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import type { ContainerSpec } from '../../../platform/engine/engine.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';

const spec = (name: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name,
  image: 'example/base:1',
  labels: { of: 'test' },
  env: {},
  ...more,
});

test('a crash is seen by those who wait and by those who listen', async () => {
  const engine = createMemoryEngine({ images: ['example/base:1'] });
  const events = engine.events({ of: 'test' }, AbortSignal.timeout(5000))[Symbol.asyncIterator]();
  const id = await engine.create(spec('web.1'));
  await engine.start(id);
  const waiting = engine.wait(id);
  engine.crash('web.1', 1, { oom: true });
  expect(await waiting).toBe(1);
  const actions = [];
  for (let at = 0; at < 4; at++) actions.push(await events.next());
  expect(actions.map(({ value }) => value.action)).toEqual(['create', 'start', 'oom', 'die']);
  expect(engine.calls).toEqual(['create web.1', `start ${id}`, `wait ${id}`]);
});

test('an outage fails what is under way and what comes, and containers live on', async () => {
  const engine = createMemoryEngine({ images: ['example/base:1'] });
  const events = engine.events({ of: 'test' }, AbortSignal.timeout(5000))[Symbol.asyncIterator]();
  const id = await engine.create(spec('web.1'));
  await engine.start(id);
  const waiting = engine.wait(id);
  await Promise.resolve();
  engine.goAway();
  await expect(waiting).rejects.toMatchObject({ code: 'engine_unavailable' });
  await expect(engine.list({})).rejects.toMatchObject({ code: 'engine_unavailable' });
  engine.crash(id, 9);
  engine.comeBack();
  expect(await engine.wait(id)).toBe(9);
  const told = [];
  for (let at = 0; at < 4; at++) told.push(await events.next());
  expect(told.map(({ value }) => value.action ?? value.type)).toEqual([
    'create',
    'start',
    'interrupted',
    'reconnected',
  ]);
});

test('a call fails as often as it was told to', async () => {
  const engine = createMemoryEngine({ images: ['example/base:1'] });
  engine.fail('create', new PlatformError('engine_failed', 'disk full'), 2);
  await expect(engine.create(spec('a'))).rejects.toThrow('disk full');
  await expect(engine.create(spec('a'))).rejects.toThrow('disk full');
  expect(await engine.create(spec('a'))).toMatch(/^0+10+$/);
});

test("time is the test's own", async () => {
  vi.useFakeTimers();
  try {
    const engine = createMemoryEngine({
      images: ['example/base:1'],
      behaviours: ({ name }) => (name === 'stubborn' ? { ignoresTerm: true } : { exitAfterMs: 60_000 }),
    });
    const [stubborn, timed] = [await engine.create(spec('stubborn')), await engine.create(spec('timed'))];
    await engine.start(stubborn);
    await engine.start(timed);
    const stopped = engine.stop(stubborn, { graceSeconds: 30 });
    await vi.advanceTimersByTimeAsync(29_999);
    expect((await engine.inspect(stubborn)).state).toBe('running');
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
    expect((await engine.inspect(stubborn)).exitCode).toBe(137);
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await engine.inspect(timed)).exitCode).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('only what was published can be pulled, and a policy brings a container back', async () => {
  const engine = createMemoryEngine();
  const reference = `127.0.0.1:5000/app@sha256:${'a'.repeat(64)}`;
  await expect(engine.pullImage({ reference })).rejects.toMatchObject({ code: 'not_found' });
  engine.publish(reference);
  const image = await engine.pullImage({ reference });
  expect(image.digests).toEqual([reference]);
  const id = await engine.create(spec('router', { image: reference, restart: 'unless-stopped' }));
  await engine.start(id);
  engine.crash(id, 1);
  await vi.waitFor(async () => expect((await engine.inspect(id)).state).toBe('running'));
  await engine.stop(id, { graceSeconds: 1 });
  expect((await engine.inspect(id)).state).toBe('exited');
});
