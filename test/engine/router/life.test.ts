// HAProxy and our process each end and come back without the other noticing.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePort, openStage, routeTo, type Stage } from './stage.ts';

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await done().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('that did not happen');
}

const answers = (stage: Stage, host: string, body: string) =>
  until(async () => (await stage.get(host)).body === body);

test('our process ends and comes back: traffic goes on, lines of meanwhile arrive, changes are caught up', async () => {
  await using stage = await openStage();
  const keep = await stage.endpoint((_, response) => response.end('keep'));
  const old = await stage.endpoint((_, response) => response.end('old'));
  const next = await stage.endpoint((_, response) => response.end('next'), 'web.2');
  await stage.router.start([routeTo('keep', [keep]), routeTo('change', [old]), routeTo('leave', [old])]);
  const [container] = await stage.containers();
  const worker = await stage.workerPid();
  await stage.router.close();
  expect((await stage.get('keep.localhost', { path: '/meanwhile' })).body).toBe('keep');
  await stage.reopen();
  expect((await stage.get('change.localhost')).body).toBe('old');
  await stage.router.start([routeTo('new', [next]), routeTo('change', [next]), routeTo('keep', [keep])]);
  for (const [host, body] of Object.entries({ keep: 'keep', change: 'next', new: 'next' }))
    expect((await stage.get(`${host}.localhost`)).body).toBe(body);
  expect((await stage.get('leave.localhost')).status).toBe(404);
  expect(await stage.workerPid()).toBe(worker);
  expect((await stage.containers()).map(({ id }) => id)).toEqual([container!.id]);
  expect((await stage.line((line) => line.text.includes('/meanwhile'))).appId).toBe('id-keep');
  await until(async () => (await stage.runtime.picture()).servers.size === 3);
  expect(stage.problems).toEqual([]);
});

test('HAProxy falls, is killed or removed: it comes back as it was, and with what changed meanwhile', async () => {
  await using stage = await openStage();
  const one = await stage.endpoint((_, response) => response.end('one'));
  const two = await stage.endpoint((_, response) => response.end('two'), 'web.2');
  await stage.router.start([routeTo('app', [one])]);
  await stage.router.serve(routeTo('later', [two]));
  const id = (await stage.containers())[0]!.id;
  process.kill((await stage.engine.inspect(id)).pid!, 'SIGKILL');
  await answers(stage, 'app.localhost', 'one');
  await answers(stage, 'later.localhost', 'two');
  expect((await stage.containers())[0]!.id).toBe(id);
  await stage.engine.kill(id, 'SIGKILL');
  await answers(stage, 'later.localhost', 'two');
  await stage.engine.remove((await stage.containers())[0]!.id);
  await stage.router.serve(routeTo('app', [two]));
  expect((await stage.get('app.localhost')).body).toBe('two');
  expect((await stage.get('later.localhost')).body).toBe('two');
  await stage.line((line) => line.appId === 'id-later');
});

test('HAProxy restarted by itself while we are away has all that was served last', async () => {
  await using stage = await openStage();
  const one = await stage.endpoint((_, response) => response.end('one'));
  const two = await stage.endpoint((_, response) => response.end('two'), 'web.2');
  await stage.router.start([]);
  await stage.router.serve(routeTo('app', [one]));
  await stage.router.serve(routeTo('app', [two]));
  await stage.router.serve(routeTo('closed', [one], 'maintenance'));
  await stage.router.close();
  const id = (await stage.containers())[0]!.id;
  const { pid, startedAt } = await stage.engine.inspect(id);
  process.kill(pid!, 'SIGKILL');
  // Until the kernel has ended all of it the one that was killed may still answer.
  while ((await stage.engine.inspect(id)).startedAt === startedAt) await sleep(20);
  await answers(stage, 'app.localhost', 'two');
  expect((await stage.get('closed.localhost')).body).toContain('H80');
  await stage.reopen();
  await stage.router.start([routeTo('app', [one])]);
  expect((await stage.get('app.localhost', { path: '/back' })).body).toBe('one');
  await stage.line((line) => line.text.includes('/back'));
  expect((await stage.containers())[0]!.id).toBe(id);
});

test('a taken port and an address that is not ours are said, and nothing is left', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const port = (other.address() as { port: number }).port;
  await using stage = await openStage({ http: { host: '127.0.0.1', port } });
  await expect(stage.router.start([])).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken by another program, so the router cannot listen there.`,
  );
  expect(await stage.containers()).toEqual([]);
  other.close();
  await using elsewhere = await openStage({ http: { host: '192.0.2.77', port: await freePort() } });
  await expect(elsewhere.router.start([])).rejects.toThrow('This machine has no address 192.0.2.77');
});

test('a server that cannot listen as it was told leaves the router that serves', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const port = (other.address() as { port: number }).port;
  await using stage = await openStage();
  const app = await stage.endpoint((_, response) => response.end('app'));
  await stage.router.start([routeTo('app', [app])]);
  const before = await stage.containers();
  await stage.reopen({ https: { host: '127.0.0.1', port } });
  await expect(stage.router.start([routeTo('app', [app])])).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken by another program, so the router cannot listen there.`,
  );
  other.close();
  expect((await stage.get('app.localhost')).body).toBe('app');
  await stage.reopen();
  await stage.router.start([routeTo('app', [app])]);
  expect((await stage.get('app.localhost')).body).toBe('app');
  expect((await stage.containers()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

test('two routers never share a port, and a refused route changes nothing', async () => {
  await using stage = await openStage();
  const app = await stage.endpoint((_, response) => response.end('app'));
  await stage.router.start([routeTo('app', [app])]);
  await using second = await openStage({ http: { host: '127.0.0.1', port: stage.port } });
  await expect(second.router.start([])).rejects.toThrow('is taken by another program');
  const config = readFileSync(join(stage.root, 'router/haproxy.cfg'), 'utf8');
  const evil = { ...routeTo('app', [app]), hosts: ['a b\nc'] };
  await expect(stage.router.serve(evil)).rejects.toThrow('is not a host name the router can use');
  expect(readFileSync(join(stage.root, 'router/haproxy.cfg'), 'utf8')).toBe(config);
  expect((await stage.get('app.localhost')).body).toBe('app');
});

test('a folder whose path is too long for sockets is no obstacle', async () => {
  const short = mkdtempSync(join(tmpdir(), 'twelve-run-'));
  const long = mkdtempSync(join(tmpdir(), `twelve-${'long-'.repeat(20)}`));
  await using stage = await openStage({ folder: long, runFolder: short });
  const app = await stage.endpoint((_, response) => response.end('app'));
  await stage.router.start([routeTo('app', [app])]);
  expect((await stage.get('app.localhost')).body).toBe('app');
  await stage.line((line) => line.appId === 'id-app');
  await stage.reopen();
  await stage.router.start([routeTo('app', [app])]);
  expect(await stage.containers()).toHaveLength(1);
  rmSync(short, { recursive: true });
  rmSync(long, { recursive: true });
});
