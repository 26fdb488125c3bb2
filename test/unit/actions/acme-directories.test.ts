// What one authority said or issued does not count for another one: a real store, and an authority in the test that is asked by two names.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { acmeStandings } from '../../../platform/actions/acme-refresh.ts';
import { AskedToWait } from '../../../platform/certificates/acme.ts';
import { checkCertificate } from '../../../platform/certificates/check.ts';
import { failed } from '../../../platform/certificates/renewal.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { eventually } from '../../support/wait.ts';
import { type AcmeGround, createAcmeGround, directory } from './acme-ground.ts';

test('what an authority asks of the account does not hold up orders from another one, and counts when that is asked again', async () => {
  await using acme = await createAcmeGround();
  const { lines, ordered, refusals, order, end, askOf, domain, status, allServed } = acme;
  domain('www.shop.test');
  const asked = new AskedToWait('Too many new orders (300) from this account.', 7_200_000);
  refusals.set('apps.test', asked);
  order();
  await eventually(
    () => lines.length,
    (count) => count === 2,
  );
  end();
  askOf('https://other.test/dir');
  expect(status('www.shop.test')).toEqual({ status: 'pending', reason: null });
  refusals.clear();
  order();
  await eventually(allServed, (hosts) => hosts.length === 3);
  end();
  // The one that the first authority refused, too.
  expect([...ordered].sort()).toEqual(['apps.test', 'apps.test', 'hello.apps.test', 'www.shop.test']);
  askOf(directory);
  domain('later.test');
  expect(status('later.test')?.reason).toContain('the authority takes no orders of this server');
  order();
  await sleep(100);
  expect(ordered).toHaveLength(4);
});

test("a host's failure is of the authority that said it: another one is asked at once, and it counts when the first is asked again", async () => {
  await using acme = await createAcmeGround();
  const { platform, ordered, refusals, order, end, askOf, domain, status } = acme;
  domain('www.shop.test');
  const refusal = new AskedToWait('Too many certificates for "shop.test".', 7_200_000);
  refusals.set('www.shop.test', refusal);
  order();
  await eventually(
    () => status('www.shop.test')?.status,
    (now) => now === 'failing',
  );
  end();
  const before = platform.store.acmeFailures.of(directory, 'www.shop.test');
  askOf('https://other.test/dir');
  expect(status('www.shop.test')).toEqual({ status: 'pending', reason: null });
  refusals.set('www.shop.test', new Error('DNS problem: no such host.'));
  order();
  await eventually(
    () => status('www.shop.test'),
    (now) => now?.reason === 'DNS problem: no such host.',
  );
  end();
  expect(platform.store.acmeFailures.of('https://other.test/dir', 'www.shop.test')?.failures).toBe(1);
  askOf(directory);
  expect(status('www.shop.test')).toEqual({ status: 'failing', reason: refusal.message });
  expect(platform.store.acmeFailures.of(directory, 'www.shop.test')).toEqual(before);
  const asked = ordered.length;
  order();
  await sleep(100);
  // The other names, whose certificates are of the other authority by now, are ordered anew.
  expect(ordered.slice(asked)).not.toContain('www.shop.test');
});

test('what an authority said of a host goes with the host, whichever said it', async () => {
  await using acme = await createAcmeGround();
  const { platform, order, domain } = acme;
  const { id } = domain('www.shop.test');
  const { acmeFailures, domains } = platform.store;
  const failure = failed('www.shop.test', null, 'Away.', new Date());
  for (const url of [directory, 'https://other.test/dir']) acmeFailures.put(url, 'www.shop.test', failure);
  domains.remove(id);
  order();
  await eventually(acmeFailures.hosts, (hosts) => hosts.length === 0);
});

test('what was stored before directories were is of the one that is asked when the newer server starts', async () => {
  await using acme = await createAcmeGround();
  const { platform, ordered, order, domain, status, allServed } = acme;
  domain('www.shop.test');
  const { acmeFailures } = platform.store;
  const failure = failed('www.shop.test', null, 'Away.', new Date());
  acmeFailures.put('', 'www.shop.test', failure);
  order();
  await eventually(allServed, (hosts) => hosts.length === 2);
  expect(ordered).not.toContain('www.shop.test');
  expect(status('www.shop.test')).toEqual({ status: 'failing', reason: 'Away.' });
  expect(acmeFailures.of(directory, 'www.shop.test')).toEqual(failure);
});

const directoriesOf = ({ platform }: AcmeGround) =>
  Object.fromEntries(platform.store.certificates.all().map(({ names, directory }) => [names[0], directory]));

test('what another authority issued is served until the one that is asked now has issued its own, which is ordered at once', async () => {
  await using acme = await createAcmeGround();
  const { platform, ground, ordered, refusals, order, end, askOf, domain, status, allServed } = acme;
  const other = 'https://other.test/dir';
  domain('www.shop.test');
  order();
  await eventually(allServed, (hosts) => hosts.length === 3);
  end();
  expect(status('www.shop.test')?.status).toBe('cert issued');
  const trial = platform.store.certificates.all().find(({ names }) => names.includes('www.shop.test'))!;
  askOf(other);
  expect(status('www.shop.test')).toEqual({ status: 'pending', reason: null });
  expect(acmeStandings(platform, ground.app).standingOf('www.shop.test')).toMatchObject({
    ...{ expiresAt: trial.notAfter, nextAt: null },
  });
  ordered.length = 0;
  domain('zz.test');
  refusals.set('www.shop.test', new Error('No such host.'));
  order();
  await eventually(
    () => status('www.shop.test'),
    (now) => now?.status === 'failing',
  );
  await eventually(
    () => Object.values(directoriesOf(acme)).filter((one) => one === other),
    (renewed) => renewed.length === 3,
  );
  end();
  // Who has none comes first.
  expect(ordered[0]).toBe('zz.test');
  expect([...ordered].sort()).toEqual(['apps.test', 'hello.apps.test', 'www.shop.test', 'zz.test']);
  expect(directoriesOf(acme)).toEqual({
    ...{ 'apps.test': other, 'hello.apps.test': other, 'zz.test': other, 'www.shop.test': directory },
  });
  expect(status('hello.apps.test')).toEqual({ status: 'cert issued', reason: null });
  expect(status('www.shop.test')).toEqual({ status: 'failing', reason: 'No such host.' });
  await platform.certificates.changed();
  expect(allServed()).toContain('www.shop.test');
  refusals.clear();
  order(1 / 24);
  await eventually(
    () => directoriesOf(acme)['www.shop.test'],
    (now) => now === other,
  );
  expect(platform.store.certificates.all()).toHaveLength(4);
});

test('what was ordered before directories were stored is of the one that is asked when the newer server starts', async () => {
  await using acme = await createAcmeGround();
  const { platform, authority, ordered, order, end, askOf, status } = acme;
  const { chain, key } = await makeCertificate('a', { names: ['apps.test'], issuer: authority });
  const checked = checkCertificate(chain + authority.chain, key, new Date());
  platform.store.certificates.add({
    ...{ appId: null, name: 'acme-apps.test', source: 'acme', directory: '', ...checked },
  });
  order();
  await eventually(
    () => status('hello.apps.test')?.status,
    (now) => now === 'cert issued',
  );
  end();
  expect(ordered).toEqual(['hello.apps.test']);
  expect(directoriesOf(acme)).toEqual({ 'apps.test': directory, 'hello.apps.test': directory });
  askOf('https://other.test/dir');
  order();
  await eventually(
    () => ordered,
    (names) => names.length === 3,
  );
  expect(ordered[1]).toBe('apps.test');
});
