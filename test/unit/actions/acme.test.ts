// Which hosts certificates are ordered for, in which order, and what is said of how they stand: a real store, and an authority in the test.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AcmeNeeds, acmeStatusOf, keepOrdering } from '../../../platform/actions/acme.ts';
import { createCertificateService } from '../../../platform/actions/certificate-service.ts';
import { addCertificate } from '../../../platform/actions/certificates.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { AskedToWait } from '../../../platform/certificates/acme.ts';
import { failed } from '../../../platform/certificates/renewal.ts';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import type { RouterCertificates } from '../../../platform/router/router.ts';
import { type Issued, makeCertificate } from '../../support/certificates.ts';
import { eventually } from '../../support/wait.ts';
import { createGround, type Ground } from './ground.ts';

const directory = 'https://ca.test/dir';
let ground: Ground;
let platform: Platform;
let authority: Issued;
let served: RouterCertificates | undefined;
let lines: string[];
let ordered: string[];
/** How far the clock of all is ahead of the machine's. */
let ahead: number;
/** Host → what the authority says instead. */
let refusals: Map<string, Error>;
let end: () => void;

beforeEach(async () => {
  [served, lines, ordered, refusals, end, ahead] = [undefined, [], [], new Map(), () => {}, 0];
  authority = await makeCertificate('Public CA', { authority: true });
  const acme = { directory, email: 'a@b.test', caFile: null };
  const https = { host: '127.0.0.1', port: 443 };
  ground = createGround({
    config: {
      ...{
        domain: 'apps.test',
        publicUrl: null,
        apiNames: [],
        apiTls: null,
        http: { port: 80 },
        https,
        acme,
      },
      api: { host: '127.0.0.1', port: 5480 },
    } as unknown as Platform['config'],
    logs: {
      write: (_id: string, line: { text: string }) => lines.push(line.text),
    } as unknown as Platform['logs'],
  });
  const { store, config } = ground.platform;
  const router = {
    async secure(wanted: RouterCertificates) {
      served = wanted;
    },
  };
  const certificates = await createCertificateService({ store, config, router, onProblem: () => undefined });
  platform = { ...ground.platform, certificates };
});
afterEach(async () => {
  end();
  await platform.certificates.close();
  ground[Symbol.dispose]();
});

function order(days = 0, more: Partial<AcmeNeeds> = {}): void {
  ahead = days;
  end = keepOrdering({
    ...platform,
    ...more,
    now: () => new Date(Date.now() + days * 86_400_000),
    orders: {
      async order(host) {
        ordered.push(host);
        const refusal = refusals.get(host);
        if (refusal) throw refusal;
        const leaf = await makeCertificate(host, {
          names: [host],
          issuer: authority,
          from: ahead - 1,
          to: ahead + 89,
        });
        return { chain: leaf.chain + authority.chain, key: leaf.key };
      },
    },
  });
}
const askOf = (url: string) =>
  Object.assign(platform.config, { acme: { ...platform.config.acme, directory: url } });
const allServed = (): string[] => served!.entries.flatMap(({ hosts }) => hosts).sort();
/** Of the app. */
const hostsServed = (): string[] => allServed().filter((host) => host !== 'apps.test');
const status = (host: string) => acmeStatusOf(platform, ground.app.id, host);
/** Of what the authority said something else; `all`: of all orders. */
const failing = (): string[] => {
  const { acmeFailures } = platform.store;
  return [...(acmeFailures.of(directory, null) ? ['all'] : []), ...acmeFailures.ofHosts(directory).keys()];
};
const domain = (name: string) => platform.store.domains.add(ground.app.id, parseHostName(name));

test('names of the platform and of apps are ordered once each, and served', async () => {
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

test('a failure is said and waits; other hosts do not wait for it', async () => {
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

test('what the authority asks of the account goes for all names, also after a restart, and is said where one looks', async () => {
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

test('what an authority asks of the account does not hold up orders from another one, and counts when that is asked again', async () => {
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
  const { id } = domain('www.shop.test');
  const { acmeFailures, domains } = platform.store;
  const failure = failed('www.shop.test', null, 'Away.', new Date());
  for (const url of [directory, 'https://other.test/dir']) acmeFailures.put(url, 'www.shop.test', failure);
  domains.remove(id);
  order();
  await eventually(acmeFailures.hosts, (hosts) => hosts.length === 0);
});

test('what was stored before directories were is of the one that is asked when the newer server starts', async () => {
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

test('a certificate that is renewed takes the place of the one before', async () => {
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
  const wild = await makeCertificate('wild', { names: ['*.apps.test', 'apps.test'], issuer: authority });
  await addCertificate(platform, null, ground.caller, wild);
  domain('www.shop.test');
  order();
  await eventually(hostsServed, (hosts) => hosts.length === 2);
  await sleep(50);
  expect(ordered).toEqual(['www.shop.test']);
  expect(status('hello.apps.test')).toBeNull();
});

test("of a domain that is the platform's by now it is said that it is not ordered for the app", () => {
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
  const { id } = domain('www.shop.test');
  const store = platform.store;
  const remove = keepOrdering({
    ...platform,
    orders: {
      async order(host) {
        store.domains.remove(id);
        const leaf = await makeCertificate(host, { names: [host], issuer: authority });
        ordered.push(host);
        return { chain: leaf.chain + authority.chain, key: leaf.key };
      },
    },
  });
  end = remove;
  await eventually(
    () => ordered.length,
    (count) => count === 3 || count === 2,
  );
  await sleep(100);
  expect(store.certificates.all().flatMap(({ names }) => names)).not.toContain('www.shop.test');
});

test('what cannot be stored, as on a full disk, ends nothing: it goes on after a pause', async () => {
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
