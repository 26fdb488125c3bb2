// Figures for Prometheus and the question whether all is well, over the real HTTP server.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { serverStatus } from '../../../platform/actions/server-status.ts';
import { remembered } from '../../../platform/api/routes/seen.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { defaultSizeName } from '../../../platform/domain/formation.ts';
import { metric, metricsText } from '../../../platform/domain/metric.ts';
import { type ApiGround, startApi } from '../../support/api-ground.ts';
import { eventually } from '../../support/wait.ts';

let ground: ApiGround;
beforeEach(async () => {
  ground = await startApi();
});
afterEach(() => ground[Symbol.asyncDispose]());

const as = () => ({ authorization: `Bearer ${ground.token}` });
const metrics = async (): Promise<string[]> =>
  (await (await fetch(`${ground.url}/metrics`, { headers: as() })).text()).trimEnd().split('\n');

function create(name: string): string {
  const { store } = ground.platform;
  return store.apps.create(parseAppName(name), store.users.first()!.id, 'debian-13').id;
}

it('is for those who have a token, and in the format that Prometheus reads', async () => {
  expect((await fetch(`${ground.url}/metrics`)).status).toBe(401);
  const answer = await fetch(`${ground.url}/metrics`, { headers: as() });
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  expect(text).toMatch(
    /^# HELP twelve_info .*\n# TYPE twelve_info gauge\ntwelve_info\{version="[\d.]+",node="v\d+/,
  );
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
});

it('says of the same start the same, also when the clock is set', async () => {
  const start = async (): Promise<number> =>
    Number((await metrics()).find((line) => line.startsWith('process_start_time_seconds '))?.split(' ')[1]);
  const first = await start();
  expect(Math.abs(Date.now() / 1000 - process.uptime() - first)).toBeLessThan(2);
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await start()).toBe(first);
  } finally {
    vi.useRealTimers();
  }
});

it('counts requests by app, status and code, and how long they took', async () => {
  const appId = create('hello');
  const request = { appId, status: 200, serviceMs: 8, code: null };
  for (const one of [request, { ...request, serviceMs: 60_000 }, { ...request, status: 742 }])
    ground.tally.add(one);
  ground.tally.add({ ...request, status: 503, serviceMs: null, code: 'H12' });
  ground.tally.add({ ...request, appId: 'gone' });
  const lines = await metrics();
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(name));
  expect(of('twelve_http_requests_total')).toEqual([
    'twelve_http_requests_total{app="hello",status="200"} 2',
    'twelve_http_requests_total{app="hello",status="other"} 1',
    'twelve_http_requests_total{app="hello",status="503"} 1',
  ]);
  expect(of('twelve_http_errors_total')).toEqual(['twelve_http_errors_total{app="hello",code="H12"} 1']);
  const bucket = (le: string): string =>
    `twelve_http_request_duration_seconds_bucket{app="hello",le="${le}"}`;
  expect(of('twelve_http_request_duration_seconds')).toEqual(
    expect.arrayContaining([
      `${bucket('0.005')} 0`,
      `${bucket('0.01')} 2`,
      `${bucket('30')} 2`,
      `${bucket('+Inf')} 3`,
      'twelve_http_request_duration_seconds_count{app="hello"} 3',
      'twelve_http_request_duration_seconds_sum{app="hello"} 60.016',
    ]),
  );
});

it('counts processes, crashes, builds, log lines and drains', async () => {
  const { store, figures, logs } = ground.platform;
  const appId = create('hello');
  const userId = store.users.first()!.id;
  store.formations.replace(appId, [{ type: 'web', quantity: 3, size: defaultSizeName }]);
  figures.crashed(appId, 'web');
  figures.crashed(appId, 'web');
  for (const id of ['one', 'two']) {
    store.builds.insert({ id, appId, userId, commit: null, stack: 'debian-13' });
    store.builds.start(id);
  }
  store.builds.fail('one', 'No.');
  logs.write(appId, { source: 'twelve', process: 'api', text: 'One' });
  logs.openDrain(store.logDrains.add(appId, { url: 'syslog://logs.example:1', insecure: false }));
  const lines = await eventually(metrics, (all) => all.includes('twelve_log_lines_total{app="hello"} 1'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'twelve_processes_wanted{app="hello",type="web"} 3',
      'twelve_process_crashes_total{app="hello",type="web"} 2',
      'twelve_builds_total{app="hello",result="failed"} 1',
      'twelve_build_duration_seconds_count{app="hello",result="failed"} 1',
      'twelve_builds_pending 1',
      'twelve_log_lines_lost_total{app="hello"} 0',
      expect.stringMatching(/^twelve_log_drain_lag_lines\{app="hello",drain="d\.[0-9a-f-]+"\} \d$/),
    ]),
  );
});

