// What an app is told about its visitor, and what a visitor cannot make an app or a log believe.
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, routeTo, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  await stage.router.start([]);
  const echo = await stage.endpoint((request, response) => response.end(JSON.stringify(request.headers)));
  await stage.router.serve(routeTo('echo', [echo]));
});
afterAll(() => stage[Symbol.asyncDispose]());

async function seen(headers: Record<string, string | string[]> = {}): Promise<IncomingHttpHeaders> {
  return JSON.parse((await stage.get('echo.localhost', { headers })).body);
}

test("Heroku's headers are there", async () => {
  const before = Date.now();
  const headers = await seen();
  expect(headers).toMatchObject({
    host: 'echo.localhost',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': String(stage.port),
    'x-request-id': expect.stringMatching(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ),
    'x-request-start': expect.stringMatching(/^\d{13}$/),
  });
  expect(Number(headers['x-request-start'])).toBeGreaterThan(before - 60_000);
});

test('a forwarded-for chain is continued, what a client says of scheme and port is not believed', async () => {
  expect((await seen({ 'x-forwarded-for': '10.1.2.3' }))['x-forwarded-for']).toBe('10.1.2.3, 127.0.0.1');
  expect((await seen({ 'x-forwarded-for': ['10.1.2.3', '10.9.9.9'] }))['x-forwarded-for']).toBe(
    '10.1.2.3, 10.9.9.9, 127.0.0.1',
  );
  const headers = await seen({
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    'x-request-start': '1',
    proxy: 'x',
  });
  expect(headers).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-port': String(stage.port) });
  expect(headers['x-request-start']).toHaveLength(13);
  expect(headers['proxy']).toBeUndefined();
});

test('a request id is kept when it is sane, in the app and in the log', async () => {
  const id = 'my-own-request-id-0123456789';
  expect((await seen({ 'x-request-id': id }))['x-request-id']).toBe(id);
  await stage.line((line) => line.text.includes(`request_id=${id} `));
  for (const bad of ['short', 'x'.repeat(201), 'with space in it 0123456789', 'quote"0123456789012345'])
    expect((await seen({ 'x-request-id': bad }))['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('no path and no header forges a part of a line', async () => {
  const path = '/a"b\\c%0aat=error?x=[1]&y="%22" code=H99';
  await stage.get('echo.localhost', {
    path: path.replace(' ', '%20'),
    headers: { 'x-forwarded-for': '1.2.3.4" dyno=web.9\tx', 'x-request-id': 'a\tb' },
  });
  const { text } = await stage.line((line) => line.text.includes('/a%22b'));
  expect(text).toMatch(
    /^at=info method=GET path="\/a%22b\\c%0aat=error\?x=\[1\]&y=%22%22%22%20code=H99" host=echo\.localhost request_id=[0-9a-f-]{36} fwd="127\.0\.0\.1" dyno=web\.1 connect=/,
  );
});

test('the line has host, path and client however they were written', async () => {
  await stage.get('ECHO.localhost:8080', {
    path: 'http://echo.localhost:8080/whole?url',
    headers: { 'x-forwarded-for': ['10.1.2.3', '10.9.9.9'] },
  });
  const { text } = await stage.line((line) => line.text.includes('/whole?url'));
  expect(text).toMatch(/ path="\/whole\?url" host=echo\.localhost /);
  expect(text).toContain(' fwd="10.9.9.9, 127.0.0.1" ');
  const long = `/${'x'.repeat(3000)}`;
  await stage.get('echo.localhost', { path: long });
  expect((await stage.line((line) => line.text.includes('/xxx'))).text).toContain(` path="${long}" host=`);
});

test('bytes are those of the body, announced or not', async () => {
  const many = await stage.endpoint(({ url, method }, response) => {
    if (url === '/none') return response.writeHead(204).end();
    if (url === '/chunks') response.write('a'.repeat(50_000));
    return response.end(method === 'HEAD' ? '' : 'b'.repeat(1234));
  });
  await stage.router.serve(routeTo('many', [many]));
  for (const [path, method, bytes] of [
    ['/plain', 'GET', /^1234$/],
    ['/none', 'GET', /^0$/],
    ['/head', 'HEAD', /^0$/],
    ['/chunks', 'GET', /^512\d\d$/],
  ] as const) {
    await stage.get('many.localhost', { path, method });
    const { text } = await stage.line((line) => line.text.includes(`path="${path}"`));
    expect(/ bytes=(\d+) /.exec(text)?.[1]).toMatch(bytes);
  }
});
