// What an app cannot do to the machine, the platform and other apps: tried from inside its real processes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostAddresses } from '../../platform/engine/host-addresses.ts';
import { bridgeOf } from '../../platform/processes/bridge.ts';
import { appChain } from '../../platform/processes/guard.ts';
import { must } from '../support/app-repository.ts';
import { confined, confinedProgram, saidOfConfinement } from '../support/confinement.ts';
import { ask } from '../support/engine-socket.ts';
import { listeningPorts } from '../support/listening.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { freePorts } from '../support/server-process.ts';
import { visit } from '../support/visit.ts';

/** Tries each `host:port` for two seconds, all at once; `gateway` is this machine as its network has it. */
const knock = `import re, socket, sys
from concurrent.futures import ThreadPoolExecutor
route = re.search(r'^\\S+\\t00000000\\t(\\w{8})', open('/proc/net/route').read(), re.M)[1]
gateway = socket.inet_ntoa(bytes.fromhex(route)[::-1])
def knock(target):
    host, port = target.rsplit(':', 1)
    try:
        socket.create_connection((gateway if host == 'gateway' else host, int(port)), 2).close()
        return target + ' open'
    except OSError:
        return target + ' shut'
with ThreadPoolExecutor(64) as pool:
    print('\\n'.join(pool.map(knock, sys.argv[1:])))
`;
const enginePorts = [2375, 2376];
const files = {
  Procfile: [
    'web: exec python3 -m http.server $PORT',
    `release: python3 confined.py; python3 knock.py $SERVICE ${enginePorts.map((port) => `gateway:${port}`).join(' ')}`,
    '',
  ].join('\n'),
  'knock.py': knock,
  'confined.py': confinedProgram,
  'index.html': 'served\n',
};

let platform: TestPlatform;
let apiPort: number;
/** On every address of this machine: a service of its own, and what could be an engine. */
const outside: Server[] = [];
let service: number;
let released: string;

/** Somebody who has the port already is as good. */
const listen = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((_request, response) => response.end('a service of this machine'));
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(server) : reject(error),
    );
    server.listen(port, '::', () => resolve(server));
  });

beforeAll(async () => {
  [apiPort] = (await freePorts(1)) as [number];
  platform = await startPlatform({
    TWELVE_STOP_TIMEOUT: '3',
    TWELVE_DRAIN_TIMEOUT: '2',
    // As an operator may have it, who reaches the API over a network of their own.
    TWELVE_API: `0.0.0.0:${apiPort}`,
  });
  for (const port of [0, ...enginePorts]) outside.push(await listen(port));
  service = (outside[0]!.address() as AddressInfo).port;
  const config = { SERVICE: `gateway:${service}` };
  released = await platform.push(await platform.createApp('probe', null, { files, config }));
  await platform.push(await platform.createApp('neighbour', null, { files, config }));
  for (const app of ['probe', 'neighbour']) await must(platform.cli(['ps:scale', 'web=2', '-a', app]));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  for (const server of outside) server.close();
});

const inside = async (command: string, process = 'web.1'): Promise<string> =>
  (await must(platform.cli(['ps:exec', '-a', 'probe', '-p', process, command]))).stdout;

