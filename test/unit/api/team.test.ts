// A team over the API: who is let in by whom, what their tokens do, and what becomes of both when somebody leaves.
import { expect, test } from 'vitest';
import { startTeam, type TeamGround } from './team-ground.ts';

interface Authorization {
  id: string;
  description: string;
  scope: string[];
  access_token: { token: string | null; expires_in: number | null };
  user: { email: string };
  last_used_at: string | null;
}

const create = (team: TeamGround, token: string, body: object) =>
  team.ask<Authorization & { message: string }>(token, 'POST', '/oauth/authorizations', body);

const namesOf = async (team: TeamGround, token: string): Promise<string[]> =>
  (await team.ask<{ name: string }[]>(token, 'GET', '/apps')).body.map(({ name }) => name);

test('an administrator adds a user, who logs in with the token of the answer, and sees no app of others', async () => {
  await using team = await startTeam();
  const root = team.token('root');
  const added = await team.ask<{ email: string; admin: boolean; authorization: Authorization }>(
    root,
    'POST',
    '/users',
    { email: ' Carol@Example.com' },
  );
  expect([added.status, added.body.email, added.body.admin]).toEqual([201, 'carol@example.com', false]);
  const carol = added.body.authorization.access_token.token!;
  expect((await team.ask(carol, 'GET', '/account')).body['email']).toBe('carol@example.com');
  expect(await namesOf(team, carol)).toEqual([]);
  expect(await namesOf(team, root)).toEqual(['hello']);
  const again = await team.ask(root, 'POST', '/users', { email: 'carol@example.com' });
  expect([again.status, again.body['message']]).toEqual([
    422,
    expect.stringContaining('is a user here already'),
  ]);
  const bad = await team.ask(root, 'POST', '/users', { email: 'carol' });
  expect([bad.status, bad.body['message']]).toEqual([422, expect.stringContaining('not an e-mail address')]);
});

test('the owner lets somebody in and shows them out', async () => {
  await using team = await startTeam();
  const [ada, eve] = [team.token('ada'), team.token('eve')];
  expect(await namesOf(team, eve)).toEqual([]);
  const added = await team.ask(ada, 'POST', '/apps/hello/collaborators', { user: 'eve@example.com' });
  expect(added).toMatchObject({
    status: 201,
    body: { role: 'collaborator', user: { email: 'eve@example.com' } },
  });
  expect(await namesOf(team, eve)).toEqual(['hello']);
  expect((await team.ask(eve, 'PATCH', '/apps/hello', { maintenance: false })).status).not.toBe(404);
  const list = await team.ask<{ role: string; user: { email: string } }[]>(
    eve,
    'GET',
    '/apps/hello/collaborators',
  );
  expect(list.body.map(({ role, user }) => `${user.email} ${role}`)).toEqual([
    'ada@example.com owner',
    'bob@example.com collaborator',
    'eve@example.com collaborator',
  ]);
  const unknown = await team.ask(ada, 'POST', '/apps/hello/collaborators', { user: 'x@example.com' });
  expect([unknown.status, unknown.body['resource']]).toEqual([404, 'user']);
  expect((await team.ask(ada, 'DELETE', '/apps/hello/collaborators/eve@example.com')).status).toBe(200);
  expect((await team.ask(eve, 'GET', '/apps/hello')).status).toBe(404);
  const owner = await team.ask(ada, 'DELETE', '/apps/hello/collaborators/ada@example.com');
  expect(owner.status).toBe(422);
});

test('a token is shown once, found by its hash, and forgotten when it is revoked', async () => {
  await using team = await startTeam();
  const ada = team.token('ada');
  const made = await create(team, ada, { description: 'CI', scope: ['deploy'], expires_in: '3600' });
  expect([made.status, made.body.scope, made.body.description]).toEqual([201, ['deploy'], 'CI']);
  const token = made.body.access_token.token!;
  expect(made.body.access_token.expires_in).toBeGreaterThan(3590);
  expect((await team.ask(token, 'GET', '/apps/hello')).status).toBe(200);
  const list = await team.ask<Authorization[]>(ada, 'GET', '/oauth/authorizations');
  expect(JSON.stringify(list.body)).not.toContain(token);
  const listed = list.body.find(({ id }) => id === made.body.id)!;
  expect([listed.access_token.token, listed.last_used_at === null]).toEqual([null, false]);
  expect((await team.ask(team.token('bob'), 'DELETE', `/oauth/authorizations/${made.body.id}`)).status).toBe(
    404,
  );
  expect((await team.ask(ada, 'DELETE', `/oauth/authorizations/${made.body.id}`)).status).toBe(200);
  expect((await team.ask(token, 'GET', '/apps/hello')).status).toBe(401);
});

