// Certificates that are ordered by themselves from a real authority, renewed while visitors are connected, and failures that are told.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AcmeServer, startAcmeServer } from '../support/acme-server.ts';
import { must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { freePorts } from '../support/server-process.ts';
import { askOverTls, certificateOf, handshake } from '../support/visit-tls.ts';
import { eventually } from '../support/wait.ts';

/** Sends a piece whenever it is asked to, on a download that does not end, and echoes what comes over a tunnel. */
const app = {
  'package.json': JSON.stringify({
    ...{ name: 'shop', version: '1.0.0', private: true, engines: { node: '22.x' } },
    scripts: { start: 'node server.js' },
  }),
  'server.js': `
const open = [];
const server = require('http').createServer((request, response) => {
  if (request.url === '/download') { response.writeHead(200); response.flushHeaders(); open.push(response); return; }
  for (const one of open) one.write(request.url);
  response.end(request.headers['x-forwarded-proto']);
});
server.on('upgrade', (request, socket) => {
  const sum = require('crypto').createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: ' + sum.digest('base64')];
  socket.write(head.join('\\r\\n') + '\\r\\n\\r\\n');
  socket.pipe(socket);
});
server.listen(process.env.PORT, '0.0.0.0');
`,
};
const host = 'shop.apps.test';
const folder = mkdtempSync(join(tmpdir(), 'twelve-acme-'));
let authority: AcmeServer;
let platform: TestPlatform;
let port: number;
beforeAll(async () => {
  const [web, secure] = (await freePorts(2)) as [number, number];
  port = secure;
  authority = await startAcmeServer(folder, web, 40);
  for (const name of ['apps.test', host, 'www.shop.test']) await authority.knows(name);
  platform = await startPlatform({
    TWELVE_DOMAIN: 'apps.test',
    TWELVE_HTTP: `127.0.0.1:${web}`,
    TWELVE_HTTPS: `127.0.0.1:${secure}`,
    TWELVE_ACME: 'agreed',
    TWELVE_ACME_EMAIL: 'operator@apps.test',
    TWELVE_ACME_DIRECTORY: authority.directory,
    TWELVE_ACME_CA_FILE: authority.caFile,
  });
  await platform.push(await platform.createApp('shop', null, { files: app }));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await authority?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function shown(servername: string): Promise<{ issuer: string; serial: string }> {
  const { issuer, serialNumber } = await certificateOf(port, servername);
  return { issuer: String(issuer.CN), serial: serialNumber };
}

interface Domain {
  hostname: string;
  acm_status: string | null;
  acm_status_reason: string | null;
}

async function domain(hostname: string): Promise<Domain> {
  const { stdout } = await must(platform.cli(['domains', '-a', 'shop', '--json']));
  return (JSON.parse(stdout) as Domain[]).find((one) => one.hostname === hostname)!;
}

test("the app's own name, the platform's and a custom domain get certificates, and say so", async () => {
  await must(platform.cli(['domains:add', 'www.shop.test', '-a', 'shop']));
  for (const name of [host, 'apps.test', 'www.shop.test'])
    await eventually(
      () => shown(name),
      ({ issuer }) => issuer.startsWith('Pebble Intermediate CA'),
    );
  expect((await domain(host)).acm_status).toBe('cert issued');
  expect((await domain('www.shop.test')).acm_status).toBe('cert issued');
  const { stdout } = await must(platform.cli(['logs', '-a', 'shop', '-n', '500']));
  expect(stdout).toMatch(
    /twelve\[acm\]: Certificate for shop\.apps\.test issued by CN=Pebble Intermediate CA/,
  );
  // One good nonce in five was refused on purpose; the orders went through all the same.
  expect(authority.printed()).toContain('Configured to reject 20% of good nonces');
});

test('a host that the authority cannot reach is said in domains and in the log, and a wildcard says what to do', async () => {
  await must(platform.cli(['domains:add', 'nowhere.shop.test', '-a', 'shop']));
  await must(platform.cli(['domains:add', '*.shop.test', '-a', 'shop']));
  const unknown = await eventually(
    () => domain('nowhere.shop.test'),
    (one) => one.acm_status === 'failing',
  );
  expect(unknown.acm_status_reason).toMatch(/nowhere\.shop\.test|No valid IP/);
  expect(await domain('*.shop.test')).toMatchObject({
    acm_status: 'failed',
    acm_status_reason: expect.stringContaining('certs:add'),
  });
  const { stdout } = await must(platform.cli(['logs', '-a', 'shop', '-n', '500']));
  expect(stdout).toMatch(/twelve\[acm\]: No certificate for nowhere\.shop\.test: .* It is tried again at 20/);
  const { stdout: table } = await must(platform.cli(['domains', '-a', 'shop']));
  expect(table).toMatch(/nowhere\.shop\.test .*Failing/);
});

test('a renewal cuts neither a download nor a tunnel, and is served to who comes after it', async () => {
  const before = await shown(host);
  const { asked, response: download } = await askOverTls(port, host, '/download');
  const tunnel = await handshake(port, host);
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const head = ['GET / HTTP/1.1', `Host: ${host}`, ...upgrade, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  tunnel.write(`${head.join('\r\n')}\r\n\r\n`);
  expect(String((await once(tunnel, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /);
  let renewals = 0;
  for (let serial = before.serial; renewals < 2; renewals += 1) {
    const now = await eventually(
      () => shown(host),
      (one) => one.serial !== serial,
      90_000,
    );
    expect(now.issuer).toMatch(/^Pebble Intermediate CA/);
    serial = now.serial;
    tunnel.write(`tunnel ${renewals}`);
    expect(String((await once(tunnel, 'data'))[0])).toBe(`tunnel ${renewals}`);
    const piece = once(download, 'data');
    const { response } = await askOverTls(port, host, `/piece-${renewals}`);
    expect(String((await once(response, 'data'))[0])).toBe('https');
    expect(String((await piece)[0])).toBe(`/piece-${renewals}`);
  }
  asked.on('error', () => {});
  asked.destroy();
  tunnel.destroy();
});

test('a server that was away goes on with what it had', async () => {
  await platform.restart();
  expect((await shown(host)).issuer).toMatch(/^Pebble Intermediate CA/);
  expect((await domain('nowhere.shop.test')).acm_status).toBe('failing');
});
