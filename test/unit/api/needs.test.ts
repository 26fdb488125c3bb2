// Every route says what it takes, and holds to it: asked with every scope that is too small, by strangers, and by nobody.
import { Router } from 'express';
import { expect, test } from 'vitest';
import { need, requireStated } from '../../../platform/api/need.ts';
import { includes, type Need, needs, type Scope, scopes } from '../../../platform/domain/access.ts';
import { startTeam } from './team-ground.ts';

/** A path that leads to a route, with the app's name and something for what else it asks for. */
const pathOf = (path: string): string =>
  path.replace(':app', 'hello').replace(/[:*](\w+)/g, (_all, name: string) => `some-${name}`);

const least = (what: Need): Scope | null => needs[what].scope;

test('a route that does not say what it takes keeps the server from starting', () => {
  const router = Router();
  router.get('/fine', need('read'), (_request, response) => void response.json({}));
  expect(requireStated([router])).toEqual([{ method: 'GET', path: '/fine', need: 'read', action: null }]);
  router.post(['/forgotten', '/too'], (_request, response) => void response.json({}));
  expect(() => requireStated([router])).toThrow('POST /forgotten, POST /too');
});

test('what changes something names its change for the audit log', async () => {
  await using team = await startTeam();
  expect(team.routes.length).toBeGreaterThan(60);
  const unnamed = team.routes.filter(({ method, action }) => method !== 'GET' && action === null);
  // A URL to read lines, a place for an archive that a build has to name, an upload to it, and what is never there.
  expect(unnamed.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'PUT /sources/:id/:signature',
    'DELETE /oauth/sessions/~',
    'POST /sources',
    'POST /apps/:app/sources',
    'POST /apps/:app/log-sessions',
  ]);
  // Whoever reads a backup has everything.
  const read = team.routes.filter(({ method, action }) => method === 'GET' && action !== null);
  expect(read.map(({ path }) => path)).toEqual(['/server/backup']);
});

test('no route answers a token whose scope is too small, and says which one it takes', async () => {
  await using team = await startTeam();
  const tokens = new Map(scopes.map((scope) => [scope, team.token('root', scope)]));
  let asked = 0;
  for (const { method, path, need: what } of team.routes) {
    const wanted = least(what!);
    for (const scope of scopes) {
      if (wanted === null || includes(scope, wanted)) continue;
      asked++;
      const { status, body } = await team.ask(tokens.get(scope)!, method, pathOf(path), undefined);
      expect([method, path, scope, status, body['id']]).toEqual([method, path, scope, 403, 'forbidden']);
      expect(body['message']).toContain(`that takes the scope "${wanted}"`);
    }
  }
  expect(asked).toBeGreaterThan(60);
  expect(team.store.apps.byName('hello')).toBeDefined();
  expect(team.store.users.list()).toHaveLength(4);
});

test('a route of administrators answers nobody else, whatever the scope of the token was', async () => {
  await using team = await startTeam();
  const token = team.token('eve', 'admin');
  for (const { method, path } of team.routes.filter((route) => route.need === 'admin')) {
    const { status, body } = await team.ask(token, method, pathOf(path));
    expect([path, status, body['message']]).toEqual([
      path,
      403,
      'Only administrators may manage users and the server. Ask one of them: root@example.com',
    ]);
  }
});

test('no route tells a stranger that an app is there', async () => {
  await using team = await startTeam();
  const token = team.token('eve');
  const ofApps = team.routes.filter(({ path }) => path.includes(':app'));
  expect(ofApps.length).toBeGreaterThan(45);
  for (const { method, path } of ofApps) {
    const there = await team.ask(token, method, pathOf(path));
    const absent = await team.ask(token, method, pathOf(path).replace('hello', 'absent'));
    expect([method, path, there.status, there.body['resource']]).toEqual([method, path, 404, 'app']);
    expect(there.body['message']).toBe(String(absent.body['message']).replaceAll('absent', 'hello'));
  }
  expect(team.store.apps.byName('hello')).toBeDefined();
});

test('what only owners may is refused to collaborators, who are told by whom it can be done', async () => {
  await using team = await startTeam();
  const owners = team.routes.filter((route) => route.need === 'own');
  expect(owners.length).toBeGreaterThan(1);
  for (const { method, path } of owners) {
    const { status, body } = await team.ask(team.token('bob'), method, pathOf(path));
    expect([path, status]).toEqual([path, 403]);
    expect(body['message']).toMatch(
      /collaborator of hello.* ada@example\.com, who owns it, or an administrator/,
    );
  }
  const rename = await team.ask(team.token('bob'), 'PATCH', '/apps/hello', { name: 'stolen' });
  expect([rename.status, team.store.apps.byName('stolen')]).toEqual([403, undefined]);
  const leave = await team.ask(team.token('bob'), 'DELETE', '/apps/hello/collaborators/bob@example.com');
  expect(leave.status).toBe(200);
});

test('nobody is answered without a token, but where a URL is the right or there is nothing to hide', async () => {
  await using team = await startTeam();
  const open = team.routes.filter(({ need: what }) => what === 'open');
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /health',
    'GET /certificate-authority',
    'GET /log-sessions/:secret',
    'GET /outputs/:id/:signature',
    'PUT /sources/:id/:signature',
    'GET /sources/:id/:signature',
    'GET /buildpacks/*name',
  ]);
  for (const { method, path, need: what } of team.routes) {
    const { status } = await team.ask(null, method, pathOf(path));
    expect([method, path, status === 401]).toEqual([method, path, what !== 'open']);
  }
});
