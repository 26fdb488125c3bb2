// The other pure parts: stages, subnets, routes of the host, listening sockets, the environment of a process.
import { expect, test } from 'vitest';
import { defaultSizes, findSize } from '../../../platform/domain/formation.ts';
import { settingsOf } from '../../../platform/domain/process-settings.ts';
import { parseRoutes, pickSubnet } from '../../../platform/engine/subnets.ts';
import { processEnvironment } from '../../../platform/processes/container.ts';
import { listeningSockets } from '../../../platform/processes/readiness.ts';
import {
  mannerOf,
  type Runnable,
  type Stage,
  steady,
  turnsOf,
  wantedAt,
} from '../../../platform/processes/stage.ts';

const types = { web: 'w', worker: 'k', release: 'r' };
const formation = [
  { type: 'web', quantity: 2, size: 's' },
  { type: 'worker', quantity: 1, size: 's' },
  { type: 'release', quantity: 0, size: 's' },
];
const names = (stage: Stage): string[] =>
  wantedAt(stage, formation).map((one) => `v${one.version} ${one.type}.${one.number}`);
const old: Runnable = { version: 1, types };
const next: Runnable = { version: 2, types };

/** A rollout in which these types have begun to change over. */
const during = (...begun: string[]): Stage => ({
  serving: old,
  rollout: { next, begun: new Set(begun), manner: mannerOf(settingsOf({})) },
});

test('stages of a rollout', () => {
  expect(names(steady(null))).toEqual([]);
  expect(names(steady(old))).toEqual(['v1 web.1', 'v1 web.2', 'v1 worker.1']);
  expect(names(during('web'))).toEqual(['v1 web.1', 'v1 web.2', 'v1 worker.1', 'v2 web.1', 'v2 web.2']);
  expect(names(during('web', 'worker'))).toEqual([
    'v1 web.1',
    'v1 web.2',
    'v2 web.1',
    'v2 web.2',
    'v2 worker.1',
  ]);
});

test('types change over in the order that is set; of the others those first that overlap', () => {
  const turns = (written: Record<string, string>, before = old, after = next): string[][] =>
    turnsOf(before, after, settingsOf(written));
  expect(turns({})).toEqual([['web'], ['worker', 'release']]);
  expect(turns({ order: 'worker,web' })).toEqual([['worker'], ['web'], [], ['release']]);
  expect(turns({ order: 'clock,worker', 'rollout.web': 'replace' })).toEqual([
    ['worker'],
    [],
    ['web', 'release'],
  ]);
  const fewer = { version: 2, types: { web: 'w' } };
  expect(turns({ order: 'worker' }, old, fewer)).toEqual([['worker'], ['web'], ['release']]);
  // Its turn is when it ends.
  const last = { serving: old, rollout: { ...during().rollout!, next: fewer, begun: new Set(['web']) } };
  expect(names(last)).toContain('v1 worker.1');
  expect(names({ ...last, rollout: { ...last.rollout, begun: new Set(['worker', 'web']) } })).not.toContain(
    'v1 worker.1',
  );
});

test('a type the slug lacks does not run', () => {
  expect(names(steady({ version: 1, types: { web: 'w' } }))).toEqual(['v1 web.1', 'v1 web.2']);
});

test('subnets: the first /25 that nothing else has', () => {
  expect(pickSubnet('10.213.0.0/16', [], [])).toBe('10.213.0.0/25');
  expect(pickSubnet('10.213.0.0/16', ['10.213.0.0/25', '10.213.1.0/24'], ['10.213.0.128/25'])).toBe(
    '10.213.2.0/25',
  );
  expect(() => pickSubnet('10.213.0.0/24', ['10.0.0.0/8'], [])).toThrow(/TWELVE_NETWORKS/);
});

test('routes of the host, the default one left out', () => {
  const text = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  ].join('\n');
  expect(parseRoutes(text)).toEqual(['192.0.2.0/24', '172.17.0.0/16']);
});

test('listening sockets from /proc/net/tcp, without the resolver of the engine', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue',
    '   0: 0100007F:138E 00000000:0000 0A 00000000:00000000 00:00000000',
    '   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000',
    '   2: 0B00007F:9D3B 00000000:0000 0A 00000000:00000000 00:00000000',
    '   3: 0100007F:1111 0100007F:2222 01 00000000:00000000 00:00000000',
    '   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0',
  ].join('\n');
  expect(listeningSockets(text)).toEqual([
    { port: 5006, loopback: true },
    { port: 3000, loopback: false },
    { port: 8080, loopback: true },
  ]);
});

test('the platform has the last word in the environment, and only web gets a port', () => {
  const facts = {
    appName: 'a',
    appId: 'i',
    version: 3,
    commit: 'c',
    size: findSize('standard-2x', defaultSizes),
  };
  const config = { DYNO: 'mine', HOME: '/root', GREETING: 'hi', PATH: '/own' };
  const web = processEnvironment({ ...facts, config, type: 'web', name: 'web.1' });
  expect(web).toMatchObject({
    DYNO: 'web.1',
    HOME: '/app',
    GREETING: 'hi',
    PATH: '/own',
    PORT: '5006',
    MEMORY_AVAILABLE: '1024',
    TWELVE_RELEASE_VERSION: 'v3',
  });
  expect(processEnvironment({ ...facts, config: {}, type: 'worker', name: 'worker.1' })).not.toHaveProperty(
    'PORT',
  );
});
