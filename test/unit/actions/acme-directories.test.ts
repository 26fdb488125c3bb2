// What one authority said does not count for another one: a real store, and an authority in the test that is asked by two names.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AskedToWait } from '../../../platform/certificates/acme.ts';
import { failed } from '../../../platform/certificates/renewal.ts';
import { eventually } from '../../support/wait.ts';
import { createAcmeGround, directory } from './acme-ground.ts';

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
  expect(ordered).toHaveLength(asked);
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
