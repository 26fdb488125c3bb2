// Which hosts certificates are ordered for, in which order, and what is said of how they stand: a real store, and an authority in the test.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { certificateOrders } from '../../../platform/actions/certificate-orders.ts';
import { addCertificate } from '../../../platform/actions/certificates.ts';
import { AskedToWait } from '../../../platform/certificates/acme.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { eventually } from '../../support/wait.ts';
import { createAcmeGround, directory } from './acme-ground.ts';

test('names of the platform and of apps are ordered once each, and served', async () => {
  await using acme = await createAcmeGround();
  const { platform, authority, lines, ordered, order, domain, status, allServed, hostsServed } = acme;
  domain('www.shop.test');
  domain('*.shop.test');
  expect(status('www.shop.test')).toEqual({ status: 'pending', reason: null });
  order();
  await eventually(hostsServed, (hosts) => hosts.length === 2);
  await eventually(
    () => ordered.length,
    (count) => count === 3,
  );
  await eventually(allServed, (hosts) => hosts.length === 3);
  expect(allServed()).toEqual(['apps.test', 'hello.apps.test', 'www.shop.test']);
  expect(platform.certificates.pairFor('apps.test').chain).toContain(authority.chain.trim().slice(-80));
  expect(status('www.shop.test')).toEqual({ status: 'cert issued', reason: null });
  expect(status('*.shop.test')).toEqual({ status: 'failed', reason: expect.stringContaining('certs:add') });
  expect(lines).toContainEqual(
    expect.stringMatching(/^Certificate for www\.shop\.test issued by CN=Public CA, good until/),
  );
  await platform.certificates.changed();
  await sleep(50);
  expect([...ordered].sort()).toEqual(['apps.test', 'hello.apps.test', 'www.shop.test']);
});

test('where only the API is served over TLS, only its names are ordered; what apps had is kept for when they are', async () => {
  await using acme = await createAcmeGround();
  const { platform, ordered, order, end, domain, status, hostsServed } = acme;
  const { https } = platform.config;
  const onlyApi = { ...{ https: null }, apiTls: { host: '127.0.0.1', port: 5443 } };
  Object.assign(platform.config, onlyApi);
  domain('www.shop.test');
  order();
  await eventually(
    () => ordered.length,
    (count) => count === 1,
  );
  await sleep(50);
  expect(ordered).toEqual(['apps.test']);
  const failed = { status: 'failed', reason: expect.stringContaining('apps are served over plain HTTP') };
  expect(status('www.shop.test')).toEqual(failed);
  expect(await certificateOrders(platform)).toEqual({ hosts: 1, failing: 0, first: null });
  Object.assign(platform.config, { https, apiTls: null });
  await platform.certificates.changed();
  await eventually(hostsServed, (hosts) => hosts.length === 2);
  expect(status('www.shop.test')).toEqual({ status: 'cert issued', reason: null });
  end();
  Object.assign(platform.config, onlyApi);
  order(80);
  await eventually(
    () => ordered.length,
    (count) => count === 4,
  );
  await sleep(50);
  expect(ordered.slice(3)).toEqual(['apps.test']);
  expect(status('www.shop.test')).toEqual(failed);
  expect(platform.store.certificates.all().flatMap(({ names }) => names)).toContain('www.shop.test');
});

test('a failure is said and waits; other hosts do not wait for it', async () => {
  await using acme = await createAcmeGround();
  const { platform, lines, ordered, refusals, order, end, domain, status, hostsServed, failing } = acme;
  domain('gone.test');
  domain('later.test');
  refusals.set('gone.test', new Error('DNS problem: no such host.'));
  refusals.set('later.test', new AskedToWait('Too many certificates for "later.test".', 7_200_000));
  order();
  await eventually(hostsServed, (hosts) => hosts.length === 1);
  await eventually(
    () => ordered.length,
    (count) => count === 4,
  );
  expect(status('gone.test')).toEqual({ status: 'failing', reason: 'DNS problem: no such host.' });
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^No certificate for gone\.test: DNS problem: no such host\. It is tried again at 20/,
    ),
  );
  const failure = platform.store.acmeFailures.of(directory, 'later.test')!;
  expect(Date.parse(failure.nextAt) - Date.parse(failure.failedAt)).toBeGreaterThanOrEqual(7_200_000);
  end();
  refusals.clear();
  order(3 / 24);
  await eventually(hostsServed, (hosts) => hosts.length === 3);
  expect(status('gone.test')).toEqual({ status: 'cert issued', reason: null });
  expect(failing()).toEqual([]);
});

