// Hosts find their app; everything else is a page that says what happened, with a line in the app's log.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { pageCodeOf } from '../../../platform/domain/route.ts';
import { freePort, openStage, routeTo, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  const timeouts = { connectMs: 1000, firstByteMs: 400, idleMs: 700 };
  stage = await openStage({ timeouts, reserved: ['paas.example.net'], mark: '0123abcd' });
  await stage.router.start([]);
});
afterAll(() => stage[Symbol.asyncDispose]());

const logged = (path: string) => stage.line((line) => line.text.includes(`path="${path}"`));

test('a host is its app, in any case and with a port; any other is a page of ours that names no app', async () => {
  const one = await stage.endpoint((_, response) => response.end('Hello, world!'));
  const two = await stage.endpoint((_, response) => response.end('two'));
  await stage.router.serve({ ...routeTo('one', [one]), hosts: ['one.localhost', 'www.Example.org'] });
  await stage.router.serve(routeTo('two', [two]));
  for (const host of [
    'one.localhost',
    'ONE.localhost:8080',
    'www.example.org',
    'www.example.org.',
    'One.localhost.:8080',
  ])
    expect(await stage.get(host)).toMatchObject({ status: 200, body: 'Hello, world!' });
  const other = await stage.get('two.localhost');
  expect(other.body).toBe('two');
  expect(other.headers).not.toHaveProperty('x-twelve-router');
  for (const host of [
    'three.localhost',
    'example.org',
    'one.localhost.example.org',
    'one.localhost..',
    '.',
  ]) {
    const answer = await stage.get(host);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['x-twelve-router']).toBe('0123abcd');
    expect(answer.body).toContain('There is nothing here');
    expect(answer.body).not.toMatch(/id-one|one\.localhost/);
  }
  const line = await stage.line((found) => found.appId === 'id-one');
  expect(line.text).toMatch(
    /^at=info method=GET path="\/" host=one\.localhost request_id=[0-9a-f-]{36} fwd="127\.0\.0\.1" dyno=web\.1 connect=\d+ms service=\d+ms status=200 bytes=13 protocol=http$/,
  );
  expect(Math.abs(line.time / 1000 - Date.now())).toBeLessThan(60_000);
});

test('a name of the platform leads to no app, also not by a wildcard', async () => {
  const one = await stage.endpoint((_, response) => response.end('Hello, world!'));
  await stage.router.serve({ ...routeTo('wild', [one]), hosts: ['*.example.net', 'paas.example.net'] });
  const at = async (host: string) => (await stage.get(host)).status;
  for (const host of ['paas.example.net', 'PAAS.example.net.:80']) expect(await at(host)).toBe(404);
  expect(await at('www.example.net')).toBe(200);
});

test('no process, a crashed one and maintenance each have their page and code', async () => {
  const there = await stage.endpoint((_, response) => response.end('there'));
  await stage.router.serve(routeTo('idle', [], 'none'));
  await stage.router.serve(routeTo('fallen', [], 'crashed'));
  await stage.router.serve(routeTo('closed', [there], 'maintenance'));
  await stage.router.serve(routeTo('empty', [], 'up'));
  const cases = { idle: 'H14', fallen: 'H10', closed: 'H80', empty: 'H14' };
  for (const [name, code] of Object.entries(cases)) {
    const answer = await stage.get(`${name}.localhost`, { path: `/page-${name}` });
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining(`503 · ${code} ·`) });
    if (name !== 'empty') expect(pageCodeOf(stage.router.stateOf(`id-${name}`))).toBe(code);
    expect((await logged(`/page-${name}`)).text).toMatch(
      new RegExp(
        `^at=${code === 'H80' ? 'info' : 'error'} code=${code} .* dyno= connect= service= status=503 bytes= protocol=http$`,
      ),
    );
  }
  await stage.router.serve(routeTo('closed', [there], 'up'));
  expect((await stage.get('closed.localhost')).body).toBe('there');
  expect(pageCodeOf(stage.router.stateOf('id-closed'))).toBeNull();
  expect(stage.router.stateOf('id-unknown')).toBeNull();
});

