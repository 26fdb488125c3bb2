// Certificates that are ordered by themselves, over the API: how names stand, trying again, and who may.
import { expect, test } from 'vitest';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import { ordering, startTeam, type TeamGround } from './team-ground.ts';

const { directory } = ordering.acme;
const refresh = { acm_refresh: true };
const minute = 60_000;
const at = (minutes: number): string => new Date(Date.now() + minutes * minute).toISOString();
const seconds = (time: string): string => `${time.slice(0, 19)}Z`;

interface Host {
  hostname: string;
  acm_status: string | null;
  next_attempt_at: string | null;
  refresh_at: string | null;
  refreshed?: boolean;
}

/** Whose app has two names that failed, one of them a moment ago. */
async function startOrdering(): Promise<TeamGround & { next: string }> {
  const team = await startTeam(undefined, ordering);
  const [early, late] = [at(-5), at(0)];
  const next = at(10);
  const failure = { failures: 1, askedUntil: null, nextAt: next };
  for (const [name, failedAt] of [
    ['a.test', early],
    ['b.test', late],
  ] as const) {
    team.store.domains.add(team.app.id, parseHostName(name));
    team.store.acmeFailures.put(directory, name, { ...failure, reason: `No ${name}.`, failedAt });
  }
  return Object.assign(team, { next });
}

test('names stand with their reasons and times; what failed long enough ago is tried again, and is in the audit log', async () => {
  await using team = await startOrdering();
  const ada = team.token('ada');
  const { body } = await team.ask<Host[]>(team.token('bob', 'read'), 'GET', '/apps/hello/acm');
  const failing = { acm_status: 'failing', expires_at: null, next_attempt_at: seconds(team.next) };
  const issued = { expires_at: null, next_attempt_at: null, refresh_at: null, acm_status_reason: null };
  expect(body).toEqual([
    { hostname: 'a.test', acm_status_reason: 'No a.test.', ...failing, refresh_at: null },
    {
      ...{ hostname: 'b.test', acm_status_reason: 'No b.test.', ...failing },
      refresh_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    },
    { hostname: 'hello.apps.test', acm_status: 'pending', ...issued },
  ]);
  const tried = await team.ask<Host[]>(ada, 'PATCH', '/apps/hello/acm', refresh);
  expect(tried.status).toBe(200);
  expect(
    tried.body.map(({ hostname, refreshed, next_attempt_at: next }) => [hostname, refreshed, next]),
  ).toEqual([
    ['hello.apps.test', false, null],
    ['a.test', true, null],
    ['b.test', false, seconds(team.next)],
  ]);
  expect(team.audit()).toMatchObject([
    { action: 'certs:auto:refresh', outcome: 'done', detail: 'a.test', appName: 'hello' },
  ]);
  expect(Date.parse(team.store.acmeFailures.of(directory, 'a.test')!.nextAt)).toBeLessThanOrEqual(Date.now());
});

test('what cannot be tried yet is refused with the time, in words and for programs, and changes nothing', async () => {
  await using team = await startOrdering();
  const ada = team.token('ada');
  await team.ask(ada, 'PATCH', '/apps/hello/acm', refresh);
  const again = await team.ask(ada, 'PATCH', '/apps/hello/acm', refresh);
  expect([again.status, again.body['id']]).toEqual([429, 'rate_limit']);
  expect(again.body['message']).toMatch(/limits of the authority.*: b\.test at 20\d\d-[\d-]+T[\d:]+Z\.$/);
  expect(Number(again.headers.get('retry-after'))).toSatisfy((wait: number) => wait >= 1 && wait <= 61);
  expect(team.store.acmeFailures.of(directory, 'b.test')?.nextAt).toBe(team.next);
  expect(team.audit()).toHaveLength(1);
});

test("the server's names are administrators', and what is no refresh is refused", async () => {
  await using team = await startOrdering();
  expect((await team.ask(team.token('ada'), 'GET', '/acm')).status).toBe(403);
  const root = team.token('root');
  const { body } = await team.ask<Host[]>(root, 'GET', '/acm');
  expect(body).toMatchObject([{ hostname: 'apps.test', acm_status: 'pending', next_attempt_at: null }]);
  const none = await team.ask<Host[]>(root, 'PATCH', '/acm', refresh);
  expect([none.status, none.body.map((one) => one.refreshed)]).toEqual([200, [false]]);
  for (const wrong of [{}, { acm_refresh: false }, { acm_refresh: 'true' }]) {
    const refused = await team.ask(root, 'PATCH', '/acm', wrong);
    expect([refused.status, refused.body['message']]).toEqual([
      422,
      'acm_refresh: It is true, which tries again what failed.',
    ]);
  }
});

test('where no certificates are ordered it says what whoever runs the server sets', async () => {
  await using team = await startTeam();
  for (const method of ['GET', 'PATCH']) {
    const answer = await team.ask(
      team.token('ada'),
      method,
      '/apps/hello/acm',
      method === 'GET' ? undefined : refresh,
    );
    expect([answer.status, answer.body['id']]).toEqual([422, 'invalid_params']);
    expect(answer.body['message']).toContain('TWELVE_ACME=agreed and TWELVE_ACME_EMAIL');
  }
});
