// A repeat under the same Request-Id is answered from memory: also while the first is under way, and when its connection is gone.
import { once } from 'node:events';
import { createServer, request as open } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerRepeats } from '../../../platform/api/repeats.ts';
import { type ApiGround, startApi } from '../../support/api-ground.ts';
import { eventually } from '../../support/wait.ts';

let ground: ApiGround;
beforeAll(async () => {
  ground = await startApi();
});
afterAll(() => ground[Symbol.asyncDispose]());

interface Given {
  id: string;
  method?: string;
  token?: string;
  body?: unknown;
  signal?: AbortSignal;
}

async function send(path: string, { id, method = 'POST', token = ground.token, body = {}, signal }: Given) {
  const answer = await fetch(ground.url + path, {
    ...{ method, body: JSON.stringify(body) },
    headers: { authorization: `Bearer ${token}`, 'request-id': id },
    ...(signal ? { signal } : {}),
  });
  const { status, headers } = answer;
  return { status, body: (await answer.json()) as { name?: string; id?: string }, headers };
}

const apps = (): string[] => ground.platform.store.apps.list().map(({ name }) => name);

it('the same answer, and done once; by another token, path, method or body it is another request', async () => {
  const first = await send('/apps', { id: 'a' });
  const again = await send('/apps', { id: 'a' });
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect(apps()).toEqual([first.body.name]);
  const { store } = ground.platform;
  const token = store.tokens.create(store.users.first()!.id, { description: 'second', scope: 'write' }).text;
  for (const other of [{ id: 'b' }, { id: 'a', token }, { id: 'a', body: { name: 'named' } }])
    await send('/apps', other);
  expect(new Set(apps()).size).toBe(4);
  // A refusal is an answer, too.
  expect(await send('/apps', { id: 'c', body: { name: 'named' } })).toMatchObject({ status: 422 });
  await send('/apps/named', { id: 'd', method: 'DELETE' });
  expect(await send('/apps/named', { id: 'd', method: 'DELETE' })).toMatchObject({
    status: 200,
    body: { name: 'named' },
  });
  expect(await send('/apps', { id: 'c', body: { name: 'named' } })).toMatchObject({ status: 422 });
});

it('what the answer names in its headers is repeated, too', async () => {
  await send('/apps', { id: 'e', body: { name: 'hello' } });
  const given = { id: 'f', method: 'PATCH', body: { A: '1' } };
  const [first, again] = [
    await send('/apps/hello/config-vars', given),
    await send('/apps/hello/config-vars', given),
  ];
  expect(first.headers.get('twelve-release')).toBe('2');
  expect(again.headers.get('twelve-release')).toBe('2');
});

/** Everything that begins an app waits for `go`. */
function held(): { begun(): number; go(): void } {
  const { git } = ground.platform;
  const { ensureRepository } = git;
  let begun = 0;
  let go!: () => void;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  git.ensureRepository = async (appId) => {
    begun += 1;
    await gate;
    return await ensureRepository(appId);
  };
  return {
    begun: () => begun,
    go() {
      git.ensureRepository = ensureRepository;
      go();
    },
  };
}

it('while the first is under way the repeat waits for it', async () => {
  const before = apps().length;
  const gate = held();
  const both = [send('/apps', { id: 'g' }), send('/apps', { id: 'g' })];
  await eventually(gate.begun, (count) => count > 0);
  gate.go();
  const [first, again] = await Promise.all(both);
  expect(again!.body).toEqual(first!.body);
  expect(apps().length).toBe(before + 1);
});

it('a connection that broke before the answer does not make the repeat do it again', async () => {
  const before = apps().length;
  const gate = held();
  const lost = open(`${ground.url}/apps`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ground.token}`, 'request-id': 'h', 'content-length': 2 },
  });
  lost.on('error', () => undefined);
  lost.end('{}');
  await eventually(gate.begun, (count) => count === 1);
  lost.destroy();
  const again = send('/apps', { id: 'h' });
  // It has come, and has begun nothing.
  await send('/apps/hello', { id: 'i', method: 'PATCH', body: { maintenance: true } });
  expect(gate.begun()).toBe(1);
  gate.go();
  expect((await again).status).toBe(201);
  expect(apps().length).toBe(before + 1);
});

it('what failed by our fault is tried again', async () => {
  const { git } = ground.platform;
  const { ensureRepository } = git;
  git.ensureRepository = async () => {
    throw new Error('the disk is gone');
  };
  expect(await send('/apps', { id: 'j', body: { name: 'first-try' } })).toMatchObject({ status: 503 });
  git.ensureRepository = ensureRepository;
  expect(await send('/apps', { id: 'j', body: { name: 'first-try' } })).toMatchObject({ status: 201 });
});

it('a collection of garbage is repeated, too', async () => {
  const given = { id: 'gc', body: { dry_run: true }, signal: AbortSignal.timeout(10_000) };
  const first = await send('/server/gc', given);
  expect(await send('/server/gc', given)).toMatchObject({ status: 200, body: first.body });
});

it('of many large answers the oldest are forgotten', async () => {
  let done = 0;
  const application = express();
  application.use(answerRepeats(() => 0));
  application.post(
    '/',
    (_request, response) => void response.json({ done: ++done, rest: 'x'.repeat(2_000_000) }),
  );
  const server = createServer(application).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = async (id: string): Promise<number> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answer = await fetch(url, { method: 'POST', headers: { 'request-id': id } });
    return ((await answer.json()) as { done: number }).done;
  };
  for (let n = 1; n <= 12; n++) await ask(String(n));
  expect([await ask('12'), await ask('1')]).toEqual([12, 13]);
  server.closeAllConnections();
  server.close();
});
