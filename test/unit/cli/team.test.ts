// users, access, authorizations, audit: what is asked of the API, and what is shown.
import { expect, it } from 'vitest';
import { scriptedApi, twelve } from './scripted.ts';

const made = {
  ...{ id: 'a1', description: 'CI of hello', scope: ['deploy'], user: { email: 'ada@example.com' } },
  access_token: { token: 'twelve-secret', expires_in: 7_776_000 },
  ...{ expires_at: null, last_used_at: null },
};

it('makes a token of a scope for a while, and shows it this once', async () => {
  await using api = await scriptedApi({ 'POST /oauth/authorizations': { status: 201, body: made } });
  const create = ['authorizations:create', '--scope', 'deploy', '-e', '90d', '-d', 'CI of hello'];
  const shown = await twelve(create, { url: api.url });
  expect(shown.status).toBe(0);
  expect(shown.out).toMatch(
    /^Description: +CI of hello\n[\s\S]*Scope: +deploy\n[\s\S]*Token: +twelve-secret\n$/,
  );
  expect(shown.err).toBe('Creating an authorization... done, a1\nThe token is not shown again.\n');
  expect((await twelve([...create, '--short'], { url: api.url })).out).toBe('twelve-secret\n');
  const plain = await twelve(['authorizations:create', '-e', '3600', '--user', 'bob@example.com'], {
    url: api.url,
  });
  expect(plain.status).toBe(0);
  expect(api.asked.map(({ body }) => body)).toEqual([
    { description: 'CI of hello', scope: ['deploy'], expires_in: 7_776_000 },
    { description: 'CI of hello', scope: ['deploy'], expires_in: 7_776_000 },
    { expires_in: 3600, user: 'bob@example.com' },
  ]);
  const wrong = await twelve(['authorizations:create', '-e', 'soon'], { url: api.url });
  expect([wrong.status, wrong.err]).toEqual([2, expect.stringContaining('--expires-in is "soon"')]);
});

it('lists, shows, rotates and revokes them', async () => {
  const listed = { ...made, access_token: { token: null, expires_in: null } };
  await using api = await scriptedApi({
    'GET /oauth/authorizations': ({ path }) => ({ body: path.includes('?') ? [] : [listed] }),
    'GET /oauth/authorizations/~': { body: listed },
    'POST /oauth/authorizations/a1/actions/regenerate-tokens': { body: made },
    'DELETE /oauth/authorizations/a1': { body: listed },
  });
  const ask = (...words: string[]) => twelve(words, { url: api.url });
  expect((await ask('authorizations')).out).toBe(
    'description  id  scope   expires  last used\nCI of hello  a1  deploy  never    never\n',
  );
  expect((await ask('authorizations', '--user', 'bob@example.com')).out).not.toContain('CI of hello');
  expect(api.asked.at(-1)?.path).toBe('/oauth/authorizations?user=bob%40example.com');
  expect((await ask('authorizations:info')).out).toMatch(/^User: +ada@example\.com$/m);
  expect((await ask('authorizations:rotate', 'a1', '-S')).out).toBe('twelve-secret\n');
  expect((await ask('authorizations:revoke', 'a1')).err).toBe(
    'Revoking the authorization... done, CI of hello\n',
  );
});

