// Whether visitors reach the server: what is made of where names lead, and the asking itself, against small routers.
import { expect, it } from 'vitest';
import { issue, makeAuthority } from '../../../platform/certificates/authority.ts';
import type { Facts } from '../../../platform/cli/doctor-facts.ts';
import type { Finding } from '../../../platform/cli/doctor-finding.ts';
import { names, ports } from '../../../platform/cli/doctor-visitors.ts';
import type { Way } from '../../../platform/cli/doctor-ways.ts';
import type { ServerStatus } from '../../../platform/cli/v3-status.ts';
import { status, way, well } from './doctor-ground.ts';
import { scriptedApi, twelve } from './scripted.ts';

const apps = '*.apps.example';
const home: Partial<ServerStatus> = { addresses: ['192.168.1.5', '2001:db8::7'] };
const seen = (ways: Way[], facts: Partial<Facts> = {}, server: Partial<ServerStatus> = {}): Finding[] =>
  names({ ...well, ...facts, ways, status: { ...status, ...server } });

it('a name that leads to this server is proved, whoever has the address', () => {
  const balancer = way(apps, '198.51.100.9', 'somebody', { 443: 'this server' });
  for (const server of [{}, home, { addresses: [] }])
    expect(seen([balancer], {}, server)).toEqual([
      {
        ...{ what: 'names', verdict: 'ok' },
        said: '*.apps.example leads to 198.51.100.9, where this server answers',
      },
    ]);
});

