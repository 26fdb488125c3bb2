// What the audit log has after changes over the API, who reads which of it, and that no value is in it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, startTeam } from './team-ground.ts';

interface Event {
  number: number;
  action: string;
  outcome: string;
  detail: string | null;
  user: { email: string } | null;
  app: { name: string } | null;
  address: string;
  request_id: string;
}

test('a change is written down: who, with which token, what, to which app, from where, under which request', async () => {
  await using team = await startTeam();
  const ada = team.token('ada');
  const token = team.store.tokens.ofUser(team.users.ada.id)[0]!;
  const { headers } = await team.ask(
    ada,
    'POST',
    '/apps/hello/collaborators',
    { user: 'eve@example.com' },
    { 'X-Forwarded-For': '203.0.113.9', Forwarded: 'for=203.0.113.9' },
  );
  expect(team.audit()).toMatchObject([
    {
      number: 1,
      action: 'access:add',
      outcome: 'done',
      detail: 'eve@example.com',
      userEmail: 'ada@example.com',
      tokenId: token.id,
      appName: 'hello',
      address: '127.0.0.1',
      requestId: headers.get('request-id'),
    },
  ]);
});

test('of config vars the names are written down, and no value is anywhere in it', async () => {
  await using team = await startTeam();
  const ada = team.token('ada');
  await team.ask(ada, 'PATCH', '/apps/hello/config-vars', { API_KEY: 's3cret-value', OLD: null });
  await team.ask(ada, 'POST', '/oauth/authorizations', { scope: ['read'] });
  const [made, config] = team.audit();
  expect(config).toMatchObject({ action: 'config:set', detail: 'API_KEY, OLD (removed)' });
  expect(made).toMatchObject({
    action: 'authorizations:create',
    detail: expect.stringContaining('(read) of ada@'),
  });
  const database = ['twelve.db', 'twelve.db-wal'].map((name) =>
    readFileSync(join(team.folder, name), 'latin1'),
  );
  expect(database.join('')).toContain('API_KEY, OLD (removed)');
  expect(database.join('')).not.toContain('s3cret-value');
});

test('what a token was refused is written down, what was wrong in its form is not', async () => {
  await using team = await startTeam();
  await team.ask(team.token('bob', 'read'), 'PATCH', '/apps/hello/config-vars', { KEY: 'value' });
  await team.ask(team.token('bob'), 'DELETE', '/apps/hello');
  await team.ask(team.token('eve', 'read'), 'DELETE', '/apps/hello');
  await team.ask(team.token('ada'), 'PATCH', '/apps/hello/config-vars', { KEY: 5 });
  await team.ask(team.token('eve'), 'DELETE', '/apps/hello');
  await team.ask(team.token('ada'), 'GET', '/apps/hello');
  // Of an app that is not theirs to see nothing is said, whether it is there or not.
  expect(
    team.audit().map(({ action, outcome, userEmail, appName }) => [action, outcome, userEmail, appName]),
  ).toEqual([
    ['apps:destroy', 'refused', 'eve@example.com', null],
    ['apps:destroy', 'refused', 'bob@example.com', 'hello'],
    ['config:set', 'refused', 'bob@example.com', 'hello'],
  ]);
});

test('who is refused again and again does not push out of it what was done', async () => {
  await using team = await startTeam();
  const [ada, bob] = [team.token('ada'), team.token('bob', 'read')];
  await team.ask(ada, 'POST', '/oauth/authorizations', { scope: ['read'] });
  for (let tries = 0; tries < 30; tries++) await team.ask(bob, 'DELETE', '/apps/hello');
  await team.ask(ada, 'DELETE', '/users/bob@example.com');
  expect(team.audit().map(({ action }) => action)).toEqual([
    'users:remove',
    ...Array(20).fill('apps:destroy'),
    'authorizations:create',
  ]);
});

test('a name that moves a terminal’s cursor stands there as plain text', async () => {
  await using team = await startTeam();
  await team.ask(team.token('ada'), 'PATCH', '/apps/hello/formation', {
    updates: [{ type: 'web\u001b[2J\nnext', quantity: 1 }],
  });
  await team.ask(team.token('bob', 'read'), 'PATCH', '/apps/hello/formation', {
    updates: [{ type: 'web\u001b[2J\nnext', quantity: 1 }],
  });
  expect(team.audit()[0]?.detail).toBe('web [2J next=1');
});

test('administrators read all of it, others their own changes and those of their apps', async () => {
  await using team = await startTeam();
  const tokens = { root: team.token('root'), ada: team.token('ada'), eve: team.token('eve') };
  await team.ask(tokens.root, 'POST', '/users', { email: 'carol@example.com' });
  await team.ask(tokens.ada, 'PATCH', '/apps/hello/config-vars', { A: '1' });
  await team.ask(tokens.eve, 'POST', '/oauth/authorizations', { scope: ['read'] });
  await team.ask('twelve-wrong', 'GET', '/account');
  const read = async (token: string, query = ''): Promise<string[]> =>
    (await team.ask<Event[]>(token, 'GET', `/audit-events${query}`)).body.map(({ action }) => action);
  const all = ['login', 'authorizations:create', 'config:set', 'users:add'];
  expect(await read(tokens.root)).toEqual(all);
  expect(await read(tokens.ada)).toEqual(['config:set']);
  expect(await read(team.token('bob'))).toEqual(['config:set']);
  expect(await read(tokens.eve)).toEqual(['authorizations:create']);
  // An administrator's token of a smaller scope sees all apps, and not what concerns users.
  expect(await read(team.token('root', 'read'))).toEqual(['config:set', 'users:add']);
  expect(await read(tokens.root, '?app=hello')).toEqual(['config:set']);
  expect(await read(tokens.root, '?user=eve@example.com')).toEqual(['authorizations:create']);
  expect(await read(tokens.root, '?since=1h')).toEqual(all);
  expect(await read(tokens.root, '?since=2999-01-01')).toEqual([]);
  expect((await team.ask(tokens.eve, 'GET', '/audit-events?app=hello')).status).toBe(404);
  expect((await team.ask(tokens.root, 'GET', '/audit-events?since=sometime')).status).toBe(422);
  // Of the destroyed app, by its id.
  team.store.apps.destroy(team.app.id);
  expect(await read(tokens.root, `?app=${team.app.id}`)).toEqual(['config:set']);
});

test('its pages together have each entry once, newest first', async () => {
  await using team = await startTeam();
  const root = team.token('root');
  for (let index = 0; index < 7; index++)
    await team.ask(root, 'POST', '/users', { email: `user${index}@example.com` });
  const seen: number[] = [];
  for (let range: string | null = 'number ..; max=3, order=desc'; range !== null; ) {
    const page: Answer<Event[]> = await team.ask<Event[]>(root, 'GET', '/audit-events', undefined, {
      Range: range,
    });
    seen.push(...page.body.map(({ number }) => number));
    range = page.headers.get('next-range');
    expect(page.status).toBe(range === null ? 200 : 206);
  }
  expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
});

test('a change that is refused in part is not done in part, since nothing would be written down', async () => {
  await using team = await startTeam(undefined, { https: null });
  const { status } = await team.ask(team.token('ada'), 'PATCH', '/apps/hello', {
    ...{ name: 'renamed', https_redirect: true },
  });
  expect([status, team.store.apps.byId(team.app.id)?.name, team.audit()]).toEqual([422, 'hello', []]);
});