it('has so many labels and no more, whatever apps there are and whatever their types are called', async () => {
  for (let number = 0; number < 230; number++) {
    const appId = create(`app-${number}`);
    ground.tally.add({ appId, status: 200, serviceMs: 8, code: null });
    if (number > 0) continue;
    const entry = (type: string) => ({ type, quantity: 1, size: defaultSizeName });
    const types = Array.from({ length: 50 }, (_, index) => entry(`type${index}`));
    ground.platform.store.formations.replace(appId, types);
  }
  const lines = await metrics();
  const labels = (name: string): Set<string> =>
    new Set(lines.flatMap((line) => new RegExp(`\\b${name}="([^"]*)"`).exec(line)?.[1] ?? []));
  expect(labels('app').size).toBe(201);
  expect(labels('type').size).toBe(21);
  expect(lines).toContain('twelve_http_requests_total{app="_other",status="200"} 30');
  expect(lines).toContain('twelve_processes_wanted{app="app-0",type="_other"} 30');
});

it('writes values that would end a label as what they are', () => {
  const one = metric('a', 'gauge', 'A.');
  one.add({ b: 'c"d\\e\nf' }, 1);
  expect(metricsText([one, metric('empty', 'gauge', 'None.')])).toBe(
    '# HELP a A.\n# TYPE a gauge\na{b="c\\"d\\\\e\\nf"} 1\n',
  );
});

it('says without a token whether all is well, and which part does not answer', async () => {
  const ask = async (): Promise<[number, unknown]> => {
    const answer = await fetch(`${ground.url}/health`);
    return [answer.status, await answer.json()];
  };
  expect(await ask()).toEqual([200, { status: 'ok' }]);
  ground.engine.goAway();
  expect(await eventually(ask, ([status]) => status === 503)).toEqual([
    503,
    { id: 'service_unavailable', message: 'No answer from: engine.' },
  ]);
  ground.engine.comeBack();
  await eventually(ask, ([status]) => status === 200);
});

it('who asks while something is looked at waits for the same look, however long that takes', async () => {
  let looks = 0;
  let end = (): void => undefined;
  const ask = remembered(10, () => {
    looks += 1;
    return new Promise<number>((resolve) => {
      end = () => resolve(looks);
    });
  });
  const first = ask();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const second = ask();
  end();
  expect([await first, await second, looks]).toEqual([1, 1, 1]);
  await eventually(
    async () => {
      const third = ask();
      end();
      return await third;
    },
    (found) => found === 2,
  );
});

it('says how the server stands: what it has, what it uses, what does not answer', async () => {
  create('hello');
  const ask = async () =>
    (await (await fetch(`${ground.url}/server/status`, { headers: as() })).json()) as Record<string, unknown>;
  expect((await fetch(`${ground.url}/server/status`)).status).toBe(401);
  expect(await ask()).toMatchObject({
    apps: 1,
    processes: { wanted: 0, up: 0, crashed: 0 },
    builds: { running: 0, waiting: 0 },
    engine: { version: '20.10.0', cgroup_version: 2, failure: null },
    failing: [],
    images: { packages_as_of: null, apps_behind: [] },
    disk: {
      used: { database: expect.any(Number), logs: expect.any(Number) },
      budgets: { logs: expect.any(Number), buildpacks: 2048 * 1_048_576 },
      // Of the engine's folder nothing is there on this machine.
      engine: null,
    },
    boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    drains: { count: 0, failing: 0 },
    domain: 'localhost',
    router_mark: expect.stringMatching(/^[0-9a-f]{16}$/),
    addresses: expect.any(Array),
    // No public authority vouches for names below localhost.
    certificate_orders: { hosts: 0, failing: 0, first: null },
    certificates_ending: [],
  });
  expect((await ask())['addresses']).not.toContain('127.0.0.1');
  const { config } = ground.platform;
  const on = async (engineContainers: string) =>
    (await serverStatus({ ...ground.platform, config: { ...config, engineContainers } })).engineDisk;
  expect(await on(config.dataFolder)).toMatchObject({ folder: config.dataFolder, shared: true });
  expect(await on('/proc')).toMatchObject({ folder: '/proc', shared: false });
});

it('tells what is kept on disks, and what of it may be', async () => {
  const lines = await eventually(metrics, (all) => all.some((line) => /^twelve_disk_used_bytes/.test(line)));
  expect(lines).toContainEqual(expect.stringMatching(/^twelve_disk_used_bytes\{kind="database"\} [1-9]\d+$/));
  expect(lines).toContain(`twelve_disk_budget_bytes{kind="Debian packages"} ${1024 * 1_048_576}`);
  expect(lines.join('\n')).not.toContain('twelve_disk_budget_bytes{kind="repositories"}');
});