test('a token that expired is refused, and the refusal says when that was', async () => {
  await using team = await startTeam();
  const { text } = team.store.tokens.create(team.users.ada.id, {
    description: 'old',
    scope: 'write',
    expiresAt: '2026-01-02T00:00:00.000Z',
  });
  const { status, body } = await team.ask(text, 'GET', '/account');
  expect([status, body['message']]).toEqual([401, expect.stringContaining('expired on 2026-01-02')]);
});

test('no token makes one that may more or lasts longer than itself', async () => {
  await using team = await startTeam();
  const tooMuch = await create(team, team.token('ada'), { scope: ['admin'] });
  expect([tooMuch.status, tooMuch.body.message]).toEqual([
    403,
    expect.stringContaining('users:promote ada@'),
  ]);
  const narrow = await create(team, team.token('root', 'write'), { scope: ['admin'] });
  expect([narrow.status, narrow.body.message]).toEqual([
    403,
    expect.stringContaining('has the scope "write"'),
  ]);
  const unknown = await create(team, team.token('ada'), { scope: ['everything'] });
  expect([unknown.status, unknown.body.message]).toEqual([
    422,
    expect.stringContaining('read, deploy, write, admin'),
  ]);
  const short = await create(team, team.token('ada'), { expires_in: 600 });
  const shortToken = short.body.access_token.token!;
  expect((await create(team, shortToken, { scope: ['read'] })).status).toBe(403);
  expect((await create(team, shortToken, { scope: ['read'], expires_in: 700 })).status).toBe(403);
  expect((await create(team, shortToken, { scope: ['read'], expires_in: 60 })).status).toBe(201);
  const brief = team.store.tokens.create(team.users.root.id, {
    ...{ description: 'brief', scope: 'admin', expiresAt: new Date(Date.now() + 600_000).toISOString() },
  }).text;
  const add = async (body: object) => (await team.ask(brief, 'POST', '/users', body)).status;
  expect(await add({ email: 'carol@example.com' })).toBe(403);
  expect(team.store.users.byEmail('carol@example.com')).toBeUndefined();
  expect(await add({ email: 'carol@example.com', expires_in: 60 })).toBe(201);
  // Heroku's clients: everything that one may.
  expect((await create(team, team.token('ada'), { scope: ['global'] })).body.scope).toEqual(['write']);
  expect((await create(team, team.token('root'), {})).body.scope).toEqual(['admin']);
});

test('an administrator makes a token for somebody who lost theirs; nobody else does', async () => {
  await using team = await startTeam();
  const made = await create(team, team.token('root'), { user: 'ada@example.com' });
  expect(made).toMatchObject({ status: 201, body: { scope: ['write'], user: { email: 'ada@example.com' } } });
  expect(await namesOf(team, made.body.access_token.token!)).toEqual(['hello']);
  expect((await create(team, team.token('bob'), { user: 'ada@example.com' })).status).toBe(403);
  expect((await create(team, team.token('root', 'write'), { user: 'ada@example.com' })).status).toBe(403);
});

test('a token describes itself, is renewed and ends itself, whatever its scope', async () => {
  await using team = await startTeam();
  const token = team.token('bob', 'read');
  const self = await team.ask<Authorization>(token, 'GET', '/oauth/authorizations/~');
  expect(self.body).toMatchObject({ scope: ['read'], user: { email: 'bob@example.com' } });
  const renewed = await team.ask<Authorization>(
    token,
    'POST',
    `/oauth/authorizations/${self.body.id}/actions/regenerate-tokens`,
  );
  const next = renewed.body.access_token.token!;
  expect((await team.ask(token, 'GET', '/account')).status).toBe(401);
  const described = await team.ask<Authorization>(next, 'PATCH', '/oauth/authorizations/~', {
    description: 'new',
  });
  expect([described.body.description, described.body.id]).toEqual(['new', self.body.id]);
  const other = team.store.tokens.create(team.users.bob.id, { description: 'wider', scope: 'write' });
  expect((await team.ask(next, 'DELETE', `/oauth/authorizations/${other.token.id}`)).status).toBe(403);
  expect((await team.ask(next, 'DELETE', '/oauth/authorizations/~')).status).toBe(200);
  expect((await team.ask(next, 'GET', '/account')).status).toBe(401);
});

