// The router's container when its settings or its image change: who serves goes only once the new one can take its place.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ContainerNeeds, findContainer, startContainer } from '../../../platform/router/container.ts';
import { socketsIn } from '../../../platform/router/sockets.ts';
import { type BehaviourOf, createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { eventually } from '../../support/wait.ts';

let engine: MemoryEngine;
let folder: string;
let listening: Server[];
let written: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-router-'));
  engine = createMemoryEngine({ images: ['router:1', 'router:2'] });
  listening = [];
  written = 0;
});
afterEach(() => {
  for (const one of listening) one.close();
  rmSync(folder, { recursive: true });
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
  folder,
  http: { host: '127.0.0.1', port: httpPort },
  https: null,
  sockets: socketsIn(folder),
  leaving: new Set(),
  signal: new AbortController().signal,
  answers: async () => true,
  reload: async () => {
    throw new Error('The router did not accept its new configuration.');
  },
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

/** One of a version that did not say where it listens. */
async function startOlder(): Promise<string> {
  const id = await engine.create({
    name: 'twelve-test-router',
    image: 'router:1',
    command: ['haproxy'],
    env: {},
    labels: { 'twelve.instance': 'test', 'twelve.kind': 'router', 'twelve.router': 'old' },
  });
  await engine.start(id);
  return id;
}

test('one of a version that did not say where it listens keeps its ports to itself', async () => {
  const port = await takePort();
  const id = await startOlder();
  await start(needs(port));
  expect(engine.containers().map(({ id }) => id)).not.toContain(id);
});

/** One that was told to leave, while somebody is connected. */
const staysForVisitors: BehaviourOf = () => ({ run: ({ onSignal }) => onSignal(() => undefined) });
const leadsTo = (): string => readlinkSync(join(folder, 'admin.sock'));
const hands = { reload: async () => undefined };
/** With its socket, which the memory engine's HAProxy does not make. @returns what that is called */
async function startForVisitors(given: ContainerNeeds): Promise<string> {
  engine.behave(staysForVisitors);
  await start(given);
  const socket = leadsTo();
  writeFileSync(join(folder, socket), '');
  return socket;
}
const commandOf = (id: string): string =>
  engine
    .containers()
    .find((one) => one.id === id)!
    .spec.command!.join(' ');

test('one that takes the new configuration hands its sockets on, and leaves by itself', async () => {
  const port = await freePort();
  const before = await startForVisitors(needs(port));
  const [old] = engine.containers();
  const wanted = needs(port, { ...hands, image: async () => 'router:2' });
  const calls = engine.calls.length;
  await start(wanted);
  const [, now] = engine.containers();
  expect(engine.calls.slice(calls).filter((call) => /^(create|remove|start|kill) /.test(call))).toEqual([
    `create ${now!.spec.name}`,
    `start ${now!.id}`,
    expect.stringMatching(new RegExp(`^kill ${old!.id}`)),
  ]);
  expect(before).toMatch(/^admin-[0-9a-f]{8}\.sock$/);
  expect(commandOf(now!.id)).toMatch(new RegExp(` -x /router/${before}$`));
  expect(leadsTo()).not.toBe(before);
  expect((await findContainer(wanted))?.id).toBe(now!.id);
  expect(engine.containers()).toHaveLength(2);
  engine.crash(old!.id, 0);
  await eventually(
    () => engine.containers().map(({ id }) => id),
    (ids) => ids.join() === now!.id,
  );
});

test('of one that had sockets in the place of the links they are renamed, and lead to it until the next answers', async () => {
  const port = await freePort();
  for (const name of ['admin.sock', 'master.sock']) writeFileSync(join(folder, name), name);
  const id = await startOlder();
  const wanted = needs(port, { ...hands, answers: async (name) => name === 'before' });
  engine.behave(() => ({ exitAfterMs: 1 }));
  await expect(start(wanted)).rejects.toThrow('The router did not start');
  expect(found()).toEqual([`${id} running`]);
  expect(leadsTo()).toBe('admin-before.sock');
});

/** Name of a link's sockets. */
const nameIn = (link: string): string => /^admin-(.+)\.sock$/.exec(link)![1]!;

test('where one that should serve was itself told to leave, by a change that was taken back, it is made anew by the other', async () => {
  const port = await freePort();
  const first = nameIn(await startForVisitors(needs(port, hands)));
  const [left] = engine.containers();
  const second = await startForVisitors(needs(port, { ...hands, image: async () => 'router:2' }));
  const [, serving] = engine.containers();
  const back = needs(port, { ...hands, answers: async (name) => name !== first });
  expect(await findContainer(back)).toBeUndefined();
  expect(leadsTo()).toBe(second);
  expect(found()).toEqual([`${serving!.id} running`]);
  await start(back);
  const [, now] = engine.containers();
  expect(commandOf(now!.id)).toMatch(new RegExp(` -x /router/${second}$`));
  expect(now!.id).not.toBe(left!.id);
});

test('of two that run the one that serves hands its sockets on, and the one that was told to leave stays for its visitors', async () => {
  const port = await freePort();
  const first = nameIn(await startForVisitors(needs(port, hands)));
  const answers = async (name?: string): Promise<boolean> => name !== first;
  const second = await startForVisitors(needs(port, { ...hands, image: async () => 'router:2' }));
  await start(
    needs(port, { ...hands, answers, image: async () => 'router:2', https: loopback(await freePort()) }),
  );
  const [, , now] = engine.containers();
  expect(commandOf(now!.id)).toMatch(new RegExp(` -x /router/${second}$`));
  expect(found()).toHaveLength(3);
});

test('one that a killed server had started and that does not come up leaves the one that serves', async () => {
  const port = await freePort();
  await startForVisitors(needs(port, hands));
  const [serving] = engine.containers();
  const wanted = needs(port, { ...hands, image: async () => 'router:2', answers: async () => false });
  const other = needs(port, { ...hands, image: async () => 'router:2' });
  await start(other);
  engine.behave(() => ({ exitAfterMs: 1 }));
  const [, fallen] = engine.containers();
  engine.crash(fallen!.id, 1);
  expect(await findContainer(wanted)).toBeUndefined();
  expect(found()).toContain(`${serving!.id} running`);
});

test('sockets of containers that are gone are cleared away', async () => {
  const port = await freePort();
  await start(needs(port));
  symlinkSync('nowhere', join(folder, 'admin-0000.sock'));
  writeFileSync(join(folder, 'master-0000.sock'), '');
  await findContainer(needs(port));
  expect(readdirSync(folder).sort()).toEqual(['admin.sock', 'master.sock']);
});
