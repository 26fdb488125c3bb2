// The router's container when its settings or its image change: who serves goes only once the new one can take its place.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ContainerNeeds, findContainer, startContainer } from '../../../platform/router/container.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

let engine: MemoryEngine;
let listening: Server[];
let written: number;
beforeEach(() => {
  engine = createMemoryEngine({ images: ['router:1', 'router:2'] });
  listening = [];
  written = 0;
});
afterEach(() => {
  for (const one of listening) one.close();
});

/** A program that has a port. */
async function takePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  listening.push(server);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

async function freePort(): Promise<number> {
  const port = await takePort();
  const server = listening.pop()!.close();
  await once(server, 'close');
  return port;
}

/** The memory engine's HAProxy listens nowhere: a test takes the port for it where that matters. */
const needs = (httpPort: number, more: Partial<ContainerNeeds> = {}): ContainerNeeds => ({
  engine,
  instance: 'test',
  image: async () => 'router:1',
  folder: '/nowhere',
  http: { host: '127.0.0.1', port: httpPort },
  https: null,
  answers: async () => true,
  ...more,
});
const loopback = (port: number) => ({ host: '127.0.0.1', port });
const start = (given: ContainerNeeds): Promise<void> =>
  startContainer(given, async () => {
    written += 1;
  });
const found = (): string[] => engine.containers().map(({ id, details }) => `${id} ${details.state}`);

test.each(['TWELVE_HTTP', 'TWELVE_HTTPS'])(
  'a taken %s leaves the router that serves, and its files',
  async (setting) => {
    const port = await freePort();
    await start(needs(port));
    const before = found();
    const taken = await takePort();
    const wanted = setting === 'TWELVE_HTTP' ? needs(taken) : needs(port, { https: loopback(taken) });
    expect(await findContainer(wanted)).toBeUndefined();
    await expect(start(wanted)).rejects.toThrow(
      new RegExp(`Port ${taken} on 127.0.0.1 is taken by another program.*set ${setting} to another address`),
    );
    expect(found()).toEqual(before);
    expect(before).toEqual([expect.stringMatching(/ running$/)]);
    expect(written).toBe(1);
  },
);

/** Longer than a part of a name can be: nobody has to be asked what it stands for. */
const noName = `${'x'.repeat(64)}.test`;

test.each(['192.0.2.77', noName])('so does %s, which is no address of ours', async (host) => {
  const port = await freePort();
  await start(needs(port));
  const before = found();
  await expect(start(needs(port, { http: { host, port } }))).rejects.toThrow(
    `This machine has no address ${host}, so the router cannot listen on ${host}:${port}.`,
  );
  expect(found()).toEqual(before);
  expect(written).toBe(1);
});

test('the port of the router that is about to go is no obstacle, and it goes only when the other is made', async () => {
  const port = await freePort();
  await start(needs(port));
  const [old] = engine.containers();
  listening.push(createServer().listen(port, '127.0.0.1'));
  await once(listening[0]!, 'listening');
  const calls = engine.calls.length;
  await start(needs(port, { https: loopback(await freePort()), http: { host: '0.0.0.0', port } }));
  const [now, ...others] = engine.containers();
  expect(others).toEqual([]);
  expect(now!.id).not.toBe(old!.id);
  expect(engine.calls.slice(calls).filter((call) => /^(create|remove|start) /.test(call))).toEqual([
    `create ${now!.spec.name}`,
    `remove ${old!.id}`,
    `start ${now!.id}`,
  ]);
});

test.each([
  ['localhost', '127.0.0.1'],
  ['127.0.0.1', 'localhost'],
  ['::ffff:127.0.0.1', '::ffff:7f00:1'],
])('its port is known to be its own from %s to %s', async (before, now) => {
  const port = await freePort();
  await start(needs(port, { http: { host: before, port } }));
  const [old] = engine.containers();
  listening.push(createServer().listen(port, now));
  await once(listening[0]!, 'listening');
  await start(needs(port, { http: { host: now, port } }));
  expect(engine.containers().map(({ id }) => id)).not.toContain(old!.id);
  expect(found()).toEqual([expect.stringMatching(/ running$/)]);
});

test('with another image there are two for a moment; one that cannot be made leaves the first', async () => {
  const port = await freePort();
  await start(needs(port));
  const before = found();
  const wanted = needs(port, { image: async () => 'router:2' });
  engine.fail('create', new Error('no room'));
  await expect(start(wanted)).rejects.toThrow('no room');
  expect(found()).toEqual(before);
  await start(wanted);
  expect(engine.containers().map(({ spec }) => spec.image)).toEqual(['router:2']);
});

test('one that was made and never started, of a server that was killed then, is made anew', async () => {
  const port = await freePort();
  await start(needs(port));
  const wanted = needs(port, { image: async () => 'router:2' });
  engine.fail('remove', new Error('killed'), 2);
  await expect(start(wanted)).rejects.toThrow('killed');
  expect(found()).toEqual([expect.stringMatching(/ running$/), expect.stringMatching(/ created$/)]);
  await start(wanted);
  expect(found()).toEqual([expect.stringMatching(/ running$/)]);
  expect((await findContainer(wanted))?.state).toBe('running');
});

test('one of a version that did not say where it listens keeps its ports to itself', async () => {
  const port = await takePort();
  const id = await engine.create({
    name: 'twelve-test-router',
    image: 'router:1',
    command: ['haproxy'],
    env: {},
    labels: { 'twelve.instance': 'test', 'twelve.kind': 'router', 'twelve.router': 'old' },
  });
  await engine.start(id);
  await start(needs(port));
  expect(engine.containers().map(({ id }) => id)).not.toContain(id);
});