test('what failed by a clock that was set back since is not waited for, of one name nor of all', async () => {
  await using acme = await createAcmeGround();
  const { refusals, ordered, order, end, domain, status, hostsServed, failing } = acme;
  domain('www.shop.test');
  refusals.set('www.shop.test', new AskedToWait('Too many new orders.', 7_200_000));
  refusals.set('apps.test', new Error('certificate has expired'));
  order(400);
  await eventually(failing, (hosts) => hosts.includes('all') && hosts.includes('www.shop.test'));
  end();
  expect(status('www.shop.test')).toEqual({ status: 'pending', reason: null });
  refusals.clear();
  ordered.length = 0;
  order();
  await eventually(hostsServed, (hosts) => hosts.includes('www.shop.test'));
  expect(ordered).toContain('www.shop.test');
  expect(failing()).not.toContain('all');
});

test("that the platform's own name gets none is a warning of the server's; that it has got one is none", async () => {
  await using acme = await createAcmeGround();
  const { ground, lines, refusals, order, end, allServed } = acme;
  refusals.set('apps.test', new Error('DNS problem: no such host.'));
  order();
  await eventually(allServed, (hosts) => hosts.length === 1);
  expect(ground.problems).toEqual([
    expect.stringMatching(
      /^No certificate for apps\.test: DNS problem: no such host\. It is tried again at 20/,
    ),
  ]);
  expect(lines.join()).not.toContain(' apps.test');
  end();
  refusals.clear();
  order(1 / 24);
  await eventually(allServed, (hosts) => hosts.length === 2);
  expect(ground.problems).toHaveLength(1);
});

test('what the authority asks of the account goes for all names, also after a restart, and is said where one looks', async () => {
  await using acme = await createAcmeGround();
  const { ground, platform, lines, ordered, refusals, order, end, domain, status, allServed, failing } = acme;
  domain('www.shop.test');
  const asked = new AskedToWait('Too many new orders (300) from this account.', 7_200_000);
  for (const host of ['apps.test', 'hello.apps.test', 'www.shop.test']) refusals.set(host, asked);
  order();
  await eventually(
    () => lines.length,
    (count) => count === 2,
  );
  const said =
    /: the authority takes no orders of this server for now \(Too many new orders \(300\) .*\)\. They go on at 20/;
  expect(lines).toEqual([
    expect.stringMatching(/^No certificate for hello\.apps\.test yet/),
    expect.stringMatching(/^No certificate for www\.shop\.test yet/),
  ]);
  for (const line of lines) expect(line).toMatch(said);
  expect(ground.problems).toContainEqual('the authority takes no orders for now');
  expect(status('www.shop.test')).toEqual({
    status: 'pending',
    reason: expect.stringContaining('the authority takes no orders of this server'),
  });
  domain('later.test');
  await platform.certificates.changed();
  end();
  order(1 / 24);
  await sleep(100);
  expect(ordered).toEqual(['apps.test']);
  expect(failing()).toEqual(['all', 'apps.test']);
  end();
  refusals.clear();
  order(3 / 24);
  await eventually(allServed, (hosts) => hosts.length === 4);
  expect(failing()).toEqual([]);
});