it.each<[string, Way, Partial<Facts>, Partial<ServerStatus>, Finding['verdict'], RegExp]>([
  [
    'a stranger has it',
    way(apps, '198.51.100.99', 'silent'),
    {},
    {},
    'warning',
    /none of its addresses \(203\.0\.113\.7, 2001/,
  ],
  [
    'also as seen from the server',
    way(apps, '198.51.100.99', 'silent'),
    { here: true },
    {},
    'warning',
    /none of its addresses/,
  ],
  [
    'it is another one',
    way(apps, '10.0.0.9', 'another server'),
    {},
    home,
    'warning',
    /another Twelve server/,
  ],
  [
    'a firewall is before it',
    way(apps, '203.0.113.7', 'silent'),
    {},
    {},
    'warning',
    /the server's, and nobody answers/,
  ],
  [
    'another program has the port',
    way(apps, '203.0.113.7', 'somebody'),
    {},
    {},
    'warning',
    /somebody else answers/,
  ],
  [
    'a router is before it',
    way(apps, '198.51.100.9', 'silent'),
    {},
    home,
    'skipped',
    /whether .* is not seen/,
  ],
  [
    'its outer address is no way in from inside',
    way(apps, '198.51.100.9', 'somebody'),
    { here: true },
    home,
    'skipped',
    /not seen/,
  ],
  ['there is no IPv6 here', way(apps, '2001:db8::7', 'no way'), {}, {}, 'skipped', /nothing can be asked/],
  ['only the server has IPv6', way(apps, '198.51.100.9', 'refused'), {}, home, 'skipped', /not seen/],
  ['it is this machine', way(apps, '127.0.0.1', 'somebody'), {}, {}, 'warning', /to this machine, and not/],
  [
    'it is this end of a tunnel',
    way(apps, '::1', 'refused'),
    { tunnel: true },
    {},
    'warning',
    /to this machine, and not/,
  ],
  ['it is nowhere', { name: apps, addresses: [], tries: [] }, {}, {}, 'warning', /nowhere from here/],
])('not proved, since %s', (_why, one, facts, server, verdict, said) => {
  expect(seen([one], facts, server)).toEqual([
    { what: 'names', verdict, said: expect.stringMatching(said), advice: expect.any(String) },
  ]);
});

it('the domain itself is needed by TLS alone', () => {
  const gone = { name: 'apps.example', addresses: [], tries: [] };
  expect(seen([gone])).toMatchObject([{ verdict: 'ok', said: expect.stringContaining('only TLS') }]);
  expect(seen([gone], {}, { https: { host: '::', port: 443 } })).toMatchObject([
    { verdict: 'warning', advice: expect.stringContaining('DNS record apps.example ') },
  ]);
});

it('the domain itself is proved by the API that answers by it, unless another server does at the same place', () => {
  const url = 'https://apps.example:5443';
  const told = (one: Way, facts: Partial<Facts>) =>
    seen([one], facts).map(({ verdict, said }) => [verdict, said]);
  const domain = way('apps.example', '203.0.113.7', 'somebody');
  expect(told(domain, { url })).toEqual([
    ['ok', "apps.example leads to 203.0.113.7, where this server's API answers"],
  ]);
  expect(told(domain, {})).toMatchObject([['warning', expect.any(String)]]);
  // The apps' names are another matter.
  expect(told(way(apps, '203.0.113.7', 'somebody'), { url })).toMatchObject([
    ['warning', expect.any(String)],
  ]);
  expect(told(way('apps.example', '203.0.113.7', 'another server'), { url })).toMatchObject([
    ['warning', expect.stringContaining('another Twelve server')],
  ]);
  const tunnelled = way('localhost', '127.0.0.1', 'somebody');
  expect(told(tunnelled, { url: 'http://localhost:5480', tunnel: true })).toMatchObject([
    ['warning', expect.stringContaining('to this machine, and not to the server')],
  ]);
});

it('an address among several that is not the server is told, and for sure only where somebody there said so', () => {
  const both = (address: string, answer: 'refused' | 'silent'): Way => {
    const [first, second] = [way(apps, '203.0.113.7', 'this server'), way(apps, address, answer)];
    return { name: apps, addresses: ['203.0.113.7', address], tries: [...first.tries, ...second.tries] };
  };
  const told = (one: Way) => seen([one]).map(({ verdict, said }) => [verdict, said]);
  const ok = ['ok', '*.apps.example leads to 203.0.113.7, where this server answers'];
  expect(told(both('2001:db8::7', 'refused'))).toEqual([
    ok,
    ['warning', '*.apps.example leads to 2001:db8::7 too, where this server does not answer'],
  ]);
  expect(told(both('2001:db8::7', 'silent'))).toEqual([
    ok,
    ['skipped', '*.apps.example leads to 2001:db8::7 too, where nobody answers from here'],
  ]);
  expect(told(both('::1', 'refused'))).toEqual([ok]);
});

it('what answers at a stranger is not said of the address that is the server', () => {
  const [own, other] = [way(apps, '203.0.113.7', 'refused'), way(apps, '198.51.100.99', 'somebody')];
  const addresses = [...own.addresses, ...other.addresses];
  const said = (first: Way) =>
    seen([{ name: apps, addresses, tries: [...first.tries, ...other.tries] }]).map((one) => one.said);
  expect(said(own)).toEqual([
    "*.apps.example leads to 203.0.113.7, which is the server's, and nobody answers there from here",
  ]);
  expect(said(way(apps, '203.0.113.7', 'no way'))).toEqual([
    expect.stringMatching(/where somebody else answers from here; whether visitors .* is not seen$/),
  ]);
});

it('where nothing can be asked, it is not said that the server does not answer', () => {
  expect(seen([way(apps, '2001:db8::99', 'no way')])).toMatchObject([
    {
      verdict: 'warning',
      said: expect.stringMatching(/where nothing can be asked from here, and to none of its addresses/),
    },
  ]);
});

it('nothing is claimed of a server that does not tell itself from others', () => {
  const { router_mark: _, ...older } = status;
  const one = { name: apps, addresses: ['198.51.100.99'], tries: [] };
  expect(names({ ...well, ways: [one], status: older })).toMatchObject([{ verdict: 'skipped' }]);
});

it('a port is open where a name proved it; what is before the server may have others', () => {
  const closed = [{ host: 'twelve.example', port: 80, open: false }];
  const found = (ways: Way[], facts: Partial<Omit<Facts, 'status'>> = {}) =>
    ports({ ...well, status, ways, ports: closed, ...facts }).map(({ verdict, said }) => [verdict, said]);
  expect(found([way(apps, '2001:db8::7', 'this server')])).toEqual([
    ['ok', '[2001:db8::7]:80, where visitors come in, answers as this server'],
  ]);
  expect(found([way(apps, '198.51.100.9', 'refused', { 443: 'this server' })])).toEqual([
    [
      'skipped',
      'twelve.example:80, where visitors come in, cannot be reached from here; 198.51.100.9:443 leads to the server',
    ],
  ]);
  expect(found([way(apps, '198.51.100.9', 'refused')])).toMatchObject([['failed', expect.any(String)]]);
  const own = [{ host: '127.0.0.1', port: 80, open: true }];
  expect(found([way(apps, '127.0.0.1', 'refused')], { here: true, ports: own })).toMatchObject([
    ['ok', expect.stringMatching(/ is open on this machine itself$/)],
  ]);
});

it('asks as a visitor would, without a token, and knows the server by its mark', async () => {
  let mark: Record<string, string> = { 'X-Twelve-Router': status.router_mark! };
  await using router = await scriptedApi({ 'GET /': () => ({ status: 404, headers: mark }) });
  const http = { host: '127.0.0.1', port: Number(new URL(router.url).port) };
  await using api = await scriptedApi({
    'GET /server/status': { body: { ...status, ...{ domain: 'localhost', http } } },
  });
  const doctor = async (): Promise<string> => (await twelve(['doctor'], { url: api.url })).out;
  const good = await doctor();
  expect(good).toMatch(/^ok {4}names +localhost leads to .*127\.0\.0\.1.*, where this server answers$/m);
  expect(good).toMatch(/^ok {4}port .*, answers as this server$/m);
  const asked = router.asked.find(({ headers }) => headers.host === 'localhost')!;
  expect(asked.headers).not.toHaveProperty('authorization');
  mark = { 'X-Twelve-Router': 'of another one' };
  expect(await doctor()).not.toContain('this server');
});

it('asks over TLS too, whatever the certificate', async () => {
  const now = new Date();
  const leaf = await issue(await makeAuthority('somebody.example', now), ['somebody.example'], now);
  const mark = { 'X-Twelve-Router': status.router_mark! };
  await using router = await scriptedApi({ 'GET /': { status: 404, headers: mark } }, leaf);
  const https = { host: '127.0.0.1', port: Number(new URL(router.url).port) };
  const http = { host: '127.0.0.1', port: 9 };
  await using api = await scriptedApi({
    'GET /server/status': { body: { ...status, ...{ domain: 'localhost', http, https } } },
  });
  const { out } = await twelve(['doctor'], { url: api.url });
  expect(out).toMatch(/^ok {4}names +localhost leads to .*127\.0\.0\.1.*, where this server answers$/m);
  expect(out).toMatch(
    new RegExp(`^ok {4}port +127\\.0\\.0\\.1:${https.port}, .* answers as this server$`, 'm'),
  );
  expect(out).toMatch(/^FAIL {2}port +127\.0\.0\.1:9, .* cannot be reached from here$/m);
});
