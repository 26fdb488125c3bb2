// One-off processes whose engine goes away: whoever waits is told, and nothing is left when it is back.
import { beforeEach, expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { createFromSlug } from '../../../platform/processes/from-slug.ts';
import { createOneOffs, type OneOffOrder, type OneOffs } from '../../../platform/processes/one-off.ts';
import { app, append, begin, ended, engine, newNeeds, processes, store, until } from './ground.ts';

let oneOffs: OneOffs;
let order: OneOffOrder;

beforeEach(async () => {
  await begin();
  const release = await ended(append({ worker: 'k' }));
  const needs = newNeeds();
  oneOffs = createOneOffs({ ...needs, networkOf: processes.networkOf, fromSlug: createFromSlug(needs) });
  order = {
    app: store.apps.byId(app.id)!,
    release,
    slug: store.slugs.byId(release.slugId!)!,
    config: {},
    command: 'true',
    attached: true,
    tty: false,
    window: null,
  };
});

const left = (): string[] => engine.containers().map((one) => one.details.state);

test('attached: its end is an error, and it is stopped', async () => {
  const { id } = await oneOffs.create(order);
  const session = await oneOffs.open(id);
  engine.goAway();
  await expect(session.exit).rejects.toMatchObject({ code: 'engine_unavailable' });
  engine.comeBack();
  await oneOffs.adopt();
  await until(() => left().length === 0, 'removed');
});

test('detached: it is followed to its end, once', async () => {
  await oneOffs.create({ ...order, attached: false });
  engine.goAway();
  engine.comeBack();
  await oneOffs.adopt();
  expect(left()).toEqual(['running']);
  const from = engine.calls.length;
  engine.crash(engine.containers()[0]!.id, 3);
  await until(() => left().length === 0, 'removed');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(engine.calls.slice(from).filter((call) => call.startsWith('remove'))).toHaveLength(1);
});

test('one whose making was not answered is removed', async () => {
  engine.beforeAnswer('create', engine.goAway);
  await expect(oneOffs.create(order)).rejects.toMatchObject({ code: 'engine_unavailable' });
  engine.comeBack();
  expect(left()).toEqual(['created']);
  await oneOffs.adopt();
  await until(() => left().length === 0, 'removed');
});

test('one that waits for its caller is left alone', async () => {
  const { id } = await oneOffs.create(order);
  engine.goAway();
  engine.comeBack();
  await oneOffs.adopt();
  const session = await oneOffs.open(id);
  engine.crash(engine.containers()[0]!.id, 4);
  expect(await session.exit).toBe(4);
});

test('one that could not be opened is removed at the next look', async () => {
  const { id } = await oneOffs.create(order);
  engine.goAway();
  await expect(oneOffs.open(id)).rejects.toMatchObject({ code: 'engine_unavailable' });
  engine.comeBack();
  await oneOffs.adopt();
  await until(() => left().length === 0, 'removed');
});

test.each([true, false])('one that the engine cannot start is gone, attached: %s', async (attached) => {
  const failure = new PlatformError('engine_failed', 'It did not start: no such file or directory');
  engine.fail('start', failure);
  const ran = oneOffs.create({ ...order, attached }).then(({ id }) => oneOffs.open(id));
  await expect(ran).rejects.toBe(failure);
  expect(left()).toEqual([]);
});
