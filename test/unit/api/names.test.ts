// Host and Origin: the names that a request may come by, over HTTP and for a WebSocket.
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { refusalOfNames } from '../../../platform/api/names.ts';
import { startTeam } from './team-ground.ts';

const own = {
  api: { host: '127.0.0.1', port: 5480 },
  apiTls: { host: 'tls.example.com', port: 5443 },
  domain: 'apps.example.com',
  publicUrl: 'https://paas.example.com',
  apiNames: ['twelve'],
};

const judged = (host: string | undefined, origin?: string): boolean =>
  refusalOfNames({ headers: { host, ...(origin === undefined ? {} : { origin }) } }, own) === null;

test.each([
  'localhost:5480',
  'LOCALHOST',
  '127.0.0.1:5480',
  '127.9.9.9',
  '[::1]:5480',
  '192.0.2.7:5480',
  '[2001:db8::1]',
  'apps.example.com',
  'apps.example.com.',
  'paas.example.com:443',
  'twelve:5480',
  'tls.example.com:5443',
  undefined,
])('a request by the name %s is answered', (host) => {
  expect(judged(host)).toBe(true);
});

test.each([
  'evil.example:5480',
  'localhost.evil.example',
  'hello.apps.example.com',
  'hello.localhost:5480',
  'localhost:5480@evil.example',
  '127.0.0.1.evil.example',
  '',
  '[]',
])('a request by the name "%s" is not', (host) => {
  expect(judged(host)).toBe(false);
});

test.each([
  ['127.0.0.1:5480', 'http://127.0.0.1:5480', true],
  ['[::1]:5480', 'http://[::1]:5480', true],
  ['paas.example.com', 'https://paas.example.com', true],
  ['127.0.0.1:5480', 'https://paas.example.com', true],
  ['127.0.0.1:5480', 'https://twelve', true],
  ['127.0.0.1:5480', 'http://127.0.0.1:3000', false],
  ['localhost:5480', 'http://localhost', false],
  ['localhost:5480', 'http://hello.localhost:5480', false],
  ['paas.example.com', 'https://hello.apps.example.com', false],
  ['127.0.0.1:5480', 'https://evil.example', false],
  ['127.0.0.1:5480', 'null', false],
  ['127.0.0.1:5480', 'file://', false],
  ['127.0.0.1:5480', 'chrome-extension://abc', false],
  ['127.0.0.1:5480', '', false],
])('asked as %s, a page of %s: %s', (host, origin, answered) => {
  expect(judged(host, origin)).toBe(answered);
});

/** fetch would not let us say another name. */
function ask(
  port: number,
  headers: Record<string, string>,
): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/account', headers }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, type: response.headers['content-type']!, text }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('another name is refused before the token is looked at, with the setting that would change it', async () => {
  await using team = await startTeam();
  const Authorization = `Bearer ${team.token('root')}`;
  const rebound = await ask(team.port, { Host: `evil.example:${team.port}`, Authorization });
  expect(rebound.status).toBe(403);
  expect(JSON.parse(rebound.text)).toMatchObject({
    id: 'forbidden',
    message: expect.stringMatching(/name "evil\.example".*TWELVE_API_NAMES/),
  });
  const page = await ask(team.port, { Authorization, Origin: 'https://evil.example' });
  expect([page.status, page.text]).toEqual([403, expect.stringContaining('Pages of https://evil.example')]);
  const git = await ask(team.port, { Host: 'evil.example', 'User-Agent': 'git/2.39.5' });
  expect([git.status, git.type, git.text]).toEqual([
    403,
    'text/plain; charset=utf-8',
    expect.stringMatching(/^This server does not go by the name/),
  ]);
  expect((await ask(team.port, { Authorization })).status).toBe(200);
});

test('with the setting it is answered', async () => {
  await using team = await startTeam(undefined, { apiNames: ['evil.example'] });
  const Authorization = `Bearer ${team.token('root')}`;
  expect((await ask(team.port, { Host: 'evil.example', Authorization })).status).toBe(200);
});

test('a WebSocket of another site’s page is refused', async () => {
  await using team = await startTeam();
  const upgrade = (headers: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let said = '';
      connect(team.port, '127.0.0.1')
        .on('data', (part) => {
          said += part;
        })
        .on('close', () => resolve(said))
        .on('error', reject)
        .write(
          `GET /attach/${'a'.repeat(32)} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n\r\n`,
        );
    });
  expect(await upgrade('Host: 127.0.0.1\r\nOrigin: https://evil.example')).toMatch(
    /^HTTP\/1\.1 403 [\s\S]*Pages of https:/,
  );
  expect(await upgrade('Host: evil.example')).toMatch(/^HTTP\/1\.1 403 [\s\S]*TWELVE_API_NAMES/);
  expect(await upgrade('Host: 127.0.0.1')).toMatch(/^HTTP\/1\.1 404 /);
});