test('who leaves hands on their apps, and their tokens are no good from then on', async () => {
  await using team = await startTeam();
  const [root, ada, bob] = [team.token('root'), team.token('ada'), team.token('bob')];
  const refused = await team.ask(root, 'DELETE', '/users/ada@example.com');
  expect([refused.status, refused.body['message']]).toEqual([
    409,
    'ada@example.com owns hello. Say who gets that: twelve users:remove ada@example.com --transfer-to <email>',
  ]);
  expect((await team.ask(ada, 'GET', '/account')).status).toBe(200);
  const gone = await team.ask(root, 'DELETE', '/users/ada@example.com', { transfer_to: 'bob@example.com' });
  expect(gone.status).toBe(200);
  expect((await team.ask(ada, 'GET', '/account')).status).toBe(401);
  const app = await team.ask<{ owner: { email: string } }>(bob, 'GET', '/apps/hello');
  expect(app.body.owner.email).toBe('bob@example.com');
  expect(team.store.collaborators.ofApp(team.app.id)).toEqual([]);
  // The same person comes back: under the same id, and with nothing of before.
  await team.ask(root, 'POST', '/users', { email: 'ada@example.com' });
  expect(team.store.users.byEmail('ada@example.com')?.id).toBe(team.users.ada.id);
  expect(team.store.tokens.ofUser(team.users.ada.id)).toHaveLength(1);
});

test('there is always an administrator, and what their tokens may follows them', async () => {
  await using team = await startTeam();
  const [root, ada] = [team.token('root'), team.token('ada', 'admin')];
  for (const [method, body] of [
    ['DELETE', undefined],
    ['PATCH', { admin: false }],
  ] as const) {
    const { status, body: said } = await team.ask(root, method, '/users/root@example.com', body);
    expect([method, status, said['message']]).toEqual([
      method,
      409,
      expect.stringContaining('users:promote <email>'),
    ]);
  }
  expect((await team.ask(ada, 'GET', '/users')).status).toBe(403);
  await team.ask(root, 'PATCH', '/users/ada@example.com', { admin: true });
  expect((await team.ask(ada, 'GET', '/users')).status).toBe(200);
  expect((await team.ask(ada, 'PATCH', '/users/root@example.com', { admin: false })).status).toBe(200);
  expect((await team.ask(root, 'GET', '/users')).status).toBe(403);
  const self = await team.ask<Authorization>(root, 'GET', '/oauth/authorizations/~');
  expect(self.body.scope).toEqual(['write']);
});

test('a log session ends with the token that asked for it, and with the access to the app', async () => {
  await using team = await startTeam();
  const open = async (token: string): Promise<string> =>
    (await team.ask<{ logplex_url: string }>(token, 'POST', '/apps/hello/log-sessions', {})).body.logplex_url;
  const bob = team.token('bob', 'read');
  const [revoked, shownOut] = [await open(bob), await open(team.token('bob'))];
  const ada = team.token('ada');
  const renewed = await open(ada);
  await team.ask(ada, 'POST', '/oauth/authorizations/~/actions/regenerate-tokens');
  await team.ask(bob, 'DELETE', '/oauth/authorizations/~');
  team.store.collaborators.remove(team.app.id, team.users.bob.id);
  for (const url of [revoked, shownOut, renewed]) expect((await fetch(url)).status).toBe(404);
});

test('wrong tokens are answered with a time to wait, while a right one goes on working', async () => {
  let clock = Date.now();
  await using team = await startTeam(() => clock);
  const ada = team.token('ada');
  expect((await team.ask(ada, 'GET', '/account')).status).toBe(200);
  for (let tries = 0; tries < 20; tries++)
    expect((await team.ask(`wrong-${tries}`, 'GET', '/account')).status).toBe(401);
  const { status, headers, body } = await team.ask('wrong', 'GET', '/account');
  expect([status, headers.get('retry-after'), body['id']]).toEqual([429, '1', 'rate_limit']);
  expect((await team.ask(ada, 'GET', '/account')).status).toBe(200);
  expect((await team.ask(null, 'GET', '/account')).status).toBe(401);
  clock += 1000;
  expect((await team.ask('wrong', 'GET', '/account')).status).toBe(401);
});
