// Connections that stay open: WebSockets and server-sent events pass unbuffered.
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openStage, routeTo, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ drainMs: 600 });
  await stage.router.start([]);
});
afterAll(() => stage[Symbol.asyncDispose]());

async function webSocketApp(process = 'web.1') {
  const app = await stage.endpoint((_, response) => response.end('plain'), process);
  const server = new WebSocketServer({ server: app.server });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(`${process} ${data}`)));
  return app;
}

async function say(socket: WebSocket, text: string): Promise<string> {
  socket.send(text);
  return String((await once(socket, 'message'))[0]);
}

test('a WebSocket goes both ways, outlives a switch until the drain deadline, and is cut then', async () => {
  const old = await webSocketApp();
  const next = await webSocketApp('web.2');
  await stage.router.serve(routeTo('talk', [old]));
  const url = `ws://127.0.0.1:${stage.port}/`;
  const socket = new WebSocket(url, { headers: { host: 'talk.localhost' } });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  expect(await say(socket, 'one')).toBe('web.1 one');
  await stage.router.serve(routeTo('talk', [next]));
  expect(await say(socket, 'two')).toBe('web.1 two');
  const later = new WebSocket(url, { headers: { host: 'talk.localhost' } });
  await once(later, 'open');
  expect(await say(later, 'three')).toBe('web.2 three');
  await stage.router.drained(old.key);
  await closed;
  expect((await stage.router.stats()).map(({ process, sessions }) => [process, sessions])).toEqual([
    ['web.2', 1],
  ]);
  later.close();
  await once(later, 'close');
  const { text } = await stage.line((line) => line.text.includes('code=H24'));
  expect(text).toContain('dyno=web.1');
  expect(stage.problems).toEqual([]);
});

test('events arrive one by one, as the app sends them', async () => {
  let send: (text: string) => void = () => {};
  const app = await stage.endpoint((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    send = (text) => void response.write(`data: ${text}\n\n`);
  });
  await stage.router.serve(routeTo('events', [app]));
  const asked = request({ host: '127.0.0.1', port: stage.port, headers: { host: 'events.localhost' } }).end();
  const [response] = await once(asked, 'response');
  // Each is sent only after the one before was received: nothing waits for more.
  for (const text of ['first', 'second', 'third']) {
    send(text);
    expect(String((await once(response, 'data'))[0])).toBe(`data: ${text}\n\n`);
  }
  asked.on('error', () => {});
  asked.destroy();
});
