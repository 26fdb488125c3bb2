// Coming to a one-off process, also to one of a server before: with a token that may, or the engine is not even asked for it.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { startTeam, type TeamGround } from './team-ground.ts';

let team: TeamGround;

beforeEach(async () => {
  team = await startTeam();
});
afterEach(() => team[Symbol.asyncDispose]());

async function come(token: string | null, app = team.app.id, url = `/run-sessions/${app}/${'a'.repeat(32)}`) {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${team.port}${url}`, { headers });
  socket.on('error', () => undefined);
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const { id, message } = JSON.parse(Buffer.concat(parts).toString()) as Record<string, string>;
  return { status: answer.statusCode, challenge: answer.headers['www-authenticate'], id, message };
}

test('without a token, with one that is none, was revoked, or whose user was removed: 401', async () => {
  const { store, users } = team;
  const none = { status: 401, id: 'unauthorized', challenge: 'Bearer realm="twelve"' };
  expect(await come(null)).toMatchObject({ ...none, message: expect.stringContaining('No token was sent') });
  expect(await come('twelve-wrong')).toMatchObject(none);
  const revoked = store.tokens.create(users.ada.id, { description: 'x', scope: 'write' });
  store.tokens.remove(revoked.token.id);
  expect(await come(revoked.text)).toMatchObject(none);
  const past = {
    description: 'x',
    scope: 'write',
    expiresAt: new Date(Date.now() - 1000).toISOString(),
  } as const;
  expect(await come(store.tokens.create(users.ada.id, past).text)).toMatchObject({
    ...none,
    message: expect.stringContaining('This token expired'),
  });
  const bobs = team.token('bob');
  expect((await team.ask(team.token('root'), 'DELETE', `/users/${users.bob.email}`)).status).toBe(200);
  expect(await come(bobs)).toMatchObject(none);
  expect(team.lookedFor).toEqual([]);
});

test('with one that may not run anything: 403, which is in the audit log; of an app that is not theirs to see: 404', async () => {
  expect(await come(team.token('bob', 'deploy'))).toMatchObject({
    status: 403,
    message: expect.stringContaining('takes the scope "write"'),
  });
  expect(team.audit()[0]).toMatchObject({ action: 'run', outcome: 'refused', userId: team.users.bob.id });
  const eves = team.token('eve');
  const nobodys = await come(eves, '00000000-0000-4000-8000-000000000000');
  expect(nobodys).toMatchObject({ status: 404, id: 'not_found' });
  const adas = await come(eves);
  expect(adas.message!.replaceAll(team.app.id, '')).toBe(
    nobodys.message!.replaceAll('00000000-0000-4000-8000-000000000000', ''),
  );
  expect(team.lookedFor).toEqual([]);
});

test('the refusal is the same where the audit log cannot be written', async () => {
  const { audit } = team.store;
  const full = new PlatformError('service_unavailable', 'The disk is full.');
  team.store.audit = {
    ...audit,
    add: () => {
      throw full;
    },
  };
  expect(await come(team.token('bob', 'deploy'))).toMatchObject({ status: 403, id: 'forbidden' });
});

test('with one that may, the process is looked for in that app', async () => {
  for (const name of ['ada', 'bob', 'root'] as const)
    expect(await come(team.token(name))).toMatchObject({ status: 503, message: 'no process runs here' });
  expect(team.lookedFor).toEqual([team.app.id, team.app.id, team.app.id]);
  // The form without an app.
  expect((await come(team.token('ada'), '', `/run-sessions/${'a'.repeat(32)}`)).status).toBe(404);
  expect(team.lookedFor).toHaveLength(3);
});

test('wrong tokens are slowed down there as anywhere', async () => {
  for (let tries = 0; tries < 20; tries++) await come(`wrong-${tries}`);
  expect(await come('wrong')).toMatchObject({ status: 429, id: 'rate_limit' });
});
