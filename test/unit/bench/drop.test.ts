// The visitors of zero-drop, against an app that does each thing wrong: what they say is what was done.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  eventsQuestion,
  exchange,
  getQuestion,
  longQuestion,
  postQuestion,
} from '../../bench/drop/exchange.ts';
import { startVisitors } from '../../bench/drop/load.ts';
import { converse } from '../../bench/drop/socket.ts';
import { endedEarly, tell, verdictOf } from '../../bench/drop/verdict.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const never = new AbortController().signal;
const at = (port: number) => ({ host: '127.0.0.1', port, name: 'drop.localhost' });
const who = { 'X-Process': 'web.1 v1 host' };

async function site(answer: RequestListener) {
  const server = createServer(answer);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, target: at((server.address() as AddressInfo).port) };
}

test('a whole answer of every kind has no fault, and tells who answered', async () => {
  const target = await theApp();
  for (const question of [getQuestion(), postQuestion(5000), longQuestion(300), eventsQuestion(500)])
    expect(await exchange(target, question)).toEqual({
      fault: null,
      process: expect.stringMatching(/^web\.1/),
    });
  expect(await converse(target, 600, never)).toMatchObject({ fault: null });
});

test('nobody listens: refused', async () => {
  const { server, target } = await site(() => undefined);
  server.close();
  expect(await exchange(target, getQuestion())).toMatchObject({ fault: 'refused' });
  expect(await converse(target, 100, never)).toMatchObject({ fault: 'refused' });
});

test('the connection ends before the answer: reset', async () => {
  const { target } = await site((request) => request.socket.destroy());
  expect(await exchange(target, getQuestion())).toMatchObject({ fault: 'reset', process: null });
  expect(await exchange(target, postQuestion(100_000))).toMatchObject({ fault: 'reset' });
});

test('another status, with the code of our page', async () => {
  const { target } = await site((_, response) => response.writeHead(503).end('<p>H14 no web process</p>'));
  expect(await exchange(target, getQuestion())).toMatchObject({ fault: 'status', detail: '503 H14' });
  expect(await converse(target, 100, never)).toMatchObject({ fault: 'status', detail: '503' });
});

test('fewer bytes than were told: short', async () => {
  const { target } = await site((_, response) => {
    response.writeHead(200, { ...who, 'Content-Length': 10_000 });
    response.write('x'.repeat(100), () => response.destroy());
  });
  expect(await exchange(target, longQuestion(200))).toEqual({
    fault: 'short',
    detail: '100 bytes of 10000',
    process: who['X-Process'],
  });
});

test('a stream that ends in the middle: cut; one that ends well but too soon: wrong', async () => {
  let end: (socket: Socket, close: () => void) => void = (socket) => void socket.destroy();
  const { target } = await site((request, response) => {
    response.writeHead(200, who);
    response.write('data: 0\n\n', () => end(request.socket, () => response.end()));
  });
  expect(await exchange(target, eventsQuestion(500))).toMatchObject({ fault: 'cut' });
  end = (_, close) => close();
  expect(await exchange(target, eventsQuestion(500))).toMatchObject({ fault: 'wrong' });
  expect(await exchange(target, getQuestion())).toMatchObject({ fault: 'wrong' });
});

test('an answer of nobody of the app is wrong', async () => {
  const { target } = await site((request, response) =>
    response.end(new URL(request.url!, 'http://app').searchParams.get('nonce')),
  );
  expect(await exchange(target, getQuestion())).toMatchObject({
    fault: 'wrong',
    detail: expect.stringContaining('no process'),
  });
});

test('a WebSocket is whole when every message and our close came back, else cut or wrong', async () => {
  const { server, target } = await site(() => undefined);
  let heard: (socket: import('ws').WebSocket, text: string) => void = (socket, text) => socket.send(text);
  const sockets = new WebSocketServer({ server });
  sockets.on('headers', (headers) => headers.push(`X-Process: ${who['X-Process']}`));
  sockets.on('connection', (socket) => socket.on('message', (data) => heard(socket, String(data))));
  expect(await converse(target, 600, never)).toEqual({ fault: null, process: who['X-Process'] });
  heard = (socket, text) => (text === '2' ? socket.terminate() : socket.send(text));
  expect(await converse(target, 600, never)).toMatchObject({ fault: 'cut', process: who['X-Process'] });
  heard = (socket, text) => (text === '2' ? socket.close() : socket.send(text));
  expect(await converse(target, 600, never)).toMatchObject({ fault: 'cut' });
  heard = (socket) => socket.send('another');
  expect(await converse(target, 600, never)).toMatchObject({ fault: 'wrong' });
});

test('visitors of an app that fails now and then count every failure, and only those', async () => {
  let asked = 0;
  let broken = 0;
  const { target } = await site((request, response) => {
    const nonce = new URL(request.url!, 'http://app').searchParams.get('nonce');
    if (nonce === null) return void response.writeHead(404, who).end();
    if (++asked % 10 !== 0) return void response.writeHead(200, who).end(nonce);
    broken++;
    response.writeHead(502, who).end();
  });
  const visitors = startVisitors(target, 700);
  await sleep(1500);
  const { failures, asked: all } = verdictOf(await visitors.stop(), 1000);
  const gets = failures.filter(({ kind }) => kind.startsWith('GET'));
  expect(broken).toBeGreaterThan(3);
  expect(gets).toHaveLength(broken);
  expect(all).toBeGreaterThan(asked);
  // What this app does not have fails always.
  expect(new Set(failures.map(({ kind }) => kind)).size).toBe(8);
});

test('a longer WebSocket may be ended when its process was asked nothing for the time to drain', () => {
  const lastAsked = new Map([['web.1', 10_000]]);
  const ended = (ms: number) => ({ lastAsked, ended: [{ process: 'web.1', at: ms }] });
  expect(endedEarly(ended(15_000), 5000)).toEqual([]);
  expect(endedEarly(ended(14_000), 5000)).toMatchObject([
    { fault: 'cut', detail: expect.stringContaining('4.0 s') },
  ]);
  expect(endedEarly({ lastAsked, ended: [{ process: null, at: 90_000 }] }, 5000)).toHaveLength(1);
});

test('a failure is told with the change in which it happened', () => {
  const failure = {
    kind: 'GET',
    fault: 'reset',
    detail: 'ECONNRESET',
    begunAt: 4000,
    at: 4500,
    process: null,
  } as const;
  const marks = [
    { what: 'config', from: 1000, to: 2000 },
    { what: 'web=1', from: 3000, to: 4000 },
  ];
  expect(tell(failure, marks)).toBe(
    'GET: reset (ECONNRESET) after 0.50 s, of no process; change 2 (web=1), 1.50 s after its begin, ended 0.50 s before',
  );
  expect(tell(failure, [])).toContain('before the first change');
});

/** The app of the benchmark itself. */
async function theApp(): Promise<ReturnType<typeof at>> {
  const port = await freePort();
  const program = join(import.meta.dirname, '../../bench/drop/app/server.js');
  const child = spawn(process.execPath, [program], {
    env: { PORT: String(port), DYNO: 'web.1', TWELVE_RELEASE_VERSION: 'v1' },
    stdio: 'inherit',
  });
  closers.push(() => child.kill());
  for (let tries = 0; tries < 200; tries++) {
    if ((await exchange(at(port), getQuestion())).fault !== 'refused') return at(port);
    await sleep(20);
  }
  throw new Error('the app does not listen');
}

async function freePort(): Promise<number> {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
