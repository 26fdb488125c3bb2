// What visitors meet: hosts, forwarded headers, WebSocket, streams, and redeploys that nobody notices.
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type AppRepository, must } from '../support/app-repository.ts';
import { ask } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { visit } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '5' });
  app = await platform.createApp('site', 'misbehaving');
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const routerLines = async (): Promise<string> => (await twelve('logs', '-p', 'router', '-n', '1500')).stdout;

/** A reload would show as another worker. */
async function routerPids(): Promise<string[]> {
  const [router] = await platform.containers(undefined, 'router');
  const { Titles, Processes } = await ask<{ Titles: string[]; Processes: string[][] }>(
    'GET',
    `/containers/${router!.id}/top`,
  );
  return Processes.map((process) => process[Titles.indexOf('PID')]!).sort();
}

test('an unknown host gets a 404 page of ours', async () => {
  const answer = await platform.visit('unknown');
  expect(answer.status).toBe(404);
  expect(answer.headers['content-type']).toContain('text/html');
});

test('the app sees who asks for what, and a request id', async () => {
  const made = JSON.parse((await platform.visit('site', '/echo')).text).headers;
  expect(made).toMatchObject({
    host: 'site.localhost',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': String(platform.httpPort),
  });
  expect(made['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(Math.abs(Number(made['x-request-start']) - Date.now())).toBeLessThan(60_000);

  const id = 'a-request-id-of-the-visitor-0123456789';
  const headers = { 'X-Request-ID': id, 'X-Forwarded-For': '203.0.113.7' };
  const kept = JSON.parse((await platform.visit('site', '/echo', { headers })).text).headers;
  expect(kept['x-request-id']).toBe(id);
  expect(kept['x-forwarded-for']).toMatch(/^203\.0\.113\.7, ?127\.0\.0\.1$/);
  const unsafe = { 'X-Request-ID': 'a"b' };
  const replaced = JSON.parse((await platform.visit('site', '/echo', { headers: unsafe })).text).headers;
  expect(replaced['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);

  const line = await eventually(routerLines, (text) => text.includes(id));
  expect(line).toMatch(
    new RegExp(
      `twelve\\[router\\]: at=info method=GET path="/echo" host=site\\.localhost request_id=${id} fwd="203\\.0\\.113\\.7, ?127\\.0\\.0\\.1" dyno=web\\.1 connect=\\d+ms service=\\d+ms status=200 bytes=\\d+ protocol=http`,
    ),
  );
});

test('request bodies arrive whole', async () => {
  const body = 'x'.repeat(3_000_000);
  const answer = await platform.visit('site', '/echo', { method: 'POST', body });
  expect(JSON.parse(answer.text)).toMatchObject({ method: 'POST', body });
});

test('a WebSocket passes', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${platform.httpPort}/`, {
    headers: { Host: 'site.localhost' },
  });
  try {
    const heard = await new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => socket.send('to and fro'));
      socket.once('message', (data) => resolve(String(data)));
    });
    expect(heard).toBe('to and fro');
  } finally {
    socket.terminate();
  }
});

test('server-sent events come as they are sent, not at the end', async () => {
  const parts: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: platform.httpPort,
        path: '/stream?ms=3000&every=500',
        headers: { host: 'site.localhost' },
      },
      (response) => {
        expect(response.headers['content-type']).toBe('text/event-stream');
        response.setEncoding('utf8').on('data', (part: string) => parts.push(part));
        response.once('end', resolve);
        response.once('error', reject);
      },
    );
    call.once('error', reject);
    call.end();
  });
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.join('')).toMatch(/^data: 0\n\ndata: 1\n\n/);
});

test('a new app needs no reload of the router', async () => {
  const before = await routerPids();
  await platform.createApp('second', null, { files: { Procfile: 'worker: sleep 1000\n' } });
  expect((await platform.visit('second')).text).toContain('H14');
  await must(platform.cli(['apps:destroy', '--confirm', 'second']));
  await eventually(
    () => platform.visit('second'),
    (answer) => answer.status === 404,
  );
  expect(await routerPids()).toEqual(before);
});

test('redeploys, config changes and restarts lose no request of keep-alive visitors', async () => {
  const pids = await routerPids();
  const visitors = platform.crowd('site', { clients: 4 });
  await app.commit({ 'notes.txt': 'a change\n' });
  await platform.push(app);
  await must(twelve('config:set', 'A=1'));
  await must(twelve('ps:scale', 'web=3'));
  await must(twelve('config:set', 'A=2'));
  await must(twelve('ps:scale', 'web=1'));
  await must(twelve('rollback', 'v3'));
  const { answered, failures, bodies } = await visitors.stop();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(200);
  for (const version of ['v2', 'v3', 'v4', 'v5', 'v6']) expect([...bodies]).toContain(`web.1 ${version}\n`);
  expect(await routerPids()).toEqual(pids);
});

test('maintenance: 503 with H80, and back', async () => {
  const running = async (): Promise<string[]> =>
    (await platform.api<{ id: string }[]>('GET', '/apps/site/dynos')).body.map((one) => one.id);
  const code = async (): Promise<string | null> =>
    (await platform.api<{ code: string | null }>('GET', '/apps/site')).body.code;
  const before = await running();
  await must(twelve('maintenance:on'));
  const closed = await platform.visit('site');
  expect(closed.status).toBe(503);
  expect(closed.text).toContain('H80');
  expect((await must(twelve('maintenance'))).stdout).toBe('on\n');
  await eventually(routerLines, (text) => /at=info code=H80 desc="Maintenance mode"/.test(text));
  expect(await code()).toBe('H80');
  await must(twelve('maintenance:off'));
  expect((await platform.visit('site')).status).toBe(200);
  expect((await must(twelve('maintenance'))).stdout).toBe('off\n');
  expect(await code()).toBeNull();
  // What the test before replaced may be on its way out; nothing was started.
  const after = await running();
  expect(after).not.toEqual([]);
  expect(before).toEqual(expect.arrayContaining(after));
});

test('domains: each name leads where it should from the answer on, also after a restart, and to nothing when removed', async () => {
  const at = async (host: string): Promise<number> => (await visit(platform.httpPort, host, '/')).status;
  const pids = await routerPids();
  expect(await at('www.example.com')).toBe(404);
  const added = await must(twelve('domains:add', 'WWW.example.com'));
  expect(added.stderr).toContain('Point its DNS record (CNAME) at this server: site.localhost');
  expect(await at('www.example.com')).toBe(200);
  await must(twelve('domains:add', '*.example.org'));
  expect(await Promise.all(['shop.example.org', 'example.org', 'a.b.example.org'].map(at))).toEqual([
    200, 404, 404,
  ]);

  await platform.createApp('other', null);
  const refused = await platform.cli(['domains:add', 'www.example.com', '-a', 'other']);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('www.example.com is a domain of site. Remove it there first');
  expect((await twelve('domains:add', 'www.example.com')).stderr).toContain('a domain of site already');
  expect((await twelve('domains:add', 'other.localhost')).stderr).toContain("the platform's own domain");
  // A name of its own goes before another app's wildcard.
  await must(platform.cli(['domains:add', 'own.example.org', '-a', 'other']));
  expect((await visit(platform.httpPort, 'own.example.org', '/')).text).toContain('H14');

  expect((await must(twelve('domains'))).stdout).toBe(
    [
      '=== site Domain',
      'site.localhost',
      '',
      '=== site Custom Domains',
      'Domain Name      DNS Record Type  DNS Target',
      '*.example.org    CNAME            site.localhost',
      'www.example.com  CNAME            site.localhost',
      '',
    ].join('\n'),
  );
  await platform.restart();
  expect(await Promise.all(['www.example.com', 'shop.example.org'].map(at))).toEqual([200, 200]);
  await must(twelve('domains:remove', 'www.example.com'));
  expect(await at('www.example.com')).toBe(404);
  expect((await twelve('domains:remove', 'www.example.com')).stderr).toContain('has no domain');
  await must(twelve('domains:clear', '--confirm', 'site'));
  expect(await at('shop.example.org')).toBe(404);
  // Gone with its app, a name is free again.
  await must(platform.cli(['apps:destroy', '-a', 'other', '--confirm', 'other']));
  await must(twelve('domains:add', 'own.example.org'));
  expect(await at('own.example.org')).toBe(200);
  expect(await routerPids()).toEqual(pids);
});