test('what goes wrong on the way has its code: refused, late, closed, garbled, silent, broken off, client gone', async () => {
  const app = await stage.endpoint(({ url, socket }, response) => {
    if (url === '/closed') socket.destroy();
    if (url === '/garbled') socket.end('no such protocol\r\n\r\n');
    if (url === '/silent' || url === '/gone' || url === '/cut') response.write('some');
    if (url === '/cut') setTimeout(() => socket.destroy(), 50);
  });
  const nobody = { ...app, process: 'web.2', port: await freePort() };
  await stage.router.serve(routeTo('bad', [app]));
  await stage.router.serve(routeTo('refusing', [nobody]));
  const page = async (path: string, host = 'bad.localhost') => (await stage.get(host, { path })).body;
  expect(await page('/refused', 'refusing.localhost')).toContain('H21');
  expect(await page('/late')).toContain('H12');
  expect(await page('/closed')).toContain('H13');
  expect(await page('/garbled')).toContain('H13');
  await expect(page('/silent')).rejects.toThrow();
  await expect(page('/cut')).rejects.toThrow();
  const socket = connect(stage.port, '127.0.0.1');
  socket.write('GET /gone HTTP/1.1\r\nHost: bad.localhost\r\n\r\n');
  socket.once('data', () => socket.destroy());
  const cases = {
    '/refused':
      /^at=error code=H21 desc="Backend connection refused" .* dyno=web.2 connect=\d+ms service= status=503 bytes= /,
    '/late':
      /^at=error code=H12 desc="Request timeout" .* dyno=web.1 connect=\d+ms service=4\d\dms status=503 bytes=0 /,
    '/closed': /^at=error code=H13 desc="Connection closed without response" .* status=503 bytes=0 /,
    '/garbled': /^at=error code=H17 desc="Poorly formatted HTTP response" .* status=503 bytes=0 /,
    '/silent': /^at=error code=H15 desc="Idle connection" .* dyno=web.1 /,
    '/cut': /^sock=backend at=error code=H18 desc="Server Request Interrupted" .* dyno=web.1 /,
    '/gone': /^sock=client at=warning code=H27 desc="Client Request Interrupted" .* status=499 /,
  };
  for (const [path, text] of Object.entries(cases)) expect((await logged(path)).text).toMatch(text);
});

test('an upload may take longer than the wait for a response; a dead process is passed over for a living one', async () => {
  const slow = await stage.endpoint((request, response) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    request.on('end', () => response.end(String(size)));
  });
  const dead = { ...slow, process: 'web.2', port: await freePort() };
  await stage.router.serve(routeTo('slow', [slow, dead]));
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => stage.get('slow.localhost', { method: 'POST', body: 'abc' })),
  );
  expect(answers.map((answer) => answer.body)).toEqual(Array(10).fill('3'));
  const socket = connect(stage.port, '127.0.0.1');
  socket.write('POST /up HTTP/1.1\r\nHost: slow.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\n');
  const ticks = [...'12345'].map((byte, index) => setTimeout(() => socket.write(byte), 200 * (index + 1)));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  ticks.forEach(clearTimeout);
  expect(text).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n5$/s);
});

test('an upload that falls silent is the visitor that did', async () => {
  const taking = await stage.endpoint((request) => request.resume());
  await stage.router.serve(routeTo('taking', [taking]));
  const socket = connect(stage.port, '127.0.0.1');
  socket.write('POST /half HTTP/1.1\r\nHost: taking.localhost\r\nContent-Length: 5\r\n\r\n12');
  await once(socket.resume(), 'close');
  expect((await logged('/half')).text).toMatch(
    /^sock=client at=warning code=H28 desc="Client Connection Idle" method=POST .* dyno=web.1 .* status=499 /,
  );
});

test('the wait for a response may be longer than connections may be silent', async () => {
  await using patient = await openStage({ timeouts: { firstByteMs: 5000, idleMs: 500 } });
  await patient.router.start([]);
  const slow = await patient.endpoint((_, response) => void setTimeout(() => response.end('at last'), 1500));
  await patient.router.serve(routeTo('patient', [slow]));
  expect(await patient.get('patient.localhost')).toMatchObject({ status: 200, body: 'at last' });
});

test('a WebSocket on which nobody says anything is ended as idle', async () => {
  const app = await stage.endpoint((_, response) => response.end());
  new WebSocketServer({ server: app.server });
  await stage.router.serve(routeTo('still', [app]));
  const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/still`, {
    headers: { host: 'still.localhost' },
  });
  await once(socket, 'open');
  await once(socket, 'close');
  expect((await logged('/still')).text).toMatch(/^at=error code=H15 desc="Idle connection" .* dyno=web.1 /);
});
