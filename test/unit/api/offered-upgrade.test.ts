// Requests that offer HTTP/2 over plain HTTP, as Java's client sends them: answered like any other.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveAsItIs } from '../../../platform/api/offered-upgrade.ts';
import { startTeam, type TeamGround } from './team-ground.ts';

let team: TeamGround;
beforeAll(async () => {
  team = await startTeam();
});
afterAll(() => team[Symbol.asyncDispose]());

const offer = 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

/** All that comes until the server ends the connection, as is asked of it. */
async function ask(line: string, body: string[] = [], more = ''): Promise<string> {
  const socket = connect(team.port, '127.0.0.1');
  const length = body.length > 0 ? `Content-Length: ${body.join('').length}\r\n` : '';
  const connection = 'Connection: Upgrade, HTTP2-Settings, close\r\n';
  socket.write(
    `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${team.token('ada')}\r\n${more}${length}` +
      `${connection}${offer}\r\n${body[0] ?? ''}`,
  );
  let text = '';
  socket.on('data', (part) => {
    text += String(part);
  });
  for (const part of body.slice(1)) {
    await sleep(20);
    socket.write(part);
  }
  await once(socket, 'close');
  return text;
}

test('one without a body has its answer', async () => {
  expect(await ask('GET /account')).toMatch(
    /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n[\s\S]*ada@example/,
  );
  expect(await ask('GET /apps/none')).toMatch(/^HTTP\/1\.1 404 [\s\S]*There is no app ..none/);
  expect(await ask('DELETE /apps/none/domains/x')).toMatch(/^HTTP\/1\.1 404 /);
  expect(await ask('GET /account', [], 'Origin: https://evil.example\r\n')).toMatch(/^HTTP\/1\.1 403 /);
});

test('one with a body does what it says, whether that comes with its head or later', async () => {
  const made = (text: string): RegExp => new RegExp(`^HTTP/1\\.1 201 [\\s\\S]*"${text}"`);
  const path = '/oauth/authorizations';
  expect(await ask(`POST ${path}`, ['{"description":"at once"}'])).toMatch(made('at once'));
  expect(await ask(`POST ${path}`, ['{"description":', '"in parts"}'])).toMatch(made('in parts'));
  expect(await ask(`POST ${path}`, ['{"description":'])).toMatch(/^HTTP\/1\.1 400 /);
});

test('a large answer goes out as it is read, the connection takes the next request, and ends with the server', async () => {
  const much = Buffer.alloc(16 << 20, 'x');
  const asked: object[] = [];
  const server = createServer(async (request, response) => {
    asked.push(request.headers);
    response.setHeader('Content-Length', much.length);
    if (!response.write(much)) await once(response, 'drain');
    response.end();
  });
  server.on('upgrade', (request, socket, head) => serveAsItIs(server, request, socket as never, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let bytes = 0;
  socket.on('data', (part) => {
    bytes += part.length;
  });
  for (let turn = 1; turn <= 2; turn++) {
    socket.write(
      `GET / HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nConnection: Upgrade, HTTP2-Settings\r\n${offer}\r\n`,
    );
    await expect.poll(() => bytes, { timeout: 10_000 }).toBeGreaterThan(turn * much.length);
  }
  expect(asked).toEqual(Array(2).fill({ host: 'x', 'x-empty': '', connection: '' }));
  server.close();
  server.closeAllConnections();
  await once(socket, 'close');
}, 30_000);