it('adds a user with a token to hand on, lists and removes users, and changes what they are', async () => {
  const bob = { id: 'u1', email: 'bob@example.com', admin: false, apps: 2 };
  await using api = await scriptedApi({
    'POST /users': { status: 201, body: { ...bob, authorization: made } },
    'GET /users': { body: [{ ...bob, email: 'ada@example.com', admin: true, apps: 0 }, bob] },
    'DELETE /users/bob%40example.com': { body: bob },
    'PATCH /users/bob%40example.com': { body: bob },
  });
  const ask = (...words: string[]) => twelve(words, { url: api.url });
  const added = await ask('users:add', 'bob@example.com', '--short', '--scope', 'deploy');
  expect([added.out, added.err]).toEqual([
    'twelve-secret\n',
    `Adding bob@example.com... done, a user\nHand it to bob@example.com, who logs in with it: twelve login ${api.url}\n`,
  ]);
  expect((await ask('users')).out).toBe(
    'email            role           apps\nada@example.com  administrator  0\nbob@example.com  user           2\n',
  );
  expect((await ask('users:remove', 'bob@example.com', '--transfer-to', 'ada@example.com')).err).toBe(
    'Removing bob@example.com... done, 2 apps are of ada@example.com now\n',
  );
  await ask('users:remove', 'bob@example.com');
  expect((await ask('users:promote', 'bob@example.com')).err).toBe(
    'Making bob@example.com an administrator... done\n',
  );
  await ask('users:demote', 'bob@example.com');
  expect(api.asked.map(({ body }) => body)).toEqual([
    { email: 'bob@example.com', admin: false, scope: ['deploy'] },
    undefined,
    { transfer_to: 'ada@example.com' },
    {},
    { admin: true },
    { admin: false },
  ]);
});

it('lets somebody work on an app, lists who does, and lets them no longer', async () => {
  const bob = { id: 'c1', user: { email: 'bob@example.com' }, role: 'collaborator' };
  await using api = await scriptedApi({
    'GET /apps/hello/collaborators': {
      body: [{ ...bob, user: { email: 'ada@example.com' }, role: 'owner' }, bob],
    },
    'POST /apps/hello/collaborators': { status: 201, body: bob },
    'DELETE /apps/hello/collaborators/bob%40example.com': { body: bob },
  });
  const ask = (...words: string[]) => twelve([...words, '-a', 'hello'], { url: api.url });
  expect((await ask('access')).out).toBe('ada@example.com  owner\nbob@example.com  collaborator\n');
  expect((await ask('access:add', 'bob@example.com')).err).toBe(
    'Adding bob@example.com to hello as collaborator... done\n',
  );
  expect((await ask('access:remove', 'bob@example.com')).err).toBe(
    'Removing bob@example.com from hello... done\n',
  );
  expect(api.asked[1]?.body).toEqual({ user: 'bob@example.com' });
});

it('shows who changed what, of an app and from a time on', async () => {
  const one = {
    ...{ id: 'e1', number: 7, created_at: '2026-11-23T04:00:00.000Z', action: 'config:set', outcome: 'done' },
    ...{
      detail: 'API_KEY',
      user: { email: 'ada@example.com' },
      app: { name: 'hello' },
      address: '192.0.2.1',
    },
  };
  const refused = {
    ...one,
    action: 'login',
    outcome: 'refused',
    user: null,
    app: null,
    detail: 'an unknown token',
  };
  const answers: Record<string, unknown> = {
    '/audit-events?app=hello&since=1d': [one],
    '/audit-events': [refused],
  };
  await using api = await scriptedApi({
    'GET /audit-events': ({ path }) => ({ body: answers[path] ?? [] }),
  });
  const shown = await twelve(['audit', '--app', 'hello', '--since', '1d', '-n', '5'], { url: api.url });
  expect(shown.out).toMatch(
    /^time +user +action +app +from +what\n\S+ \S+ \S+ +ada@example\.com +config:set +hello +192\.0\.2\.1 +API_KEY\n$/,
  );
  expect(api.asked[0]?.headers['range']).toBe('number ..; max=5, order=desc');
  expect((await twelve(['audit'], { url: api.url })).out).toMatch(
    /-\s+login \(refused\)\s+-\s+192\.0\.2\.1\s+an unknown token\n$/,
  );
  expect((await twelve(['audit', '--user', 'ada@example.com'], { url: api.url })).err).toBe(
    'Nothing was changed there and then.\n',
  );
  expect((await twelve(['audit', '-n', 'all'], { url: api.url })).status).toBe(2);
});
