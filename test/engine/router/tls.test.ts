// TLS at the router: which certificate a name gets, what the app is told, and changes that no connection notices.
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { RouterCertificate } from '../../../platform/router/router.ts';
import { type Issued, makeCertificate } from '../../support/certificates.ts';
import { askOverTls, certificateOf, handshake, visitOverTls } from '../../support/visit-tls.ts';
import { freePort, openStage, routeTo, type Stage } from './stage.ts';

let stage: Stage;
let port: number;
let fallback: Issued;
const pem = (one: Issued): string => `${one.chain.trim()}\n${one.key.trim()}`;
const serve = (...entries: RouterCertificate[]): Promise<void> =>
  stage.router.secure({ fallback: pem(fallback), entries });

beforeAll(async () => {
  port = await freePort();
  stage = await openStage({ https: { host: '127.0.0.1', port }, acmeThumbprint: 'thumb_print-1' });
  fallback = await makeCertificate('default', { names: ['*.apps.test'] });
  await serve();
  await stage.router.start([]);
});
afterAll(() => stage[Symbol.asyncDispose]());

const shake = (servername: string, more?: ConnectionOptions) => handshake(port, servername, more);
/** The subject of what a name is served with. */
const shown = async (servername: string): Promise<unknown> =>
  (await certificateOf(port, servername)).subject.CN;
const visit = (host: string, path?: string) => visitOverTls(port, host, path);

test('each name gets its certificate, others the default; changes and renewals need no new worker', async () => {
  const worker = await stage.workerPid();
  const [one, many] = await Promise.all([
    makeCertificate('one', { names: ['www.one.test'] }),
    makeCertificate('many', { names: ['*.many.test'] }),
  ]);
  await serve(
    { pem: pem(one), hosts: ['www.one.test'] },
    { pem: pem(many), hosts: ['*.many.test', 'x.many.test'] },
  );
  expect(
    await Promise.all(['www.one.test', 'a.many.test', 'x.many.test', 'a.b.many.test', ''].map(shown)),
  ).toEqual([...['one', 'many', 'many', 'default', 'default']]);
  const renewed = await makeCertificate('renewed', { names: ['www.one.test'] });
  await serve({ pem: pem(renewed), hosts: ['www.one.test'] });
  expect(await shown('www.one.test')).toBe('renewed');
  expect(await shown('a.many.test')).toBe('default');
  fallback = await makeCertificate('default-2', { names: ['*.apps.test'] });
  await serve({ pem: pem(renewed), hosts: ['www.one.test'] });
  expect(await shown('a.many.test')).toBe('default-2');
  expect(await stage.workerPid()).toBe(worker);
  expect(stage.problems).toEqual([]);
});

test('a server that comes back, and a HAProxy that is started anew, serve the same', async () => {
  const kept = await makeCertificate('kept', { names: ['kept.test'] });
  await serve({ pem: pem(kept), hosts: ['kept.test'] });
  const worker = await stage.workerPid();
  await stage.reopen();
  await serve({ pem: pem(kept), hosts: ['kept.test'] });
  await stage.router.start([]);
  expect([await shown('kept.test'), await shown('www.one.test')]).toEqual(['kept', 'default-2']);
  expect(await stage.workerPid()).toBe(worker);
  const [container] = await stage.containers();
  await stage.engine.remove(container!.id);
  await stage.reopen();
  await serve({ pem: pem(kept), hosts: ['kept.test'] });
  await stage.router.start([]);
  expect([await shown('kept.test'), await shown('www.one.test')]).toEqual(['kept', 'default-2']);
  // Who watches over it may have said that it was gone.
  const problems = stage.problems.splice(0);
  expect(problems.filter((one) => !one.startsWith('The router is down'))).toEqual([]);
});

test('the files with private keys are for nobody else, and those of certificates that left are gone', async () => {
  const folder = join(stage.root, 'router', 'certificates');
  await serve();
  expect(readdirSync(folder).sort()).toEqual(['default.pem', 'list']);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'default.pem')).mode & 0o777).toBe(0o600);
});

test('one certificate that HAProxy refuses keeps no other back', async () => {
  const [good, better] = await Promise.all([
    makeCertificate('good', { names: ['good.test'] }),
    makeCertificate('better', { names: ['better.test'] }),
  ]);
  const broken = `${good.chain.trim()}\n${better.key.trim()}`;
  await serve({ pem: broken, hosts: ['bad.test'] }, { pem: pem(better), hosts: ['better.test'] });
  expect(await shown('better.test')).toBe('better');
  expect(stage.problems.splice(0).join()).toMatch(/A certificate is not served as it should be/);
  await serve({ pem: pem(better), hosts: ['better.test'] });
  expect(await shown('better.test')).toBe('better');
  expect(stage.problems.splice(0)).toEqual([]);
});

