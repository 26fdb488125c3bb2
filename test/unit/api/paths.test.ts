// Paths as clients that resolve dots send them: what was meant is lost, and nothing is done instead.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiGround, startApi } from '../../support/api-ground.ts';

let ground: ApiGround;
beforeAll(async () => {
  ground = await startApi();
  expect((await ask('POST', '/apps', { name: 'hello' })).status).toBe(201);
});
afterAll(() => ground?.[Symbol.asyncDispose]());

/** As any client of the web does it. */
function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(ground.url + path, {
    method,
    headers: { Authorization: `Bearer ${ground.token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

test.each([
  '/apps/hello/domains/..',
  '/apps/hello/log-drains/..',
  '/apps/hello/collaborators/%2e%2e',
  '/apps/hello/sni-endpoints/..?x=1',
  '/apps/hello/.',
  '/apps/hello/',
])('DELETE %s is about no app', async (path) => {
  const answer = await ask('DELETE', path);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    id: 'not_found',
    message: 'There is nothing at DELETE /apps/hello/: no path of the API ends in a slash.',
  });
  expect((await ask('GET', '/apps/hello')).status).toBe(200);
});

test('no route is found by its path and a slash', async () => {
  const routes = ground.routes.filter(({ path }) => path !== '/');
  expect(routes.length).toBeGreaterThan(80);
  for (const { method, path } of routes) {
    const slashed = `${path.replaceAll(/\/:[a-z_]+/gi, '/hello')}/`;
    const answer = await ask(method, slashed, method === 'GET' || method === 'HEAD' ? undefined : {});
    expect({ method, path, status: answer.status }).toEqual({ method, path, status: 404 });
    expect(await answer.text()).toContain(`There is nothing at ${method} ${slashed}: no path`);
  }
  expect((await ask('GET', '/apps/hello')).status).toBe(200);
});
