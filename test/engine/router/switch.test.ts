// Switching under load loses nothing, and what comes and goes needs no reload.
import { Agent } from 'node:http';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../../platform/router/router.ts';
import { openStage, routeTo, type Stage } from './stage.ts';

/** Clients that ask without pause on connections they keep, until told to stop. */
function load(stage: Stage, host: string, clients: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: unknown[] = [];
  const answers: string[] = [];
  let going = true;
  const client = async (number: number): Promise<void> => {
    const post = number % 2 === 0 ? { method: 'POST', body: 'x'.repeat(2000) } : {};
    while (going) {
      const answer = await stage.get(host, { agent, ...post }).catch((error: unknown) => error as Error);
      if (answer instanceof Error || answer.status !== 200) failures.push(answer);
      else answers.push(answer.body);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return {
    failures,
    answers,
    async until(count: number): Promise<void> {
      while (answers.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async stop(): Promise<void> {
      going = false;
      await running;
      agent.destroy();
    },
  };
}

/** Two processes that answer with the number of their release. */
async function release(stage: Stage, version: number) {
  const processes = await Promise.all(
    ['web.1', 'web.2'].map((name) =>
      stage.endpoint((request, response) => {
        request.resume();
        request.on('end', () => setTimeout(() => response.end(String(version)), 3));
      }, name),
    ),
  );
  return {
    endpoints: processes as Endpoint[],
    /** As a process ends on SIGKILL. */
    kill() {
      for (const { server } of processes) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

const drained = (stage: Stage, endpoints: readonly Endpoint[]): Promise<unknown> =>
  Promise.all(endpoints.map(({ key }) => stage.router.drained(key)));

test('twenty switches under load, each old release killed once it is drained: no request fails', async () => {
  await using stage = await openStage({ spare: 2 });
  await stage.router.start([]);
  let current = await release(stage, 0);
  await stage.router.serve(routeTo('busy', current.endpoints));
  const worker = await stage.workerPid();
  const traffic = load(stage, 'busy.localhost', 8);
  for (let version = 1; version <= 20; version += 1) {
    const next = await release(stage, version);
    await stage.router.serve(routeTo('busy', next.endpoints));
    const from = traffic.answers.length;
    await drained(stage, current.endpoints);
    current.kill();
    await traffic.until(from + 100);
    // What was in flight when it was resolved may still be the old one's.
    expect(new Set(traffic.answers.slice(from + 60))).toEqual(new Set([String(version)]));
    current = next;
  }
  expect(await stage.workerPid()).toBe(worker);
  // And reloads, with the same connections: as many apps as it takes to use the pool up twice.
  for (let app = 0; app < 8; app += 1) await stage.router.serve(routeTo(`app${app}`, current.endpoints));
  expect(await stage.workerPid()).not.toBe(worker);
  const next = await release(stage, 21);
  await stage.router.serve(routeTo('busy', next.endpoints));
  await drained(stage, current.endpoints);
  for (let app = 0; app < 8; app += 1) await stage.router.serve(routeTo(`app${app}`, next.endpoints));
  current.kill();
  await traffic.until(traffic.answers.length + 200);
  await traffic.stop();
  expect(traffic.failures).toEqual([]);
  expect(traffic.answers.length).toBeGreaterThan(2000);
  expect((await stage.get('app7.localhost')).body).toBe('21');
  expect(stage.problems).toEqual([]);
});

test('apps come and go within the pool without a reload; beyond it one reload makes room', async () => {
  await using stage = await openStage({ spare: 4 });
  const app = await stage.endpoint((request, response) => response.end(request.headers.host));
  await stage.router.start([]);
  const worker = await stage.workerPid();
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names.slice(0, 4)) await stage.router.serve(routeTo(name, [app]));
  await stage.router.remove('id-b');
  await stage.router.remove('id-b');
  expect((await stage.get('b.localhost')).status).toBe(404);
  // The backend of an app that left is free again as soon as its server is gone.
  while ((await stage.runtime.picture()).servers.size > 3)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await stage.router.serve(routeTo('e', [app]));
  expect(await stage.workerPid()).toBe(worker);
  await stage.router.serve(routeTo('b', [app]));
  expect(await stage.workerPid()).not.toBe(worker);
  for (const name of names) expect((await stage.get(`${name}.localhost`)).body).toBe(`${name}.localhost`);
  await stage.router.serve({ ...routeTo('a', [app]), hosts: ['a.example.org'] });
  expect((await stage.get('a.example.org')).status).toBe(200);
  expect((await stage.get('a.localhost')).status).toBe(404);
});

test('calls for one app are carried out in order, and a server put back while it drains is kept', async () => {
  await using stage = await openStage();
  await stage.router.start([]);
  let release: () => void = () => {};
  const slow = await stage.endpoint(({ url }, response) => {
    if (url === '/wait') release = () => void response.end('waited');
    else response.end('slow');
  });
  const other = await stage.endpoint((_, response) => response.end('other'), 'web.2');
  await stage.router.serve(routeTo('flip', [slow]));
  const waiting = stage.get('flip.localhost', { path: '/wait' });
  while ((await stage.router.stats())[0]?.sessions !== 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([
    stage.router.serve(routeTo('flip', [other])),
    stage.router.serve(routeTo('flip', [slow])),
    stage.router.serve(routeTo('flip', [slow])),
  ]);
  expect((await stage.get('flip.localhost')).body).toBe('slow');
  await drained(stage, [slow, other]);
  release();
  expect((await waiting).body).toBe('waited');
  expect((await stage.router.stats()).map(({ process, ready }) => [process, ready])).toEqual([
    ['web.1', true],
  ]);
});
