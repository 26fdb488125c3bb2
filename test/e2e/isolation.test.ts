// What an app cannot do to the machine, the platform and other apps: tried from inside its real processes.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostAddresses } from '../../platform/engine/host-addresses.ts';
import { bridgeOf } from '../../platform/processes/bridge.ts';
import { appChain } from '../../platform/processes/guard.ts';
import { must } from '../support/app-repository.ts';
import { ask } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { freePorts } from '../support/server-process.ts';
import { eventually } from '../support/wait.ts';

/** Tries each `host:port` for two seconds, all at once. */
const knock = `import socket, sys
from concurrent.futures import ThreadPoolExecutor
def knock(target):
    host, port = target.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), 2).close()
        return target + ' open'
    except OSError:
        return target + ' shut'
with ThreadPoolExecutor(64) as pool:
    print('\\n'.join(pool.map(knock, sys.argv[1:])))
`;
const files = {
  Procfile: 'web: exec python3 -m http.server $PORT\n',
  'knock.py': knock,
  'index.html': 'served\n',
};

let platform: TestPlatform;
let outside: Server;
let apiPort: number;

beforeAll(async () => {
  [apiPort] = (await freePorts(1)) as [number];
  platform = await startPlatform({
    TWELVE_STOP_TIMEOUT: '3',
    TWELVE_DRAIN_TIMEOUT: '2',
    // As an operator may have it, who reaches the API over a network of their own.
    TWELVE_API: `0.0.0.0:${apiPort}`,
  });
  outside = createServer((_request, response) => response.end('a service of this machine'));
  await new Promise<void>((resolve) => outside.listen(0, '::', resolve));
  for (const name of ['probe', 'neighbour'])
    await platform.push(await platform.createApp(name, null, { files }));
  await must(platform.cli(['ps:scale', 'web=2', '-a', 'probe']));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  outside?.close();
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

/** Ports on which the server itself listens, on whatever address. */
function serverPorts(): number[] {
  const pid = readFileSync(join(platform.dataFolder, '..', 'server'), 'utf8');
  const folder = `/proc/${pid}/fd`;
  const sockets = new Set(
    readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const lines = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n'),
  );
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === '0A' && sockets.has(inode) ? Number.parseInt(local.split(':')[1]!, 16) : [];
  });
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

  const attempts = [
    'mount -t tmpfs none /mnt',
    'unshare -Ur true',
    'chroot / true',
    'python3 -c "import os; os.setuid(0)"',
    'python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"',
    'echo 1 > /proc/sys/kernel/panic',
    'echo 1 > /proc/sysrq-trigger',
    'touch /etc/mine /usr/bin/mine',
    'cat /etc/shadow',
    'mknod /tmp/disk b 8 0',
  ];
  const script = attempts.map((one) => `(${one}) >/dev/null 2>&1 && echo 'done: ${one}'`).join('; ');
  expect(await inside(`${script}; echo tried`)).toBe('tried\n');
});

test("its files are its own: another process of the same app has the slug's", async () => {
  await inside('echo mine > /app/index.html; echo mine > /tmp/note');
  expect(await inside('cat /app/index.html')).toBe('mine\n');
  expect(await inside('cat /app/index.html; ls /tmp', 'web.2')).toBe('served\n');
  const oneOff = await must(platform.cli(['run', '-a', 'probe', 'cat /app/index.html; ls /tmp']));
  expect(oneOff.stdout).toBe('served\n');
});

test("another app's processes are not reached, nor seen", async () => {
  const [peer, neighbour] = [await addressOf('probe', 'web.2'), await addressOf('neighbour', 'web.1')];
  expect(await tried([`${peer}:5006`, `${neighbour}:5006`])).toEqual([
    `${peer}:5006 open`,
    `${neighbour}:5006 shut`,
  ]);
  const env = await inside('cat /proc/[0-9]*/environ | tr "\\0" "\\n" | grep ^TWELVE_APP_NAME | sort -u');
  expect(env).toBe('TWELVE_APP_NAME=probe\n');
});