interface Inspected {
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

async function addressOf(app: string, process: string): Promise<string> {
  const found = (await platform.containers(app, 'process')).find(
    (one) => one.labels['twelve.process'] === process,
  );
  const { NetworkSettings } = await ask<Inspected>('GET', `/containers/${found!.id}/json`);
  return Object.values(NetworkSettings.Networks)[0]!.IPAddress;
}

const tried = async (targets: readonly string[]): Promise<string[]> =>
  (await inside(`python3 knock.py ${targets.join(' ')}`)).trimEnd().split('\n');
const each = (targets: readonly string[], state: string): string[] => targets.map((one) => `${one} ${state}`);

/** This machine's, of which a container could reach any. */
const ours = (): string[] => hostAddresses().filter((one) => /^\d/.test(one) && !one.startsWith('127.'));

const iptables = (...args: string[]): string =>
  execFileSync('iptables', ['-t', 'raw', ...args], { encoding: 'utf8', stdio: 'pipe' });

const serverPid = (): number => Number(readFileSync(join(platform.dataFolder, '..', 'server'), 'utf8'));

async function routerPids(): Promise<number[]> {
  const [router] = await platform.containers(undefined, 'router');
  const { Processes } = await ask<{ Processes: string[][] }>(
    'GET',
    `/containers/${router!.id}/top?ps_args=-o%20pid`,
  );
  return Processes.map(([pid]) => Number(pid));
}

test('every process of an app is an ordinary user without capabilities, and cannot become more', async () => {
  const status = await inside('cat /proc/[0-9]*/status');
  const uids = [...status.matchAll(/^[UG]id:\s+(.*)$/gm)].flatMap(([, all]) => all!.split('\t'));
  expect(new Set(uids)).toEqual(new Set(['20012']));
  const sets = [...status.matchAll(/^Cap\w+:\s+(\w+)$/gm)].map(([, bits]) => bits);
  expect(sets.length).toBeGreaterThan(9);
  expect(new Set(sets)).toEqual(new Set(['0000000000000000']));
  expect(new Set([...status.matchAll(/^NoNewPrivs:\s+(\d)$/gm)].map(([, one]) => one))).toEqual(
    new Set(['1']),
  );
});

test('whatever runs code of an app is confined alike: a process, who enters it, a one-off, a release command', async () => {
  const command = 'python3 confined.py';
  const entered = await inside(command);
  const oneOff = await must(platform.cli(['run', '-a', 'probe', command]));
  expect(saidOfConfinement(entered)).toEqual(confined);
  expect(saidOfConfinement(oneOff.stdout)).toEqual(confined);
  expect(saidOfConfinement(released)).toEqual(confined);
});

test("its files are its own: another process of the same app has the slug's", async () => {
  await inside('echo mine > /app/index.html; echo mine > /tmp/note');
  expect(await inside('cat /app/index.html')).toBe('mine\n');
  expect(await inside('cat /app/index.html; ls /tmp', 'web.2')).toBe('served\n');
  const oneOff = await must(platform.cli(['run', '-a', 'probe', 'cat /app/index.html; ls /tmp']));
  expect(oneOff.stdout).toBe('served\n');
});

test("another app's processes are not reached, nor seen, nor known by name", async () => {
  const peer = await addressOf('probe', 'web.2');
  const neighbours = await Promise.all(['web.1', 'web.2'].map((name) => addressOf('neighbour', name)));
  const others = neighbours.map((address) => `${address}:5006`);
  expect(await tried([`${peer}:5006`, ...others])).toEqual([`${peer}:5006 open`, ...each(others, 'shut')]);
  const env = await inside('cat /proc/[0-9]*/environ | tr "\\0" "\\n" | grep ^TWELVE_APP_NAME | sort -u');
  expect(env).toBe('TWELVE_APP_NAME=probe\n');
  const names = (await platform.containers('neighbour', 'process')).flatMap(({ id, name }) => [
    name,
    id.slice(0, 12),
  ]);
  expect(names).toHaveLength(4);
  expect(await inside(`getent hosts neighbour web.2 ${names.join(' ')}; true`)).toBe('');
});

test("the platform's own ports and an engine's are reached on no address of this machine; its other services are", async () => {
  const ports = listeningPorts([serverPid()]);
  expect(ports).toContain(apiPort);
  expect(ports.length).toBeGreaterThan(1);
  // The router listens for visitors alone.
  expect(listeningPorts(await routerPids())).toEqual([platform.httpPort]);
  const addresses = ours();
  expect(addresses.length).toBeGreaterThan(1);
  // Without the guard they would be: from here they are.
  expect((await fetch(`http://${addresses[0]}:${apiPort}/account`)).status).toBe(401);
  for (const [nth, port] of enginePorts.entries())
    if (outside[nth + 1]!.listening)
      expect((await fetch(`http://${addresses[0]}:${port}/`)).status).toBe(200);
  const open = addresses.map((address) => `${address}:${service}`);
  const others = hostAddresses().filter((one) => one.includes(':') && !/^(::1$|fe80)/.test(one));
  const closed = [...addresses, ...others].flatMap((address) =>
    [...ports, ...enginePorts].map((port) => `${address}:${port}`),
  );
  expect(await tried([...open, ...closed])).toEqual([...each(open, 'open'), ...each(closed, 'shut')]);
  const gateway = enginePorts.map((port) => `gateway:${port}`);
  const oneOff = await must(
    platform.cli(['run', '-a', 'probe', `python3 knock.py $SERVICE ${gateway.join(' ')}`]),
  );
  const expected = [`gateway:${service} open`, ...each(gateway, 'shut')];
  expect(oneOff.stdout.trimEnd().split('\n')).toEqual(expected);
  expect(released.match(/gateway:\d+ \w+/g)).toEqual(expected);
});

test('the router leads nobody to the platform, whatever host is asked', async () => {
  const own = [
    'localhost',
    '127.0.0.1',
    `127.0.0.1:${apiPort}`,
    `${ours()[0]}:${apiPort}`,
    'api.localhost',
    'twelve',
  ];
  for (const host of own)
    for (const path of ['/account', '/v2/', '/probe.git/info/refs', '/haproxy?stats'])
      expect((await visit(platform.httpPort, host, path)).status, `${host}${path}`).toBe(404);
});

test('no socket of the engine, the router or the server is in its file system', async () => {
  expect(
    await inside(
      'find / -xdev -type s 2>/dev/null; ls /run /var/run/docker.sock 2>/dev/null | grep -i docker; true',
    ),
  ).toBe('');
  // Of the network, only what is its own: nobody's abstract sockets.
  expect(await inside('grep -c @ /proc/net/unix; true')).toBe('0\n');
});

test('link-local and metadata addresses are dropped, the wire of IPv6 too', async () => {
  const chain = appChain(platform.instance);
  const dropped = (): number => Number(/^\s*(\d+)\s.*169\.254\.0\.0\/16/m.exec(iptables('-nvxL', chain))![1]);
  const before = dropped();
  const address = await addressOf('probe', 'web.1');
  const bridge = bridgeOf(
    platform.instance,
    address.replace(/\d+$/, (last) => (Number(last) < 128 ? '0' : '128')),
  );
  const [, bits = ''] =
    new RegExp(`^(fe80\\w{28}) .* ${bridge}$`, 'm').exec(readFileSync('/proc/net/if_inet6', 'utf8')) ?? [];
  expect(bits).not.toBe('');
  const wire = `${bits.match(/.{4}/g)!.join(':')}%eth0:${service}`;
  const targets = ['169.254.169.254:80', '169.254.1.1:80', wire];
  expect(await tried(targets)).toEqual(each(targets, 'shut'));
  expect(dropped()).toBeGreaterThan(before);
});

test('the guard is there again after a restart, and its rules after somebody removed them', async () => {
  const chain = appChain(platform.instance);
  iptables('-F', chain);
  const target = `${ours()[0]}:${apiPort}`;
  expect(await tried([target])).toEqual([`${target} open`]);
  await platform.restart();
  expect(await tried([target])).toEqual([`${target} shut`]);
  const jumps = iptables('-S', 'PREROUTING');
  expect(jumps.split('\n').filter((line) => line.endsWith(` -j ${chain}`))).toHaveLength(1);
});

test('what the kernel counts by user is not used up by one app for all', async () => {
  const take = (count: number, then: string): string =>
    `python3 -c 'import ctypes, time; init = ctypes.CDLL(None).inotify_init1; print(min(init(0) for _ in range(${count})) > 0, flush=True); ${then}'`;
  await using holder = platform.cliStart(['run', '-a', 'probe', take(1000, 'time.sleep(600)')]);
  await holder.printed('True');
  const others = await must(platform.cli(['run', '-a', 'neighbour', take(1, 'pass')]));
  expect(others.stdout).toBe('True\n');
});

test('who takes more memory than its size has is killed, and says so by its status', async () => {
  const killed = await platform.cli(['run', '-a', 'probe', `exec python3 -c 'x = b"x" * 2_000_000_000'`]);
  expect(killed.status).toBe(137);
  expect((await platform.visit('probe')).status).toBe(200);
});
