// Requests that offer HTTP/2 over plain HTTP, as Java's client sends them: answered like any other.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTeam, type TeamGround } from './team-ground.ts';

let team: TeamGround;
beforeAll(async () => {
  team = await startTeam();
});
afterAll(() => team[Symbol.asyncDispose]());

/** All that comes until the server ends the connection. */
async function ask(line: string, body = '', more = ''): Promise<string> {
  const socket = connect(team.port, '127.0.0.1');
  const length = body ? `Content-Length: ${body.length}\r\n` : '';
  socket.write(
    `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${team.token('ada')}\r\n${more}${length}` +
      `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n${body}`,
  );
  let text = '';
  socket.on('data', (part) => {
    text += String(part);
  });
  await once(socket, 'close');
  return text;
}

test('one without a body has its answer, and the connection ends with it', async () => {
  expect(await ask('GET /account')).toMatch(
    /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n[\s\S]*ada@example/,
  );
  expect(await ask('GET /apps/none')).toMatch(/^HTTP\/1\.1 404 [\s\S]*There is no app ..none/);
  expect(await ask('DELETE /apps/none/domains/x')).toMatch(/^HTTP\/1\.1 404 /);
  expect(await ask('GET /account', '', 'Origin: https://evil.example\r\n')).toMatch(/^HTTP\/1\.1 403 /);
});

test('one with a body, which cannot be read any more, is refused, and nothing is done', async () => {
  const before = team.store.apps.list().length;
  expect(await ask('POST /apps', '{"name":"made"}')).toMatch(
    /^HTTP\/1\.1 404 [\s\S]*nothing here to connect/,
  );
  expect(team.store.apps.list()).toHaveLength(before);
});