test("the platform's own ports are reached on no address of this machine; its other services are", async () => {
  const ports = serverPorts();
  expect(ports).toContain(apiPort);
  expect(ports.length).toBeGreaterThan(1);
  const addresses = ours();
  expect(addresses.length).toBeGreaterThan(1);
  // Without the guard it would be: from here it is.
  expect((await fetch(`http://${addresses[0]}:${apiPort}/account`)).status).toBe(401);
  const [service] = [(outside.address() as AddressInfo).port];
  const open = addresses.map((address) => `${address}:${service}`);
  const closed = addresses.flatMap((address) => [...ports, 2375, 2376].map((port) => `${address}:${port}`));
  expect(await tried([...open, ...closed])).toEqual([...each(open, 'open'), ...each(closed, 'shut')]);
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
  const wire = `${bits.match(/.{4}/g)!.join(':')}%eth0:${(outside.address() as AddressInfo).port}`;
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

/** Milliseconds of the middle one of many requests to the neighbour. */
async function latency(): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 150; n++) {
    const from = performance.now();
    expect((await platform.visit('neighbour')).text).toBe('served\n');
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[75]!;
}

interface Figures {
  pids_stats: { current?: number };
  memory_stats: { usage?: number };
  /** Nanoseconds. */
  cpu_stats: { cpu_usage: { total_usage: number } };
}

const limits = { pids: 256, memory: 512 * 1_048_576 };
const fork = 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass';
const hogs: { name: string; command: string; atWork(now: Figures, before: Figures): boolean }[] = [
  {
    name: 'a memory hog',
    command: `while :; do python3 -c 'x = b"x" * 2_000_000_000'; done`,
    atWork: ({ memory_stats }) => memory_stats.usage! > limits.memory / 2,
  },
  {
    name: 'a fork bomb',
    command: `python3 -c '${fork}'`,
    atWork: ({ pids_stats }) => pids_stats.current! > limits.pids - 8,
  },
  {
    name: 'a spinner',
    command: `for n in 1 2 3 4; do python3 -c 'while True: pass' & done; wait`,
    atWork: (now, before) =>
      now.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage > 5e8,
  },
];

test.each(hogs)(
  '$name stays in its limits, and a neighbour answers as before',
  async ({ command, atWork }) => {
    const quiet = await latency();
    const name = (await must(platform.cli(['run:detached', '-a', 'probe', command]))).stdout.trim();
    const [container] = await platform.containers('probe', 'run');
    const figures = (): Promise<Figures> =>
      ask('GET', `/containers/${container!.id}/stats?stream=false&one-shot=true`);
    const before = await eventually(figures, ({ cpu_stats }) => cpu_stats.cpu_usage.total_usage > 0);
    await eventually(figures, (now) => atWork(now, before));
    const loud: number[] = [];
    // Whatever else this machine does now and then, it does not do each time.
    while (loud.length < 3 && !(Math.min(...loud) <= 2 * quiet)) {
      loud.push(await latency());
      const { pids_stats, memory_stats } = await figures();
      expect(pids_stats.current).toBeGreaterThan(0);
      expect(pids_stats.current).toBeLessThanOrEqual(limits.pids);
      expect(memory_stats.usage).toBeLessThanOrEqual(limits.memory);
    }
    expect(Math.min(...loud)).toBeLessThanOrEqual(2 * quiet);
    await must(platform.cli(['ps:stop', name, '-a', 'probe']));
    await eventually(
      () => platform.containers('probe', 'run'),
      (left) => left.length === 0,
    );
  },
);

test('who takes more memory than its size has is killed, and says so by its status', async () => {
  const killed = await platform.cli(['run', '-a', 'probe', `exec python3 -c 'x = b"x" * 2_000_000_000'`]);
  expect(killed.status).toBe(137);
  expect((await platform.visit('probe')).status).toBe(200);
});
