// One-off processes whose engine goes away: whoever waits is told, and nothing is left when it is back.
import { beforeEach, expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { defaultSizes } from '../../../platform/domain/formation.ts';
import { createFigures } from '../../../platform/processes/figures.ts';
import { createFromSlug } from '../../../platform/processes/from-slug.ts';
import { createOneOffs, type OneOffs } from '../../../platform/processes/one-off.ts';
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
  until,
} from './ground.ts';

let oneOffs: OneOffs;
let order: OneOffOrder;

beforeEach(async () => {
  await begin();
  const release = await ended(append({ worker: 'k' }));
  oneOffs = newOneOffs();
  order = orderOf(release, 'true');
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
  expect(engine.calls.slice(from).filter((call) => call.startsWith('remove '))).toHaveLength(1);
});

test('one that the kernel killed for memory while no server ran is told so by the next one, before its end', async () => {
  engine.behave(() => ({ run: ({ onSignal, exit }) => onSignal(() => exit(137, { oom: true })) }));
  const client = engine.connect();
  // The server before us does not see its end.
  const killed = { ...newNeeds(), engine: { ...client, wait: () => new Promise<never>(() => undefined) } };
  await newOneOffs(killed).create({ ...order, attached: false });
  await engine.kill(engine.containers()[0]!.id, 'SIGTERM');
  const told: string[] = [];
  const figures = createFigures({
    engine: client,
    instance: 'test',
    sizes: defaultSizes,
    logs: { write: (_app, { text }) => void told.push(text) },
    onProblem: (message) => void told.push(message),
  });
  const needs = { ...newNeeds(), engine: client, figures };
  needs.logs = { ...needs.logs, write: (_app, { text }) => void told.push(text) };
  const next = newOneOffs(needs);
  await next.adopt();
  await until(() => left().length === 0, 'removed');
  figures.close();
  expect(told).toEqual([
    expect.stringMatching(/^Error R15/),
    'Process exited with status 137',
    'State changed from up to complete',
  ]);
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

test('one whose caller may come back and that the engine cannot start tells its caller why, and is gone', async () => {
  const failure = new PlatformError('engine_failed', 'It did not start: no such file or directory');
  engine.fail('start', failure);
  await oneOffs.create({ ...order, session: 'secret' });
  const caller = { output: () => undefined, taken: () => undefined, ended: () => undefined };
  await expect(oneOffs.kept.open(app.id, 'secret', { stdout: 0, stderr: 0 }, caller)).rejects.toBe(failure);
  expect(left()).toEqual([]);
});

test('one that cannot be started and whose caller never comes is gone too', async () => {
  engine.fail('start', new PlatformError('engine_failed', 'It did not start: no such file or directory'));
  await newOneOffs({ ...newNeeds(), reattachMs: 300 }).create({ ...order, session: 'secret' });
  expect(left()).toEqual(['created']);
  await until(() => left().length === 0, 'removed');
});

test('one whose caller may come back is started while that is on its way, and goes when it does not come', async () => {
  await newOneOffs({ ...newNeeds(), reattachMs: 300 }).create({ ...order, session: 'secret' });
  await until(() => left()[0] === 'running', 'running');
  await until(() => left().length === 0, 'removed');
});

const networks = async (): Promise<number> => (await engine.connect().networks()).length;

test.each([true, false])(
  'nothing of an app is left when its only process ends, attached: %s',
  async (attached) => {
    const { id } = await oneOffs.create({ ...order, attached });
    const session = attached ? await oneOffs.open(id) : undefined;
    expect(await networks()).toBe(1);
    engine.crash(engine.containers()[0]!.id, 0);
    await session?.exit;
    await until(() => left().length === 0, 'removed');
    for (let n = 0; n < 100 && (await networks()) > 0; n++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await networks()).toBe(0);
  },
);

test('the network stays while another is being made, and goes with that one', async () => {
  const first = await oneOffs.open((await oneOffs.create(order)).id);
  // Once the network was given out, and before there is a container in it, the first one ends.
  let firstEnded: Promise<unknown> | undefined;
  const second = createOneOffs({
    ...newNeeds(),
    networkOf: processes.networkOf,
    oneOffList: processes.oneOffList,
    fromSlug: {
      provide: async () => undefined,
      async create(slug, spec) {
        engine.crash(engine.containers()[0]!.id, 0);
        firstEnded = first.exit;
        await firstEnded;
        expect(await networks()).toBe(1);
        return createFromSlug(newNeeds()).create(slug, spec);
      },
    },
  });
  const session = await second.open((await second.create(order)).id);
  expect(firstEnded).toBeDefined();
  engine.crash(engine.containers()[0]!.id, 7);
  expect(await session.exit).toBe(7);
  expect(await networks()).toBe(0);
});

test('one that could not be made leaves no network', async () => {
  const failure = new PlatformError('engine_failed', 'no space left on device');
  engine.fail('create', failure);
  await expect(oneOffs.create(order)).rejects.toBe(failure);
  expect(await networks()).toBe(0);
});

test('no two one-offs of an app have one name', async () => {
  const draws = [7000, 7000, 7000, 7001, 7001, 7002];
  const drawn = newOneOffs(newNeeds(), () => draws.shift()!);
  const together = await Promise.all([drawn.create(order), drawn.create(order)]);
  const later = await drawn.create(order);
  expect([...together, later].map(({ name }) => name).sort()).toEqual(['run.7000', 'run.7001', 'run.7002']);
});

test.each(['created', 'running'])(
  'one whose caller may come back (%s) is held by the next server for its time, then hung up on',
  async (state) => {
    const needs = { ...newNeeds(), reattachMs: 300 };
    // The server before was killed while it had this one started, or later.
    const start = state === 'running' ? needs.engine.start : () => new Promise<never>(() => undefined);
    const before = { ...needs, reattachMs: 60_000, engine: { ...needs.engine, start } };
    await newOneOffs(before).create({ ...order, session: 'secret' });
    await until(() => left()[0] === state, state);
    await newOneOffs(needs).adopt();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(left()).toEqual([state]);
    await until(() => left().length === 0, 'removed');
    const signals = engine.calls.filter((call) => /^(kill|stop) /.test(call));
    expect(signals).toEqual(state === 'running' ? [expect.stringMatching(/^kill /)] : []);
  },
);
