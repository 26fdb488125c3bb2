// The doctor's findings from facts, and its whole way against an API that answers; how the server stands, in words.
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { issue, makeAuthority } from '../../../platform/certificates/authority.ts';
import { examine } from '../../../platform/cli/doctor-checks.ts';
import type { Facts } from '../../../platform/cli/doctor-facts.ts';
import type { Finding } from '../../../platform/cli/doctor-finding.ts';
import type { ServerStatus } from '../../../platform/cli/v3-status.ts';
import { gb, status, well } from './doctor-ground.ts';
import { scriptedApi, twelve } from './scripted.ts';

const engine = { ...status.disk.engine!, free: gb / 4 };
const tunnel = { url: 'http://127.0.0.1:5480', tunnel: true };
const shown = { name: 'apps.example', problem: null, daysLeft: 60 };
const ended = {
  ...{ app: { name: 'shop' }, name: 'cert-1', hostname: 'www.shop.test' },
  expires_at: '2026-11-28T11:00:00.000Z',
};
const wrong = (facts: Partial<Facts>): Finding[] =>
  examine({ ...well, ...facts }).filter(({ verdict }) => verdict !== 'ok');
const server = (more: Partial<ServerStatus>): Partial<Facts> => ({ status: { ...status, ...more } });

it('finds nothing where all is well', () => {
  expect(wrong({})).toEqual([]);
  expect(wrong({ shown })).toEqual([]);
  expect(examine(well).map(({ what }) => what)).toEqual([
    ...[
      'client',
      'login',
      'server',
      'engine',
      'parts',
      'disk',
      'engine disk',
      'memory',
      'clock',
      'names',
      'names',
      'certificate',
      'port',
    ],
  ]);
});

