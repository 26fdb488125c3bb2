// Failed orders that somebody has tried again: what is ordered then, and what is kept to of what the authority asked for.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AcmeStanding } from '../../../platform/actions/acme-hosts.ts';
import { acmeStandings, refreshAcme } from '../../../platform/actions/acme-refresh.ts';
import { addCertificate } from '../../../platform/actions/certificates.ts';
import { AskedToWait } from '../../../platform/certificates/acme.ts';
import type { App } from '../../../platform/domain/app.ts';
import type { PlatformError } from '../../../platform/domain/errors.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { eventually } from '../../support/wait.ts';
import { type AcmeGround, createAcmeGround, directory } from './acme-ground.ts';

const minute = 60_000;
const standing = ({ platform }: AcmeGround, owner: App | null): AcmeStanding[] => {
  const { hosts, standingOf } = acmeStandings(platform, owner);
  return hosts.map(standingOf);
};
const ofApp = (acme: AcmeGround) => standing(acme, acme.ground.app);
const later = (ms: number): Date => new Date(Date.now() + ms);
const refresh = ({ platform, ground }: AcmeGround, after: number, owner: 'app' | 'server' = 'app') =>
  refreshAcme(platform, owner === 'app' ? ground.app : null, ground.caller, later(after));
const refusalOf = async (tried: Promise<unknown>): Promise<PlatformError> =>
  await tried.then(
    () => expect.unreachable('it was tried'),
    (error: unknown) => error as PlatformError,
  );

/** Ordered once, with these answers of the authority. */
async function ordered(acme: AcmeGround, answers: Record<string, Error>, count: number): Promise<void> {
  for (const [host, error] of Object.entries(answers)) acme.refusals.set(host, error);
  acme.order();
  await eventually(
    () => acme.ordered.length,
    (now) => now === count,
  );
  await eventually(
    () => Object.keys(answers).filter((host) => !acme.status(host)?.reason),
    (open) => open.length === 0,
  );
  acme.ordered.length = 0;
}

test('what failed is ordered at once, and what did not is left alone', async () => {
  await using acme = await createAcmeGround();
  acme.domain('www.shop.test');
  await ordered(acme, { 'www.shop.test': new Error('DNS problem: no such host.') }, 3);
  acme.refusals.clear();
  expect(ofApp(acme)).toMatchObject([
    { host: 'hello.apps.test', status: 'cert issued', reason: null, byHandAt: null },
    { host: 'www.shop.test', status: 'failing', reason: 'DNS problem: no such host.', expiresAt: null },
  ]);
  expect(await refresh(acme, 2 * minute)).toEqual(['www.shop.test']);
  // The clock of those who order is behind by these two minutes, and the turn comes with them.
  expect(acme.ordered).toEqual([]);
  acme.end();
  acme.order(3 / (24 * 60));
  await eventually(acme.hostsServed, (hosts) => hosts.length === 2);
  expect(acme.ordered).toEqual(['www.shop.test']);
  expect(acme.lines).toContain('Another order for www.shop.test asked for by user ada@example.com');
  expect(ofApp(acme)[1]).toMatchObject({ status: 'cert issued', reason: null, byHandAt: null });
  expect(await refresh(acme, 2 * minute)).toEqual([]);
});

test('those who order are woken by it', async () => {
  await using acme = await createAcmeGround();
  const { store } = acme.platform;
  acme.domain('www.shop.test');
  const failure = { failures: 1, reason: 'No such host.', askedUntil: null };
  const [failedAt, nextAt] = [later(-2 * minute).toISOString(), later(8 * minute).toISOString()];
  store.acmeFailures.put(directory, 'www.shop.test', { ...failure, failedAt, nextAt });
  acme.order();
  await eventually(acme.allServed, (hosts) => hosts.length === 2);
  await sleep(50);
  expect(acme.ordered).not.toContain('www.shop.test');
  expect(await refresh(acme, 0)).toEqual(['www.shop.test']);
  await eventually(acme.hostsServed, (hosts) => hosts.includes('www.shop.test'));
});

