// Downloads from addresses that a user named: checked at every step, logins kept to their host, limited.
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createAddressCheck } from '../../platform/address-check.ts';
import { createDownload } from '../../platform/download.ts';
import { besideGitTest, type HttpsServer, startHttpsServer } from './git/https-server.ts';

let remote: HttpsServer;
beforeAll(async () => {
  remote = await startHttpsServer();
});
afterEach(() => {
  remote.before = () => false;
});
afterAll(() => remote[Symbol.asyncDispose]());

const real = createAddressCheck({ own: () => [], names: [], lookupAll: async () => ['127.0.0.1'] });
const resolve = besideGitTest(real);

async function get(
  url: string,
  maxBytes = 1000,
  more: { idleMs?: number; caFile?: null } = {},
): Promise<string> {
  const download = createDownload({ resolve, caFile: remote.caFile, ...more });
  const pieces = [];
  const limits = { maxBytes, signal: new AbortController().signal };
  for await (const piece of await download(new URL(url), limits)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

it('follows redirects, each checked, with the login for its own host alone', async () => {
  remote.before = (request, response) => {
    if (request.url === '/here') response.writeHead(302, { location: '/there?a=1' }).end();
    else response.end('content');
    return true;
  };
  const before = remote.requests.length;
  expect(await get(remote.url('here').replace('//', '//ada:s%3Acret@'))).toBe('content');
  const login = `Basic ${Buffer.from('ada:s:cret').toString('base64')}`;
  expect(remote.requests.slice(before)).toEqual([
    { path: '/here', authorization: login },
    { path: '/there?a=1', authorization: login },
  ]);
});

it.each([
  ['https://127.0.0.1/latest', /127\.0\.0\.1 is a loopback address/],
  ['https://metadata.test/', /metadata\.test leads to 127\.0\.0\.1, a loopback address/],
  ['http://git.test/x', /It is reached over http/],
  ['file:///etc/passwd', /a file of the server's own machine/],
])('is not led on to %s', async (location, sentence) => {
  remote.before = (_, response) => {
    response.writeHead(301, { location }).end();
    return true;
  };
  await expect(get(remote.url('x'))).rejects.toThrow(sentence);
});

it('ends a chain of redirects, an answer that is too large, and a silent server', async () => {
  remote.before = (request, response) => {
    if (request.url === '/round') response.writeHead(302, { location: '/round' }).end();
    else if (request.url === '/said')
      response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000));
    else if (request.url === '/streamed') for (let n = 0; n < 50; n++) response.write('x'.repeat(100));
    else if (request.url === '/cut')
      response.writeHead(200, { 'content-length': '500' }).write('x', () => response.destroy());
    else if (request.url === '/refused') response.writeHead(403).end();
    else if (request.url === '/broken') response.writeHead(500).end();
    return true;
  };
  await expect(get(remote.url('round'))).rejects.toThrow(/sent on more than 5 times/);
  await expect(get(remote.url('said'))).rejects.toThrow(/larger than 0 MB/);
  await expect(get(remote.url('streamed'))).rejects.toThrow(/larger than 0 MB/);
  await expect(get(remote.url('cut'))).rejects.toThrow(/cannot be reached: aborted/);
  await expect(get(remote.url('refused'))).rejects.toThrow(/asks for a login/);
  await expect(get(remote.url('broken'))).rejects.toThrow(/status 500/);
  await expect(get(remote.url('silent'), 1000, { idleMs: 100 })).rejects.toThrow(/was silent for 0\.1 s/);
});

it('trusts no certificate that nobody vouches for, and speaks no plain HTTP', async () => {
  await expect(get(remote.url('x'), 1000, { caFile: null })).rejects.toThrow(
    /certificate .* not trusted .*TWELVE_CA_FILE/,
  );
  const plain = createServer((_, response) => response.end('plain'));
  await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done));
  const { port } = plain.address() as { port: number };
  await expect(get(`https://git.test:${port}/x`)).rejects.toThrow(/cannot be reached/);
  await new Promise((done) => plain.close(done));
});
