import { expect, it, vi } from 'vitest';
import { createClient } from '../../../platform/cli/client.ts';
import { ApiError, UnreachableError } from '../../../platform/cli/errors.ts';
import { scriptedApi, twelve } from './scripted.ts';

function client(url: string, warn: (text: string) => void = () => undefined) {
  return createClient({
    url,
    token: 'secret-token',
    signal: new AbortController().signal,
    warn,
    unauthorized: 'log in first',
  });
}

it('says who asks, in which version of the API, with an id of its own for each request', async () => {
  await using api = await scriptedApi({
    'GET /apps': { body: [] },
    'POST /apps': (asked) => ({ status: 201, body: asked.body }),
  });
  await client(api.url).get('/apps');
  expect(await client(api.url).send('POST', '/apps', { name: 'hällo' })).toEqual({ name: 'hällo' });
  const [get, post] = api.asked;
  expect(get!.headers).toMatchObject({
    accept: 'application/vnd.heroku+json; version=3',
    authorization: 'Bearer secret-token',
  });
  expect(get!.headers['user-agent']).toMatch(/^twelve\/\d/);
  expect(get!.headers['content-type']).toBeUndefined();
  expect(get!.headers['request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(post!.headers['request-id']).not.toBe(get!.headers['request-id']);
  expect(post!.headers['content-type']).toBe('application/json');
});

it('follows Next-Range to the end of a list, or to as many as were asked for', async () => {
  const all = Array.from({ length: 5 }, (_, index) => ({ name: `app-${index}` }));
  await using api = await scriptedApi({
    'GET /apps': (asked) => {
      const from = Number(/\](\d+)/.exec(String(asked.headers['range']))?.[1] ?? 0);
      const next = from + 2;
      return {
        status: next < all.length ? 206 : 200,
        headers: next < all.length ? { 'Next-Range': `name ]${next}..; max=2` } : {},
        body: all.slice(from, next),
      };
    },
  });
  expect(await client(api.url).list('/apps')).toEqual(all);
  expect(api.asked.map((asked) => asked.headers['range'])).toEqual([
    undefined,
    'name ]2..; max=2',
    'name ]4..; max=2',
  ]);
  const some = await client(api.url).list('/apps', { field: 'version', order: 'desc', limit: 3 });
  expect(some).toEqual(all.slice(0, 3));
  expect(api.asked[3]!.headers['range']).toBe('version ..; max=3, order=desc');
  expect(api.asked).toHaveLength(5);
});

it('reads again after a broken connection, but changes nothing twice', async () => {
  let broken = 2;
  await using api = await scriptedApi({
    'GET /apps': (_, response) => {
      if (broken-- > 0) return void response.destroy();
      return { body: [] };
    },
    'POST /apps': (_, response) => void response.destroy(),
  });
  expect(await client(api.url).get('/apps')).toEqual([]);
  expect(new Set(api.asked.map((asked) => asked.headers['request-id'])).size).toBe(1);
  await expect(client(api.url).send('POST', '/apps', {})).rejects.toThrow(UnreachableError);
  expect(api.asked.filter((asked) => asked.method === 'POST')).toHaveLength(1);
});

it("tells the server's own sentence, and where there is none says what came", async () => {
  await using api = await scriptedApi({
    'GET /refused': {
      status: 422,
      body: { id: 'invalid_params', message: 'Name is taken.\nChoose another.' },
    },
    'GET /html': { headers: { 'Content-Type': 'text/html' }, body: '<html>' },
    'GET /broken': { body: '{"half":' },
    'GET /proxy': { status: 502, headers: { 'Content-Type': 'text/html' }, body: '<html>' },
    'GET /token': { status: 401, body: { id: 'unauthorized', message: 'Invalid credentials.' } },
  });
  const get = (path: string): Promise<unknown> => client(api.url).get(path);
  await expect(get('/refused')).rejects.toThrow(
    new ApiError('Name is taken.\nChoose another.', 422, 'invalid_params'),
  );
  await expect(get('/html')).rejects.toThrow('answered with text/html instead of JSON');
  await expect(get('/broken')).rejects.toThrow('JSON that is broken or cut off');
  await expect(get('/proxy')).rejects.toThrow('status 502 and no explanation');
  await expect(get('/token')).rejects.toThrow('log in first');
});

it('follows redirects, and takes the token to no other server', async () => {
  await using other = await scriptedApi({ 'GET /apps': { body: ['other'] } });
  await using api = await scriptedApi({
    'GET /apps': { status: 307, headers: { Location: '/v2/apps' } },
    'GET /v2/apps': { status: 302, headers: { Location: `${other.url}/apps` } },
    'GET /loop': { status: 302, headers: { Location: '/loop' } },
    'GET /nowhere': { status: 302, headers: { Location: 'http://[' } },
  });
  expect(await client(api.url).get('/apps')).toEqual(['other']);
  expect(api.asked[1]!.headers.authorization).toBe('Bearer secret-token');
  expect(other.asked[0]!.headers.authorization).toBeUndefined();
  await expect(client(api.url).get('/loop')).rejects.toThrow('redirects in circles');
  await expect(client(api.url).get('/nowhere')).rejects.toThrow(
    `${api.url} redirects to "http://[", which is no address.`,
  );
});

it('passes a warning on, once', async () => {
  await using api = await scriptedApi({
    'GET /apps': { headers: { 'Warning-Message': 'This stack ends soon.' }, body: [] },
  });
  const warn = vi.fn();
  const one = client(api.url, warn);
  await one.get('/apps');
  await one.get('/apps');
  expect(warn.mock.calls).toEqual([['This stack ends soon.']]);
});

it('says how to go on when the server does not answer, is not ours, or refuses the token', async () => {
  const closed = await scriptedApi({});
  await closed.stop();
  const silent = await twelve(['apps'], { url: closed.url });
  expect(silent).toEqual({
    status: 1,
    out: '',
    err: ` !     Twelve's server at ${closed.url} does not answer (connection refused). Is it running? On its machine: systemctl status twelve, or "twelve server" where it is no service\n`,
  });
  await using api = await scriptedApi({ 'GET /apps': { status: 401, body: { message: 'no' } } });
  const refused = await twelve(['apps'], { url: api.url });
  expect(refused.status).toBe(1);
  expect(refused.err).toContain(
    `does not accept the token in TWELVE_TOKEN. Log in again: twelve login ${api.url}`,
  );
  const tls = await twelve(['apps'], { url: api.url.replace('http', 'https') });
  expect(tls).toMatchObject({ status: 1, err: expect.stringContaining('does not speak TLS') });
});

it('of a token that has expired it says so, and which one it is', async () => {
  const message = 'This token expired on 2026-01-02. Make a new one, and log in with it: twelve login <url>';
  await using api = await scriptedApi({
    'GET /apps': { status: 401, body: { id: 'unauthorized', message } },
  });
  const { err } = await twelve(['apps'], { url: api.url });
  expect(err).toContain('This token expired on 2026-01-02. ');
  expect(err).toContain('does not accept the token in TWELVE_TOKEN');
});
