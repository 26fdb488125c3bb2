// git with tokens of a team: who may clone and push what, with a real git client, and what the audit log has of it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAdmission } from '../../../platform/actions/admission.ts';
import { pushesOf } from '../../../platform/actions/pushes.ts';
import type { Scope } from '../../../platform/domain/access.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import type { User } from '../../../platform/domain/user.ts';
import { client, repositoryWith, startServer } from '../git/support.ts';
import { createGround } from './ground.ts';

async function startTeam() {
  const ground = createGround();
  const { platform, store, app } = ground;
  platform.admission = createAdmission(store);
  /** Done in each of a push's requests, once its token was looked at. */
  const meanwhile: (() => void)[] = [];
  const server = await startServer(undefined, {
    ...pushesOf(() => platform),
    requireSpace: async () => meanwhile.shift()?.(),
  });
  const folder = await mkdtemp(join(tmpdir(), 'twelve-pushes-'));
  const owner = store.users.byId(app.ownerId)!;
  const remote = (user: User, scope: Scope, expiresAt: string | null = null): string =>
    server.remote('hello', store.tokens.create(user.id, { description: 'x', scope, expiresAt }).text);
  return {
    ...{ server, store, app, owner, folder, remote, meanwhile },
    push: async (url: string) => client(await repositoryWith(server), ['push', url, 'main']),
    clone: (url: string) => client(folder, ['clone', '-q', url, join(folder, `clone-${Math.random()}`)]),
    audit: () => store.audit.list({}, { before: null, max: 100 }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
      ground[Symbol.dispose]();
    },
  };
}

test('a deploy token pushes, which is written down; one that only reads is told what it lacks', async () => {
  await using team = await startTeam();
  const { owner, store } = team;
  const refused = await team.push(team.remote(owner, 'read'));
  expect(refused.status).not.toBe(0);
  expect(refused.shown).toMatch(
    /remote: This token has the scope "read" and may not deploy: that takes the scope "deploy"\..*authorizations:create --scope deploy/,
  );
  expect(store.releases.list(team.app.id)).toHaveLength(0);
  expect(team.audit()).toMatchObject([{ action: 'git:push', outcome: 'refused', appName: 'hello' }]);
  const pushed = await team.push(team.remote(owner, 'deploy'));
  expect([pushed.status, pushed.shown]).toEqual([0, expect.stringContaining('Releasing v1')]);
  expect(team.audit()).toMatchObject([
    {
      action: 'git:push',
      outcome: 'done',
      detail: expect.stringMatching(/^[0-9a-f]{8} to main$/),
      userEmail: 'ada@example.com',
      tokenId: store.tokens.ofUser(owner.id)[1]!.id,
      appName: 'hello',
      address: '127.0.0.1',
      requestId: expect.stringMatching(/^request-/),
    },
    { outcome: 'refused' },
  ]);
  expect((await team.clone(team.remote(owner, 'read'))).status).toBe(0);
  const url = team.remote(owner, 'deploy');
  const work = await repositoryWith(team.server);
  await client(work, ['push', url, 'main:refs/heads/idea']);
  await client(work, ['push', url, ':refs/heads/idea']);
  expect(team.audit().map(({ detail }) => detail)).toEqual([
    'removed idea',
    expect.stringMatching(/^[0-9a-f]{8} to idea$/),
    expect.stringMatching(/^[0-9a-f]{8} to main$/),
    null,
  ]);
}, 30_000);

test('one that only reads is told so also where the audit log cannot be written', async () => {
  await using team = await startTeam();
  const { audit } = team.store;
  team.store.audit = {
    ...audit,
    add: () => {
      throw new PlatformError('service_unavailable', 'The disk is full.');
    },
  };
  const refused = await team.push(team.remote(team.owner, 'read'));
  expect(refused.status).not.toBe(0);
  expect(refused.shown).toContain('This token has the scope "read" and may not deploy');
}, 30_000);

test('a stranger is told as much as of an app that is not there; a collaborator gets in', async () => {
  await using team = await startTeam();
  const eve = team.store.users.create('eve@example.com');
  const url = team.remote(eve, 'write');
  for (const attempt of [await team.push(url), await team.clone(url)]) {
    expect(attempt.status).not.toBe(0);
    expect(attempt.shown).toContain('There is no app "hello", or you have no access to it.');
  }
  team.store.collaborators.add(team.app.id, eve.id);
  expect((await team.push(url)).status).toBe(0);
}, 30_000);

test('an expired token and many wrong ones are refused in words that git shows', async () => {
  await using team = await startTeam();
  const expired = await team.clone(team.remote(team.owner, 'write', '2026-01-02T00:00:00.000Z'));
  expect(expired.shown).toContain('remote: This token expired on 2026-01-02.');
  const wrong = team.server.remote('hello', 'twelve-wrong');
  expect((await team.clone(wrong)).shown).toContain('remote: This token is not valid here.');
  const ask = (): Promise<Response> =>
    fetch(`${team.server.url}/hello.git/info/refs?service=git-upload-pack`, {
      headers: { Authorization: `Basic ${btoa(':twelve-other')}` },
    });
  const answers = [];
  for (let tries = 0; tries < 25; tries++) answers.push(await ask());
  expect(answers[0]!.headers.get('www-authenticate')).toContain('Basic');
  const last = answers.at(-1)!;
  expect([last.status, Number(last.headers.get('retry-after')) > 0, await last.text()]).toEqual([
    429,
    true,
    expect.stringContaining('Too many wrong tokens'),
  ]);
}, 30_000);

test('a token that is revoked, and access that is taken, while a push comes in lets nothing be deployed', async () => {
  await using team = await startTeam();
  const { store, owner, app, meanwhile } = team;
  const eve = store.users.create('eve@example.com');
  store.collaborators.add(app.id, eve.id);
  const ways: [User, () => void][] = [
    [owner, () => store.tokens.removeAllOf(owner.id)],
    [eve, () => store.collaborators.remove(app.id, eve.id)],
  ];
  for (const [user, end] of ways) {
    meanwhile.push(() => undefined, end);
    const pushed = await team.push(team.remote(user, 'deploy'));
    expect(pushed.status).not.toBe(0);
    expect(pushed.shown).toContain('Since this push began its token has been revoked');
    expect(team.audit()[0]).toMatchObject({ action: 'git:push', outcome: 'refused', userEmail: user.email });
  }
  expect(store.releases.list(app.id)).toHaveLength(0);
}, 30_000);