it.each<[Partial<Facts>, string, Finding['verdict'], RegExp]>([
  [server({ version: '9.0.0' }), 'client', 'warning', /Install the server's version/],
  [{ login: { ...well.login, mode: 0o100644 } }, 'login', 'failed', /chmod 600 \/home\/ada/],
  [server({ engine: { ...status.engine, version: '19.3.1' } }), 'engine', 'failed', /20\.10 or newer/],
  [server({ engine: { ...status.engine, cgroup_version: 1 } }), 'engine', 'warning', /cgroup v2/],
  [server({ engine: { ...status.engine, failure: 'It is away.' } }), 'engine', 'failed', /TWELVE_ENGINE/],
  [
    server({ images: { packages_as_of: '2026-09-01T00:00:00.000Z', apps_behind: ['a'] } }),
    ...(['images', 'warning', /scripts\/install --fresh-images/] as const),
  ],
  [
    server({ images: { packages_as_of: '2026-11-27T00:00:00.000Z', apps_behind: ['a', 'b'] } }),
    ...(['images', 'warning', /twelve redeploy/] as const),
  ],
  [server({ failing: ['router'] }), 'parts', 'failed', /own log/],
  [server({ disk: { ...status.disk, free: gb / 4 } }), 'disk', 'failed', /builds:cache:purge/],
  [server({ disk: { ...status.disk, free: 5 * gb } }), 'disk', 'warning', /larger disk/],
  [
    server({ disk: { ...status.disk, budgets: { slugs: gb, logs: 1 } } }),
    ...(['budget', 'failed', /raise TWELVE_SLUGS_BUDGET/] as const),
  ],
  [server({ disk: { ...status.disk, engine } }), 'engine disk', 'failed', /TWELVE_IMAGES_BUDGET/],
  [
    server({ disk: { ...status.disk, engine: { ...engine, free: 5 * gb } } }),
    'engine disk',
    'warning',
    /docker system df/,
  ],
  [
    { ...tunnel, ways: [], ports: [{ host: '203.0.113.7', port: 80, open: false }] },
    ...(['port', 'warning', /firewall/] as const),
  ],
  [server({ memory: { ...status.memory, free: gb / 2 } }), 'memory', 'warning', /ps:resize/],
  [{ clock: { ahead: -8000, precision: 20 } }, 'clock', 'warning', /set-ntp/],
  [{ clock: { ahead: 90_000, precision: 20 } }, 'clock', 'failed', /set-ntp/],
  [{ url: 'http://twelve.example' }, 'certificate', 'warning', /TLS/],
  [
    { shown: { ...shown, daysLeft: -3.5 } },
    'certificate',
    'failed',
    /twelve certs:auto --server .* certs:add/,
  ],
  [{ shown: { ...shown, daysLeft: 9 } }, 'certificate', 'warning', /twelve certs:auto/],
  [{ shown: { ...shown, problem: 'SELF_SIGNED' } }, 'certificate', 'warning', /TWELVE_ACME/],
  [{ ways: [], ports: [{ host: 'twelve.example', port: 80, open: false }] }, 'port', 'failed', /firewall/],
  [
    server({
      certificate_orders: {
        ...{ hosts: 3, failing: 2 },
        first: { app: { name: 'shop' }, hostname: 'shop.test', reason: 'No such host.' },
      },
    }),
    ...(['orders', 'warning', /port 80 .* twelve certs:auto -a shop /] as const),
  ],
  [
    server({ certificates_ending: [{ ...ended, expires_at: '2026-11-30T00:00:00.000Z' }] }),
    ...(['certificate', 'warning', /certs:add CRT KEY -a shop\. .*certs:remove cert-1 -a shop/] as const),
  ],
  [
    server({ certificates_ending: [{ ...ended, app: null }] }),
    ...(['certificate', 'failed', /certs:add CRT KEY --server/] as const),
  ],
])('%#: says what to do', (facts, what, verdict, advice) => {
  expect(wrong(facts)).toEqual([
    expect.objectContaining({ what, verdict, advice: expect.stringMatching(advice) }),
  ]);
});

it('looks at the engine disk only where it is another one, and says where it is not seen', () => {
  const on = (engine: ServerStatus['disk']['engine']) =>
    examine({
      ...well,
      ...server({ disk: { ...status.disk, engine, used: { images: 9 * gb, slugs: gb } } }),
    });
  const of = (found: Finding[], what: string) => found.find((one) => one.what === what);
  const shared = on({ ...engine, shared: true });
  expect(of(shared, 'engine disk')).toBeUndefined();
  expect(of(shared, 'disk')!.said).toContain('of ours images take most, 9.0 GB');
  expect(of(on({ ...engine, free: 40 * gb }), 'engine disk')).toMatchObject({
    verdict: 'ok',
    said: '40.0 GB of 80.0 GB free at /var/lib/docker; our images take 9.0 GB',
  });
  expect(of(on({ ...engine, free: 40 * gb }), 'disk')!.said).toContain('of ours slugs take most');
  expect(of(on(null), 'engine disk')).toMatchObject({ verdict: 'skipped' });
});

it('says how old the images are, and which apps have not come to the new stack; the first of many', () => {
  const packages_as_of = '2026-11-21T00:00:00.000Z';
  const said = (...apps_behind: string[]) =>
    examine({ ...well, ...server({ images: { packages_as_of, apps_behind } }) }).find(
      ({ what }) => what === 'images',
    );
  const age = "Debian's packages in them are of 2026-11-21, 7 days ago";
  expect(said()).toEqual({ what: 'images', verdict: 'ok', said: age });
  expect(said('a', 'b')!.said).toBe(`${age}; on a stack of before: a, b`);
  expect(said(...'abcdefg')!.said).toBe(`${age}; on a stack of before: a, b, c, d, e, 2 more`);
  for (const images of [null, { packages_as_of: null, apps_behind: [] }])
    expect(wrong(server({ images }))).toEqual([]);
});

it('through a tunnel nothing fails that only this end of it says', () => {
  const found = wrong({ ...tunnel, ports: null });
  expect(found).toMatchObject([
    {
      what: 'port',
      verdict: 'skipped',
      said: expect.stringMatching(/^not tried, since .* tunnel .* visitors come in at 0\.0\.0\.0:80$/),
    },
  ]);
  const all = examine({ ...well, ...tunnel, ports: null });
  expect(all.find(({ what }) => what === 'server')!.said).toContain('seen through a tunnel');
  expect(all.find(({ what }) => what === 'certificate')).toMatchObject({ verdict: 'ok' });
});

it('on the server itself there is no clock to compare with, and no firewall to see', () => {
  expect(wrong({ here: true, clock: null })).toMatchObject([
    { what: 'clock', verdict: 'skipped', said: expect.stringContaining('no other clock') },
    { what: 'port', verdict: 'skipped', advice: expect.stringContaining('on another machine') },
  ]);
});

it('a slow answer is no wrong clock', () => {
  expect(wrong({ clock: { ahead: 9000, precision: 9000 } })).toEqual([]);
});

it('without a token, or an answer, it says what comes first, and looks no further', () => {
  const { login } = well;
  expect(wrong({ login: { ...login, token: false }, status: null })).toMatchObject([
    { what: 'login', advice: 'twelve login https://twelve.example' },
    { what: 'server', verdict: 'failed' },
  ]);
  expect(wrong({ status: null, unreachable: 'It does not answer.' })).toMatchObject([
    { what: 'server', said: 'It does not answer.' },
  ]);
});

it('looks at the certificate that visitors are shown', async () => {
  const now = new Date();
  const leaf = await issue(await makeAuthority('apps.example.com', now), ['localhost'], now);
  await using visitors = await scriptedApi({}, leaf);
  const { port } = new URL(visitors.url);
  const at = { host: '127.0.0.1', port: Number(port) };
  const answer = { ...status, domain: 'localhost', http: at, https: at };
  await using api = await scriptedApi({
    'GET /server/status': () => ({ body: { ...answer, now: new Date().toISOString() } }),
  });
  const { out } = await twelve(['doctor'], { url: api.url });
  expect(out).toMatch(
    /^look {2}certificate +browsers do not trust what visitors of localhost are shown \(\w+\)$/m,
  );
});

it('who is no administrator is told so, and sent to no firewall; a token that is no good any more is a failure', async () => {
  let refusal = { status: 403, body: { id: 'forbidden', message: 'Only administrators may see it.' } };
  let account = { status: 200, body: {} };
  await using api = await scriptedApi({ 'GET /server/status': () => refusal, 'GET /account': () => account });
  const forbidden = await twelve(['doctor'], { url: api.url });
  expect(forbidden.status).toBe(0);
  expect(forbidden.out).toMatch(
    /^look {2}server +Only administrators may see it\.\n +With a token of an adm/m,
  );
  account = refusal;
  expect((await twelve(['doctor'], { url: api.url })).status).toBe(1);
  refusal = { status: 401, body: { id: 'unauthorized', message: 'No.' } };
  const unknown = await twelve(['doctor'], { url: api.url });
  expect(unknown.status).toBe(1);
  expect(unknown.out).toMatch(new RegExp(`^ +twelve login ${api.url}$`, 'm'));
  expect(unknown.out).not.toContain('firewall');
});

it('goes the whole way, and ends with 1 where something failed', async () => {
  // No router: whoever asks it more than to connect is cut off.
  const visitors = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => visitors.once('listening', resolve));
  const { port } = visitors.address() as AddressInfo;
  let answer = { ...status, domain: 'localhost', http: { host: '127.0.0.1', port } };
  await using api = await scriptedApi({
    'GET /server/status': () => ({ body: { ...answer, now: new Date().toISOString() } }),
  });
  const good = await twelve(['doctor', '--json'], { url: api.url });
  const found = JSON.parse(good.out) as Finding[];
  expect(found.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
  expect(good.status).toBe(0);
  await new Promise((resolve) => visitors.close(resolve));
  answer = { ...answer, failing: ['engine'] };
  const bad = await twelve(['doctor'], { url: api.url });
  expect(bad.status).toBe(1);
  expect(bad.out).toMatch(/^FAIL {2}parts +no answer from: engine$/m);
  expect(bad.out).toMatch(/^FAIL {2}port .*cannot be reached from here$/m);
  expect((await twelve(['doctor'], { url: api.url, token: null })).out).toContain('twelve login');
});

it('knows a tunnel by the machine that answers, and tries no port at its own end', async () => {
  const own = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  let boot_id = own;
  // Nobody listens there, on this machine.
  const answer = { ...status, domain: 'localhost', http: { host: '0.0.0.0', port: 9 } };
  await using api = await scriptedApi({
    'GET /server/status': () => ({ body: { ...answer, boot_id, now: new Date().toISOString() } }),
  });
  const here = await twelve(['doctor'], { url: api.url });
  expect(here.status).toBe(1);
  expect(here.out).toMatch(/^skip {2}clock /m);
  expect(here.out).toMatch(/^FAIL {2}port .*:9, where visitors come in, cannot be reached from here$/m);
  boot_id = 'of another machine';
  const through = await twelve(['doctor'], { url: api.url });
  expect(through.status).toBe(0);
  expect(through.out).toMatch(/^ok {4}server .*on another machine, seen through a tunnel/m);
  expect(through.out).toMatch(/^skip {2}port +not tried, since/m);
  // Not every resolver knows names below localhost.
  expect(through.out).toMatch(/^look {2}names +\*\.localhost leads (to this machine, and not|nowhere)/m);
  expect(through.out).toMatch(/^ok {4}clock /m);
});

it('shows how the server stands', async () => {
  const images = { packages_as_of: '2026-11-21T10:00:00.000Z', apps_behind: ['a', 'b'] };
  const first = { app: null, hostname: 'a.test', reason: 'No.' };
  const body = { ...status, images, certificate_orders: { hosts: 3, failing: 1, first } };
  await using api = await scriptedApi({ 'GET /server/status': { body } });
  const { out } = await twelve(['server:status'], { url: api.url });
  expect(out).toMatch(/^Version: +\S+ \(Node v20\.20\.2\), up for 2h 5m$/m);
  expect(out).toMatch(/^Processes: +3 up of 4 wanted, 1 crashed$/m);
  expect(out).toMatch(/^ +2\.0 GB {2}slugs \(budget 3\.0 GB\)$/m);
  expect(out).toMatch(/^Images: +Debian's packages of 2026-11-21; on a stack of before: 2 of the apps$/m);
  expect(out).toMatch(/^Engine disk: +40\.0 GB of 80\.0 GB free$/m);
  expect(out).toMatch(/^Certificates: +ordered for 3 names, none can be had for 1; a\.test: No\.$/m);
  expect(out).toMatch(/^Drains: +2, 1 of them failing, 5 lines behind, 0 lost$/m);
});
