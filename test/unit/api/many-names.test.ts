// Lists of many names with certificates: what is stored is read once for all of them, and the page alone is asked about.
import { expect, test, vi } from 'vitest';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import { ordering, startTeam, type TeamGround } from './team-ground.ts';

const { directory } = ordering.acme;
const count = 40;
const names = Array.from({ length: count }, (_, n) => `n${String(n).padStart(2, '0')}.shop.test`);

interface Shown {
  hostname: string;
  acm_status: string | null;
}

/** Whose app has many names, each but the last with a certificate that was ordered; of the last it failed. */
async function startMany() {
  const team = await startTeam(undefined, ordering);
  const { store, app } = team;
  for (const [index, name] of names.entries()) {
    store.domains.add(app.id, parseHostName(name));
    if (index < count - 1) certificate(team, app.id, name);
  }
  const times = { failedAt: '2026-01-01T00:00:00.000Z', nextAt: '2099-01-01T00:00:00.000Z' };
  store.acmeFailures.put(directory, names.at(-1)!, {
    failures: 1,
    reason: 'No.',
    askedUntil: null,
    ...times,
  });
  return Object.assign(team, {
    reads: [vi.spyOn(store.certificates, 'usableBy'), vi.spyOn(store.certificates, 'all')],
    asked: vi.spyOn(store.acmeFailures, 'of'),
    hostsRead: vi.spyOn(store.domains, 'ofApp'),
  });
}

function certificate({ store }: TeamGround, appId: string | null, name: string, added = false): void {
  store.certificates.add({
    ...{ appId, name: `cert-${name}`, source: added ? 'added' : 'acme', chain: '', key: '' },
    directory: added ? null : directory,
    facts: {
      ...{ names: [name], subject: '', issuer: '', serial: '1', fingerprint: name, selfSigned: false },
      ...{ notBefore: new Date(Date.now() - 1000).toISOString(), notAfter: '2099-01-02T03:04:05.000Z' },
    },
  });
}

test.each(['domains', 'acm'])(
  '%s reads certificates once, and looks up the names of the page',
  async (list) => {
    await using team = await startMany();
    const ask = (range: string) =>
      team.ask<Shown[]>(team.token('bob', 'read'), 'GET', `/apps/hello/${list}`, undefined, { Range: range });
    const whole = await ask('hostname ..; max=1000');
    expect(whole.body.map((one) => [one.hostname, one.acm_status])).toEqual([
      ['hello.apps.test', 'pending'],
      ...names.map((name, index) => [name, index < count - 1 ? 'cert issued' : 'failing']),
    ]);
    expect(team.reads.flatMap(({ mock }) => mock.calls)).toHaveLength(1);
    team.asked.mockClear();
    const page = await ask(`hostname ]${names[36]}..; max=2`);
    expect(page.status).toBe(206);
    expect(page.headers.get('next-range')).toContain(`]${names[38]}..`);
    expect(page.body.map(({ hostname }) => hostname)).toEqual(names.slice(37, 39));
    expect(team.asked.mock.calls.flatMap(([, host]) => host ?? [])).toEqual(names.slice(37, 39));
    expect(team.reads.flatMap(({ mock }) => mock.calls)).toHaveLength(2);
  },
);

test('trying again reads no certificate once per name', async () => {
  await using team = await startMany();
  const { status, body } = await team.ask<Shown[]>(team.token('ada'), 'PATCH', '/apps/hello/acm', {
    acm_refresh: true,
  });
  expect([status, body.length]).toEqual([200, count + 1]);
  // Which hosts there are, and how they stand.
  expect(team.reads.flatMap(({ mock }) => mock.calls)).toHaveLength(2);
});

test("the server's certificates are shown with the names of all apps that they are for, which are read once", async () => {
  await using team = await startMany();
  for (const name of ['*.shop.test', '*.apps.test', 'n00.shop.test']) certificate(team, null, name, true);
  const { body } = await team.ask<{ domains: string[] }[]>(team.token('root'), 'GET', '/sni-endpoints');
  expect(body.map(({ domains }) => domains)).toEqual([['hello.apps.test'], names, ['n00.shop.test']]);
  expect(team.hostsRead).toHaveBeenCalledOnce();
});
