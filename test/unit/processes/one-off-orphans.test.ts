// One-off processes whose app is destroyed: none of them lives on, whatever was under way.
import { beforeEach, expect, test } from 'vitest';
import type { OneOffOrder } from '../../../platform/processes/one-off-spec.ts';
import {
  app,
  append,
  begin,
  ended,
  engine,
  newNeeds,
  newOneOffs,
  orderOf,
  processes,
  store,
  until,
} from './ground.ts';

let order: OneOffOrder;

beforeEach(async () => {
  await begin();
  order = orderOf(await ended(append({ worker: 'k' })), 'sleep infinity');
});

test.each([
  ['detached', { attached: false }],
  ['kept', { session: 's' }],
  ['attached', {}],
])('one that is being made then (%s) is not begun, and nothing of it is left', async (_, how) => {
  const needs = newNeeds();
  let pulled = (): void => undefined;
  const pull = new Promise<void>((resolve) => {
    pulled = resolve;
  });
  const oneOffs = newOneOffs({
    ...needs,
    image: (...asked) => pull.then(() => needs.image(...asked)),
  });
  const making = oneOffs.create({ ...order, ...how });
  store.apps.destroy(app.id);
  await Promise.all([processes.removeApp(app.id), oneOffs.stopAll(app.id)]);
  pulled();
  await expect(making).rejects.toMatchObject({ code: 'not_found' });
  expect(engine.containers()).toEqual([]);
  expect(engine.calls.some((call) => call.startsWith('start ') && call.includes('run.'))).toBe(false);
});

test.each([
  ['detached', { attached: false }],
  ['kept', { session: 's' }],
])('one that a server found without its app (%s) is ended', async (_, how) => {
  await newOneOffs().create({ ...order, ...how });
  await until(() => engine.containers().some(({ details }) => details.state === 'running'), 'runs');
  store.apps.destroy(app.id);
  await newOneOffs().adopt();
  await until(() => engine.containers().length === 0, 'removed');
});
