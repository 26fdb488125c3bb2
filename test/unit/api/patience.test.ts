// Limits of a request, each told in our form; whoever is slow holds up nobody else, and not us for ever.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiGround, startApi } from '../../support/api-ground.ts';
import { eventually } from '../../support/wait.ts';

let ground: ApiGround;
const open: Socket[] = [];

beforeAll(async () => {
  ground = await startApi({ headMs: 300, bodyMs: 300, silenceMs: 300, idleMs: 1000, lingerMs: 200 });
  await post('/apps', JSON.stringify({ name: 'hello' }));
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await ground[Symbol.asyncDispose]();
});

const as = () => ({ authorization: `Bearer ${ground.token}` });
const post = (path: string, body: string | Buffer, headers = {}) =>
  fetch(ground.url + path, { method: 'POST', headers: { ...as(), ...headers }, body });

/** A client that writes what it wants, when it wants. */
function client(text: string): { socket: Socket; said(): string; ended: Promise<unknown> } {
  const socket = connect(ground.port, '127.0.0.1');
  open.push(socket);
  let said = '';
  socket.on('error', () => undefined);
  socket.on('data', (part: Buffer) => {
    said += part;
  });
  socket.write(text);
  return { socket, said: () => said, ended: once(socket, 'close').catch(() => undefined) };
}

const head = (line: string, ...more: string[]): string =>
  [`${line} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${ground.token}`, ...more, '', ''].join(
    '\r\n',
  );
const failure = (said: string): unknown => JSON.parse(said.slice(said.indexOf('\r\n\r\n') + 4));

it('a body over a megabyte is refused with 413: by its length, as it comes, and unpacked', async () => {
  const { gzipSync } = await import('node:zlib');
  const large = JSON.stringify({ name: 'x'.repeat(2_000_000) });
  for (const [body, headers] of [
    [large, {}],
    [gzipSync(large), { 'content-encoding': 'gzip' }],
  ] as const) {
    const answer = await post('/apps', body as string, headers);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({
      id: 'request_too_large',
      message: expect.stringMatching('1 MB'),
    });
  }
  const endless = client(head('POST /apps', 'Transfer-Encoding: chunked'));
  const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  for (let sent = 0; sent < 20; sent++) endless.socket.write(piece);
  await eventually(endless.said, (said) => said.endsWith('}'));
  expect(endless.said()).toMatch(/^HTTP\/1\.1 413 /);
  // It goes on all the same, and is not listened to for long.
  const more = setInterval(() => endless.socket.write(piece), 10);
  await endless.ended;
  clearInterval(more);
});

it('nobody reads on for long what comes behind a refusal', async () => {
  const stranger = client('POST /apps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n');
  const more = setInterval(() => stranger.socket.write('x'.repeat(100)), 10);
  await stranger.ended;
  clearInterval(more);
  expect(stranger.said()).toMatch(/^HTTP\/1\.1 401 /);
});

it('too much of a head is 431; one, or a body, that does not come is 408', async () => {
  const long = client(head('GET /apps', `Long: ${'a'.repeat(20_000)}`));
  await long.ended;
  expect(long.said()).toMatch(/^HTTP\/1\.1 431 /);
  expect(failure(long.said())).toMatchObject({ id: 'headers_too_large' });

  const headless = client('GET /apps HTTP/1.1\r\nHost: loc');
  await headless.ended;
  expect(headless.said()).toMatch(/^HTTP\/1\.1 408 /);
  expect(failure(headless.said())).toMatchObject({ id: 'request_timeout' });

  const slow = client(head('POST /apps', 'Content-Length: 1000'));
  const drip = setInterval(() => slow.socket.write('{'), 20);
  await slow.ended;
  clearInterval(drip);
  expect(slow.said()).toMatch(/^HTTP\/1\.1 408 /);
  expect(failure(slow.said())).toMatchObject({
    id: 'request_timeout',
    message: expect.stringMatching('body'),
  });
});

it('an archive may take as long as it takes, but not stop: then it is 408, and nothing of it is kept', async () => {
  const { source_blob: blob } = (await (await post('/sources', '')).json()) as {
    source_blob: { put_url: string };
  };
  const { pathname } = new URL(blob.put_url);
  const going = client(head(`PUT ${pathname}`, 'Content-Length: 30'));
  for (let sent = 0; sent < 30; sent++) {
    await sleep(30);
    going.socket.write('x');
  }
  await eventually(going.said, (said) => said.endsWith('{}'));
  expect(going.said()).toMatch(/^HTTP\/1\.1 200 /);

  const stopped = client(head(`PUT ${pathname}`, 'Content-Length: 30'));
  stopped.socket.write('x');
  await stopped.ended;
  expect(stopped.said()).toMatch(/^HTTP\/1\.1 408 /);
});

it('hundreds of slow ones do not hold others up', async () => {
  await using patient = await startApi();
  const slow = (text: string): void => {
    const socket = connect(patient.port, '127.0.0.1').on('error', () => undefined);
    socket.write(text);
    open.push(socket);
  };
  const authorization = `Authorization: Bearer ${patient.token}`;
  for (let n = 0; n < 100; n++) slow('GET /apps HTTP/1.1\r\nHost: localhost\r\n');
  for (let n = 0; n < 100; n++)
    slow(`POST /apps HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\nContent-Length: 99\r\n\r\n{`);
  // These ask for much and read nothing.
  for (let n = 0; n < 50; n++)
    slow(`GET /dyno-sizes HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n\r\n`.repeat(200));
  for (let n = 0; n < 10; n++) {
    const answer = await fetch(`${patient.url}/apps`, {
      headers: { authorization: `Bearer ${patient.token}` },
    });
    expect(await answer.json()).toEqual([]);
  }
});

it('who does not read an answer is cut off; who is only told nothing is not', async () => {
  const greedy = client('');
  greedy.socket.pause();
  // More than the kernel takes for one who does not read.
  const ask = head('GET /dyno-sizes').repeat(200);
  const more = setInterval(() => greedy.socket.writable && greedy.socket.write(ask), 5);
  await greedy.ended;
  clearInterval(more);

  const session = (await (await post('/apps/hello/log-sessions', '{"tail":true}')).json()) as {
    logplex_url: string;
  };
  const tail = client(head(`GET ${new URL(session.logplex_url).pathname}`));
  await eventually(tail.said, (said) => said.includes('200 OK'));
  await sleep(900);
  ground.platform.logs.write(ground.platform.store.apps.byName('hello')!.id, {
    ...{ source: 'app', process: 'web.1', text: 'still there' },
  });
  await eventually(tail.said, (said) => said.includes('still there'));
});

it('who has been answered and asks nothing more is hung up on, but not while another request is under way', async () => {
  const idle = client(head('GET /dyno-sizes'));
  await idle.ended;
  expect(idle.said()).toMatch(/^HTTP\/1\.1 200 /);

  const { git } = ground.platform;
  const { ensureRepository } = git;
  git.ensureRepository = async (appId) => {
    await sleep(900);
    return await ensureRepository(appId);
  };
  const create = head('POST /apps', 'Content-Length: 2', 'Connection: close');
  const busy = client(`${head('GET /dyno-sizes')}${create}{}`);
  await busy.ended;
  git.ensureRepository = ensureRepository;
  expect(busy.said()).toContain('HTTP/1.1 201 ');
});