test('a name is not tried twice in a minute, and the refusal gives the time', async () => {
  await using acme = await createAcmeGround();
  acme.domain('www.shop.test');
  await ordered(acme, { 'www.shop.test': new Error('DNS problem: no such host.') }, 3);
  const before = acme.platform.store.acmeFailures.of(directory, 'www.shop.test')!;
  const refusal = await refusalOf(refresh(acme, 0));
  expect(refusal.code).toBe('rate_limit');
  const at = ofApp(acme)[1]!.byHandAt!;
  expect(refusal.message).toContain(`www.shop.test at ${at.replace('.000', '')}`);
  expect(Date.parse(at) - Date.parse(before.failedAt)).toBeGreaterThanOrEqual(minute);
  expect(refusal.details['retryAfter']).toSatisfy((seconds: number) => seconds >= 1 && seconds <= 61);
  expect(acme.platform.store.acmeFailures.of(directory, 'www.shop.test')).toEqual(before);
  expect(acme.ordered).toEqual([]);
});

test('what the authority asked for a name is waited for; another one that failed is tried meanwhile', async () => {
  await using acme = await createAcmeGround();
  acme.domain('a.test');
  acme.domain('www.shop.test');
  const asked = new AskedToWait('Too many certificates for "shop.test".', 120 * minute);
  await ordered(acme, { 'www.shop.test': asked, 'a.test': new Error('No such host.') }, 4);
  const refusal = await refusalOf(refresh(acme, 0));
  expect(refusal.message).toMatch(/again: a\.test at 20[^,]*Z, www\.shop\.test at 20[^,]*Z\.$/);
  expect(await refresh(acme, 2 * minute)).toEqual(['a.test']);
  const held = await refusalOf(refresh(acme, 100 * minute));
  expect(held.message).toMatch(/again: www\.shop\.test at 20/);
  expect(held.message).not.toContain('a.test');
  const { failedAt, askedUntil } = acme.platform.store.acmeFailures.of(directory, 'www.shop.test')!;
  expect(Date.parse(askedUntil!) - Date.parse(failedAt)).toBe(120 * minute);
});

test('while the authority takes no orders of the account nothing is tried, and it says until when', async () => {
  await using acme = await createAcmeGround();
  acme.domain('www.shop.test');
  const asked = new AskedToWait('Too many new orders (300) from this account.', 120 * minute);
  acme.refusals.set('apps.test', asked);
  acme.order();
  await eventually(acme.failing, (names) => names.includes('all'));
  const { nextAt } = acme.platform.store.acmeFailures.of(directory, null)!;
  for (const owner of ['app', 'server'] as const) {
    const refusal = await refusalOf(refresh(acme, 60 * minute, owner));
    expect(refusal).toMatchObject({ code: 'rate_limit' });
    expect(refusal.message).toContain(`They go on at ${nextAt}.`);
  }
  expect(ofApp(acme)[1]).toMatchObject({ status: 'pending', nextAt });
  expect(acme.ordered).toEqual(['apps.test']);
  // Where nothing is to be ordered, that is no matter.
  const wild = { names: ['*.apps.test', 'www.shop.test'], issuer: acme.authority };
  await addCertificate(acme.platform, acme.ground.app, acme.ground.caller, await makeCertificate('w', wild));
  expect(await refresh(acme, 0)).toEqual([]);
  expect(ofApp(acme).map(({ status }) => status)).toEqual([null, null]);
});

test("the server's names are apart from those of apps", async () => {
  await using acme = await createAcmeGround();
  const { ground } = acme;
  const refusal = new Error('No such host.');
  await ordered(acme, { 'hello.apps.test': refusal }, 2);
  acme.end();
  expect(standing(acme, null)).toMatchObject([{ host: 'apps.test', status: 'cert issued' }]);
  expect(await refresh(acme, 2 * minute, 'server')).toEqual([]);
  expect(ground.store.acmeFailures.of(directory, 'hello.apps.test')).not.toBeNull();
  expect(await refresh(acme, 2 * minute)).toEqual(['hello.apps.test']);
});

test('where nothing is ordered it is said what turns it on', async () => {
  await using acme = await createAcmeGround();
  Object.assign(acme.platform.config, { acme: null });
  expect(() => ofApp(acme)).toThrow(/orders no certificates\. .*TWELVE_ACME=agreed and TWELVE_ACME_EMAIL/);
  expect((await refusalOf(refresh(acme, 0))).code).toBe('invalid_params');
});
