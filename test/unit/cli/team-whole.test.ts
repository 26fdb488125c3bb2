// A team by its commands, against the real API: from the first user to the last entry of the audit log.
import { expect, test } from 'vitest';
import { startTeam } from '../api/team-ground.ts';
import { twelve } from './scripted.ts';

test('let in, given a token for a CI, shown out; and the audit log tells of it', async () => {
  await using team = await startTeam();
  const as = (token: string) => {
    return (...words: string[]) => twelve(words, { url: team.url, token });
  };
  const root = as(team.token('root'));
  const added = await root('users:add', 'carol@example.com', '--short');
  expect(added).toMatchObject({
    status: 0,
    err: expect.stringContaining('Adding carol@example.com... done'),
  });
  const carol = as(added.out.trim());
  expect((await carol('whoami')).out).toBe('carol@example.com\n');
  expect((await carol('apps')).out).toContain('There are no apps yet');
  expect((await carol('access', '-a', 'hello')).err).toContain(
    'Its owner can let you in: twelve access:add carol@example.com -a hello',
  );

  const ada = as(team.token('ada'));
  expect((await ada('access:add', 'carol@example.com', '-a', 'hello')).status).toBe(0);
  expect((await carol('access', '-a', 'hello')).out).toBe(
    'ada@example.com    owner\nbob@example.com    collaborator\ncarol@example.com  collaborator\n',
  );
  expect((await carol('access:remove', 'bob@example.com', '-a', 'hello')).err).toContain(
    'You are a collaborator of hello',
  );

  const made = await carol('authorizations:create', '-s', 'deploy', '-e', '90d', '-d', 'CI', '-S');
  const ci = as(made.out.trim());
  expect((await ci('authorizations:info')).out).toMatch(/Description: +CI\n[\s\S]*Scope: +deploy\n/);
  expect(await ci('config', '-a', 'hello')).toMatchObject({
    status: 1,
    err: expect.stringContaining('This token has the scope "deploy" and may not read config vars'),
  });
  expect((await ci('users')).err).toContain(
    'Only administrators may manage users and the server. Ask one of them: root@example.com',
  );
  const listed = await carol('authorizations');
  expect(listed.out).toMatch(/^CI +[0-9a-f-]{36} +deploy +\d{4}\/\d\d\/\d\d /m);
  expect(listed.out).not.toContain(made.out.trim());

  const gone = await root('users:remove', 'ada@example.com');
  expect(gone).toMatchObject({ status: 1, err: expect.stringContaining('owns hello. Say who gets that') });
  expect((await root('users:remove', 'ada@example.com', '--transfer-to', 'carol@example.com')).err).toBe(
    'Removing ada@example.com... done, 1 app is of carol@example.com now\n',
  );
  expect((await ada('whoami')).status).toBe(1);
  expect((await root('users')).out).toMatch(/^carol@example\.com +user +1$/m);

  const audit = await root('audit', '--json', '-n', '3');
  expect(JSON.parse(audit.out)).toMatchObject([
    { action: 'login', outcome: 'refused' },
    { action: 'users:remove', detail: 'ada@example.com, apps to carol@example.com' },
    { action: 'authorizations:create', user: { email: 'carol@example.com' } },
  ]);
  expect((await carol('audit', '-a', 'hello')).out).toMatch(
    /ada@example\.com +access:add +hello +127\.0\.0\.1 +carol@/,
  );
});