test('TLS 1.2 with forward secrecy and 1.3, HTTP/2, and nothing older', async () => {
  const now = await shake('a.apps.test', { ALPNProtocols: ['h2', 'http/1.1'] });
  expect([now.getProtocol(), now.alpnProtocol]).toEqual(['TLSv1.3', 'h2']);
  now.destroy();
  const before = await shake('a.apps.test', { maxVersion: 'TLSv1.2' });
  expect([before.getProtocol(), before.getCipher().name]).toEqual([
    'TLSv1.2',
    expect.stringMatching(/^ECDHE-.*(GCM|POLY)/),
  ]);
  before.destroy();
  const weak = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  await expect(shake('a.apps.test', weak)).rejects.toThrow();
  const slow = { ciphers: 'AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
  await expect(shake('a.apps.test', slow)).rejects.toThrow();
});

test('the app is told of https, and so is the log; plain HTTP is sent there where the app wants it', async () => {
  const app = await stage.endpoint(({ headers, url }, response) =>
    response.end(JSON.stringify([headers['x-forwarded-proto'], headers['x-forwarded-port'], url])),
  );
  await stage.router.serve({ ...routeTo('safe', [app]), toHttps: true });
  expect(await visit('safe.localhost', '/a?b')).toEqual({
    status: 200,
    body: JSON.stringify(['https', String(port), '/a?b']),
  });
  const sent = await stage.get('safe.localhost:8080', { path: '/a?b=c', method: 'POST', body: 'x' });
  expect([sent.status, sent.headers.location]).toEqual([308, `https://safe.localhost:${port}/a?b=c`]);
  const line = await stage.line(({ text }) => text.includes('path="/a?b" '));
  expect(line.text).toMatch(/^at=info .* dyno=web\.1 .* status=200 .* protocol=https$/);
  const other = await stage.line(({ text }) => text.includes('status=308'));
  expect(other.text).toMatch(
    /^at=info method=POST path="\/a\?b=c" host=safe.localhost .* dyno= connect= service= status=308 bytes=0 protocol=http$/,
  );
  await stage.router.serve({ ...routeTo('safe', [], 'crashed'), toHttps: true });
  expect((await visit('safe.localhost')).status).toBe(503);
  expect((await stage.get('safe.localhost')).status).toBe(308);
  await stage.router.serve(routeTo('safe', [app]));
  expect((await stage.get('safe.localhost')).status).toBe(200);
});

test('over HTTP/2 an app and its log get the same as over 1.1', async () => {
  const app = await stage.endpoint(({ headers, url }, response) =>
    response.end(JSON.stringify([headers.host, headers['x-forwarded-proto'], url])),
  );
  await stage.router.serve({ ...routeTo('two', [app]), toHttps: true });
  const session = connectHttp2(`https://two.localhost:${port}`, {
    lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    rejectUnauthorized: false,
  });
  const asked = session.request({ ':path': '/h2?a=b' });
  let body = '';
  for await (const part of asked.setEncoding('utf8')) body += part;
  session.close();
  expect(JSON.parse(body)).toEqual([`two.localhost:${port}`, 'https', '/h2?a=b']);
  const { text } = await stage.line((line) => line.text.includes('path="/h2?a=b"'));
  expect(text).toMatch(
    /^at=info method=GET .* host=two\.localhost .* dyno=web\.1 .* status=200 .* protocol=https$/,
  );
});

test("an authority's question gets its answer, of whatever name it asks", async () => {
  const path = '/.well-known/acme-challenge/tok-EN_1';
  expect(await stage.get('www.one.test', { path })).toMatchObject({
    status: 200,
    body: 'tok-EN_1.thumb_print-1',
  });
  expect((await stage.get('www.one.test', { path: '/.well-known/acme-challenge/a%22b' })).status).toBe(404);
  expect((await stage.get('www.one.test', { path: `${path}/x` })).status).toBe(404);
});

test('a WebSocket and a long download go on while their certificate is renewed', async () => {
  let send: (text: string) => void = () => {};
  const app = await stage.endpoint((_, response) => {
    response.writeHead(200);
    response.flushHeaders();
    send = (text) => void response.write(text);
  });
  const sockets = new WebSocketServer({ server: app.server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`re: ${data}`)));
  await stage.router.serve(routeTo('long', [app]));
  const hosts = ['long.localhost'];
  await serve({ pem: pem(await makeCertificate('first', { names: hosts })), hosts });
  const url = `wss://127.0.0.1:${port}/`;
  const socket = new WebSocket(url, {
    ...{ servername: 'long.localhost' },
    headers: { host: 'long.localhost' },
    rejectUnauthorized: false,
  });
  await once(socket, 'open');
  const { asked, response: download } = await askOverTls(port, 'long.localhost');
  for (const name of ['second', 'third']) {
    await serve({ pem: pem(await makeCertificate(name, { names: hosts })), hosts });
    expect(await shown(hosts[0]!)).toBe(name);
    socket.send(name);
    expect(String((await once(socket, 'message'))[0])).toBe(`re: ${name}`);
    send(name);
    expect(String((await once(download, 'data'))[0])).toBe(name);
  }
  asked.on('error', () => {});
  asked.destroy();
  socket.close();
  await once(socket, 'close');
});
