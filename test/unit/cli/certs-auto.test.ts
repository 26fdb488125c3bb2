// certs:auto and certs:auto:refresh, against the real API.
import { expect, test } from 'vitest';
import { localTime } from '../../../platform/cli/terminal-text.ts';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { ordering, startTeam, type TeamGround } from '../api/team-ground.ts';
import { scriptedApi, twelve } from './scripted.ts';

const { directory } = ordering.acme;
const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString();
const startOrdering = (): Promise<TeamGround> => startTeam(undefined, ordering);

/** A domain whose order failed. */
function failing(team: TeamGround, name: string, failedAt: string, askedUntil: string | null = null): string {
  const nextAt = minutes(10);
  team.store.domains.add(team.app.id, parseHostName(name));
  const failure = { failures: 1, reason: `No ${name}.`, failedAt, nextAt, askedUntil };
  team.store.acmeFailures.put(directory, name, failure);
  return localTime(nextAt);
}

test('shows how each name stands, and what can be done about those that fail', async () => {
  await using team = await startOrdering();
  const ask = (...words: string[]) => twelve(words, { url: team.url, token: team.token('ada') });
  team.store.domains.add(team.app.id, parseHostName('*.b.test'));
  const none = await ask('certs:auto', '-a', 'hello');
  expect([none.status, none.err]).toEqual([0, '']);
  const next = failing(team, 'a.test', minutes(-5));
  const shown = await ask('certs:auto', '-a', 'hello');
  const [heading, head, ...rows] = shown.out.trimEnd().split('\n');
  expect(heading).toBe('=== Automatic Certificate Management is enabled on hello');
  expect(head).toMatch(/^Domain +Status +Expires +Next Attempt +Reason$/);
  expect(rows).toEqual([
    expect.stringMatching(/^\*\.b\.test +Failed +- +- +A wildcard cannot be proved over HTTP\./),
    expect.stringMatching(/^a\.test +Failing +- +\S+ \S+ \S+ +No a\.test\.$/),
    expect.stringMatching(/^hello\.apps\.test +Waiting +- +now$/),
  ]);
  expect(rows[1]).toContain(next);
  expect(shown.err).toBe(
    'Once what they fail at is mended, have them tried again now: twelve certs:auto:refresh -a hello\n',
  );
  const { chain, key } = await makeCertificate('a', { names: ['a.test'] });
  team.store.certificates.add({
    ...{ appId: team.app.id, name: 'cert-1', source: 'added', directory: null, chain, key },
    facts: {
      ...{ names: ['a.test'], subject: 'CN=a', issuer: 'CN=a', serial: '1', fingerprint: 'AA' },
      ...{ notBefore: minutes(-1), notAfter: '2099-01-02T03:04:05.000Z', selfSigned: true },
    },
  });
  expect((await ask('certs:auto', '-a', 'hello')).out).toMatch(/^a\.test +Added +2099-01-02 +-$/m);
});

test('has what failed tried again, says what is not yet, and refuses where nothing can be', async () => {
  await using team = await startOrdering();
  const ask = (...words: string[]) => twelve(words, { url: team.url, token: team.token('ada') });
  const nothing = await ask('certs:auto:refresh', '-a', 'hello');
  const title = 'Refreshing Automatic Certificate Management of hello... ';
  expect([nothing.status, nothing.err]).toEqual([0, `${title}done, nothing has to be tried again\n`]);
  failing(team, 'a.test', minutes(-5));
  const asked = minutes(7);
  failing(team, 'b.test', minutes(-5), asked);
  const tried = await ask('certs:auto:refresh', '-a', 'hello');
  expect(tried.status).toBe(0);
  expect(tried.err).toContain(`${title}done, 1 name is tried now\n`);
  expect(tried.err).toMatch(
    /Warning: b\.test is not tried now, since .* limits of the authority\. It can be at 20/,
  );
  expect((await ask('certs:auto', '-a', 'hello')).out).toMatch(/^a\.test +Failing +- +now +No a\.test\.$/m);
  const again = await ask('certs:auto:refresh', '-a', 'hello');
  expect([again.status, again.out]).toEqual([1, '']);
  expect(again.err).toMatch(/failed\n.*nothing is tried yet\. It can be again: b\.test at 20\d\d-/);
});

test("the server's names are asked for by --server, and shown with how to go on", async () => {
  await using team = await startOrdering();
  const ask = (...words: string[]) => twelve(words, { url: team.url, token: team.token('root') });
  const failure = { failures: 1, reason: 'No.', failedAt: minutes(-5), nextAt: minutes(5), askedUntil: null };
  team.store.acmeFailures.put(directory, 'apps.test', failure);
  const shown = await ask('certs:auto', '--server');
  expect(shown.out).toMatch(/is enabled on the server\n.*\napps\.test +Failing/);
  expect(shown.err).toContain('twelve certs:auto:refresh --server');
  expect((await ask('certs:auto:refresh', '--server')).err).toBe(
    'Refreshing Automatic Certificate Management of the server... done, 1 name is tried now\n',
  );
  expect(JSON.parse((await ask('certs:auto', '--server', '--json')).out)).toMatchObject([
    { hostname: 'apps.test', acm_status: 'failing', next_attempt_at: null },
  ]);
});

test('where no certificates are ordered both say what whoever runs the server sets', async () => {
  await using team = await startTeam();
  for (const name of ['certs:auto', 'certs:auto:refresh']) {
    const { status, out, err } = await twelve([name, '-a', 'hello'], {
      url: team.url,
      token: team.token('ada'),
    });
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(/This server orders no certificates\. .*TWELVE_ACME=agreed and TWELVE_ACME_EMAIL/);
  }
});

test("certificates that were added are asked for where they were, an app's and the server's", async () => {
  const empty = { body: [] };
  await using api = await scriptedApi({
    'GET /sni-endpoints': empty,
    'GET /apps/hello/sni-endpoints': empty,
  });
  expect((await twelve(['certs', '--server'], { url: api.url })).out).toBe(
    'The server has no certificates.\n',
  );
  expect((await twelve(['certs', '-a', 'hello'], { url: api.url })).out).toBe('hello has no certificates.\n');
});
