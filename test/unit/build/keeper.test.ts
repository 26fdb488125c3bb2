// Build containers that nobody answers for go, also when the engine was away at first; those in use stay.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createKeeper, type Keeper } from '../../../platform/build/keeper.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

let engine: MemoryEngine;
let keeper: Keeper;
let away: boolean;

beforeEach(() => {
  engine = createMemoryEngine({ images: ['twelve/build:1'] });
  away = false;
  const here = <A extends unknown[], T>(call: (...given: A) => Promise<T>) => {
    return async (...given: A): Promise<T> => {
      if (away) throw new PlatformError('engine_unavailable', 'No container engine answers.');
      return await call(...given);
    };
  };
  const asked = { ...engine, list: here(engine.list), remove: here(engine.remove) };
  keeper = createKeeper({ engine: asked, instance: 'mine', retryMs: 10 });
});
afterEach(() => keeper.close());

async function container(buildId: string, instance = 'mine', kind = 'build'): Promise<string> {
  const labels = { 'twelve.instance': instance, 'twelve.kind': kind, 'twelve.build': buildId };
  return await engine.create({
    name: `${instance}-${kind}-${buildId}`,
    image: 'twelve/build:1',
    labels,
    env: {},
  });
}
const left = async () => (await engine.list({})).map((one) => one.name).sort();

it('is gone when it was released, and the others are not', async () => {
  keeper.owns('one');
  keeper.owns('two');
  const id = await container('one');
  await container('two');
  await keeper.release('one', id);
  expect(await left()).toEqual(['mine-build-two']);
});

it('while the engine is away nobody waits and nothing fails; when it is back it goes', async () => {
  for (const id of ['one', 'two']) keeper.owns(id);
  const id = await container('one');
  await container('two');
  away = true;
  await keeper.release('one', id);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await left()).toEqual(['mine-build-one', 'mine-build-two']);
  away = false;
  await expect.poll(left).toEqual(['mine-build-two']);
});

it('one whose making was not answered goes too; nothing else is touched', async () => {
  keeper.owns('unanswered');
  keeper.owns('two');
  await container('unanswered');
  await container('two');
  await container('x', 'other');
  await container('y', 'mine', 'process');
  await keeper.release('unanswered');
  const others = ['mine-build-two', 'mine-process-y', 'other-build-x'];
  await expect.poll(left).toEqual(others);
});

it('closed, it leaves things to the next server', async () => {
  keeper.owns('one');
  const id = await container('one');
  away = true;
  await keeper.release('one', id);
  keeper.close();
  away = false;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await left()).toEqual(['mine-build-one']);
});