test('a certificate that is renewed takes the place of the one before', async () => {
  await using acme = await createAcmeGround();
  const { platform, order, end } = acme;
  order();
  await eventually(
    () => platform.store.certificates.all().length,
    (count) => count === 2,
  );
  end();
  const before = platform.store.certificates.all().map(({ fingerprint }) => fingerprint);
  order(70);
  const after = await eventually(
    () => platform.store.certificates.all().filter(({ fingerprint }) => !before.includes(fingerprint)),
    (fresh) => fresh.length === 2,
  );
  expect(after.map(({ names }) => names[0]).sort()).toEqual(['apps.test', 'hello.apps.test']);
  expect(platform.store.certificates.all()).toHaveLength(2);
});

test('nothing is ordered for a host that an added certificate is good for, and an added one is served first', async () => {
  await using acme = await createAcmeGround();
  const { ground, platform, authority, ordered, order, domain, status, hostsServed } = acme;
  const wild = await makeCertificate('wild', { names: ['*.apps.test', 'apps.test'], issuer: authority });
  await addCertificate(platform, null, ground.caller, wild);
  domain('www.shop.test');
  order();
  await eventually(hostsServed, (hosts) => hosts.length === 2);
  await sleep(50);
  expect(ordered).toEqual(['www.shop.test']);
  expect(status('hello.apps.test')).toBeNull();
});

test("of a domain that is the platform's by now it is said that it is not ordered for the app", async () => {
  await using acme = await createAcmeGround();
  const { platform, domain, status } = acme;
  domain('paas.test');
  expect(status('paas.test')).toEqual({ status: 'pending', reason: null });
  Object.assign(platform.config, { apiNames: ['paas.test'] });
  expect(status('paas.test')).toEqual({
    status: 'failed',
    reason: expect.stringContaining('a name of the platform itself'),
  });
  expect(status('hello.apps.test')).toEqual({ status: 'pending', reason: null });
});

test('what was ordered for a domain goes with it', async () => {
  await using acme = await createAcmeGround();
  const { platform, order, domain, hostsServed } = acme;
  const { id } = domain('www.shop.test');
  order();
  await eventually(hostsServed, (hosts) => hosts.length === 2);
  platform.store.domains.remove(id);
  await platform.certificates.changed();
  await eventually(
    () => platform.store.certificates.all().flatMap(({ names }) => names),
    (names) => !names.includes('www.shop.test'),
  );
  expect(hostsServed()).toEqual(['hello.apps.test']);
});

test('what was ordered for a domain that was removed meanwhile is not kept', async () => {
  await using acme = await createAcmeGround();
  const { platform, authority, ordered, order, domain } = acme;
  const { id } = domain('www.shop.test');
  const store = platform.store;
  order(0, {
    orders: {
      async order(host) {
        store.domains.remove(id);
        const leaf = await makeCertificate(host, { names: [host], issuer: authority });
        ordered.push(host);
        return { chain: leaf.chain + authority.chain, key: leaf.key };
      },
    },
  });
  await eventually(
    () => ordered.length,
    (count) => count === 3 || count === 2,
  );
  await sleep(100);
  expect(store.certificates.all().flatMap(({ names }) => names)).not.toContain('www.shop.test');
});

test('what cannot be stored, as on a full disk, ends nothing: it goes on after a pause', async () => {
  await using acme = await createAcmeGround();
  const { ground, platform, ordered, order, status, hostsServed } = acme;
  let full = true;
  const store = {
    ...platform.store,
    transaction: <T>(change: () => T): T => {
      if (full) throw new Error('database or disk is full');
      return platform.store.transaction(change);
    },
    acmeFailures: {
      ...platform.store.acmeFailures,
      put() {
        throw new Error('database or disk is full');
      },
    },
  };
  order(0, { store, pauseMs: 500 });
  await eventually(
    () => ground.problems.length,
    (count) => count >= 2,
  );
  // Nor is the same ordered over and over.
  expect(ordered).toHaveLength(1);
  full = false;
  await eventually(hostsServed, (hosts) => hosts.length === 1);
  expect(status('hello.apps.test')).toEqual({ status: 'cert issued', reason: null });
});
