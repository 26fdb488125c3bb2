// What a build reaches: package registries and nothing of this machine. Asked from inside real builds.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGuard } from '../../../platform/build/guard.ts';
import { createBuildNetwork } from '../../../platform/build/network.ts';
import { ownLabels, ownName } from '../../../platform/engine/labels.ts';
import type { Service } from '../../../platform/engine/packet-filter.ts';
import { type Builds, startPurposeMade } from './builds.ts';

const range = '10.213.0.0/16';
let builds: Builds;
let server: Server;
let port: number;
let problems: string[];
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  problems = [];
  server = createServer((_request, response) => response.end('the control plane'));
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await builds[Symbol.asyncDispose]();
  for (const close of closers.splice(0)) await close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Tries the addresses in the file `targets`, then the registry. */
const compile = `for target in $(cat $1/targets); do
  host=\${target%:*}; port=\${target##*:}
  if timeout 2 bash -c "exec 3<>/dev/tcp/$host/$port" 2>/dev/null; then echo "$target open"; else echo "$target shut"; fi
done
[ ! -f $1/own ] || bash $1/own
curl -sS -o /dev/null -w 'registry %{http_code}\\n' --max-time 60 https://registry.npmjs.org/is-number
false`;
const scripts = { 'null/detect': 'true', 'null/compile': compile };

async function inGuardedNetwork(services: readonly Service[] = []): Promise<string> {
  // Its instance is the guard's and the network's: known only when it is there.
  const lazy = { ensure: async () => '', forget: () => {}, look: () => {}, close: async () => {} };
  builds = await startPurposeMade(scripts, { network: lazy });
  const { engine, instance } = builds;
  const guard = createGuard({ instance, range, services: async () => services });
  const onProblem = (message: string): void => void problems.push(message);
  Object.assign(lazy, createBuildNetwork({ engine, instance, range, taken: () => [], guard, onProblem }));
  return instance;
}

const enginePorts = [2375, 2376];

/** Something that a build could reach. @returns its port, which somebody else may have already: that is as good */
function listenAt(wanted: number): Promise<number> {
  const other = createServer();
  return new Promise((resolve, reject) => {
    other.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(wanted) : reject(error),
    );
    other.listen(wanted, '::', () => {
      closers.push(() => new Promise((closed) => other.close(closed)));
      resolve((other.address() as AddressInfo).port);
    });
  });
}

async function probe(targets: readonly string[]): Promise<string[]> {
  const { lines } = await builds.failure({ '.buildpacks': 'null', targets: `${targets.join('\n')}\n` });
  return lines.filter((line) => / (open|shut)$|^registry /.test(line));
}

/** Addresses of this machine that a container could reach. */
function ours(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries = []) =>
    entries.filter((one) => one.family === 'IPv4' && !one.internal).map((one) => one.address),
  );
}

/** The bridge's own link-local address, which needs no route. */
async function onTheWire(instance: string): Promise<string[]> {
  const networks = await builds.engine.networks();
  const bridge = networks.find(({ name }) => name === ownName(instance, 'builds'))!.bridge!;
  const [, bits = ''] =
    new RegExp(`^(\\w{32}) .* ${bridge}$`, 'm').exec(readFileSync('/proc/net/if_inet6', 'utf8')) ?? [];
  expect(bits).toMatch(/^fe80/);
  return [`${bits.match(/.{4}/g)!.join(':')}%eth0`];
}

const chainOf = (instance: string): string =>
  execFileSync('iptables', ['-t', 'raw', '-nvxL', `TWELVE-${instance}`], { encoding: 'utf8', stdio: 'pipe' });

test('a registry is reached; the control plane is not, on any address of this machine, nor an engine there, nor its neighbours', async () => {
  for (const each of enginePorts) await listenAt(each);
  const instance = await inGuardedNetwork();
  // Makes the network, so that its gateway is among the addresses.
  await probe([]);
  const targets = [...ours(), ...(await onTheWire(instance))].flatMap((address) =>
    [port, ...enginePorts].map((each) => `${address}:${each}`),
  );
  const answers = await probe([...targets, '169.254.169.254:80', '169.254.1.1:80']);
  expect(targets.length).toBeGreaterThan(1);
  expect(answers).toEqual([
    ...targets.map((target) => `${target} shut`),
    '169.254.169.254:80 shut',
    '169.254.1.1:80 shut',
    'registry 200',
  ]);
  expect(problems).toEqual([]);
  // Not only because nobody was there: these packets were dropped.
  const [, packets] = /^\s*(\d+)\s.*169\.254\.0\.0\/16/m.exec(chainOf(instance)) ?? [];
  expect(Number(packets)).toBeGreaterThan(1);
});

test('without the guard they would be reached', async () => {
  for (const each of enginePorts) await listenAt(each);
  builds = await startPurposeMade(scripts);
  const targets = [port, ...enginePorts].map((each) => `${ours()[0]}:${each}`);
  expect(await probe(targets)).toEqual([...targets.map((target) => `${target} open`), 'registry 200']);
});

test("a build's loopback is its own", async () => {
  await inGuardedNetwork();
  const here = ['127.0.0.1', '127.0.0.53', '::1'].map((address) => `${address}:${port}`);
  // A server of the build's own on the port that the control plane has outside: the same question has another answer.
  const own = `python3 -c 'import socket; s = socket.create_server(("127.0.0.1", ${port})); print("up", flush=True); s.accept()'`;
  const { lines } = await builds.failure({
    '.buildpacks': 'null',
    targets: `${here.join('\n')}\n`,
    own: `exec 3< <(exec ${own}); read -r _ <&3; exec 4<>/dev/tcp/127.0.0.1/${port} && echo own answers\n`,
  });
  expect(lines.filter((line) => / (open|shut)$|^own /.test(line))).toEqual([
    ...here.map((target) => `${target} shut`),
    'own answers',
  ]);
});

test('a registry on an address of this machine is reached, and nothing else there', async () => {
  await inGuardedNetwork(ours().map((address) => ({ address, port })));
  const [address] = ours();
  const elsewhere = `${address}:${await listenAt(0)}`;
  expect(await probe([`${address}:${port}`, elsewhere])).toEqual([
    `${address}:${port} open`,
    `${elsewhere} shut`,
    'registry 200',
  ]);
});

test("another app's container is not reached, nor another build's", async () => {
  const instance = await inGuardedNetwork();
  await probe([]);
  const { engine } = builds;
  const app = ownName(instance, 'app');
  const build = ownName(instance, 'builds');
  await engine.createNetwork({ name: app, subnet: '10.213.255.128/25', labels: ownLabels(instance) });
  const image = (await builds.images.ensure('build')).reference;
  const listen =
    'use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 5, LocalPort => 5006, ReuseAddr => 1) or die; while (my $c = $s->accept) { close $c }';
  const targets: string[] = [];
  for (const name of [app, build]) {
    const id = await engine.create({
      ...{ name: `${name}-peer`, image, network: name, env: {}, log: 'none' as const },
      labels: ownLabels(instance, 'process'),
      entrypoint: ['perl', '-e', listen],
      command: [],
    });
    await engine.start(id);
    const address = (await engine.inspect(id)).addresses[name]!;
    const knock = `for i in $(seq 50); do exec 3<>/dev/tcp/${address}/5006 && exit 0; sleep 0.1; done; exit 1`;
    expect((await engine.exec(id, ['bash', '-c', knock])).exitCode).toBe(0);
    targets.push(`${address}:5006`);
  }
  try {
    expect(await probe(targets)).toEqual([...targets.map((target) => `${target} shut`), 'registry 200']);
  } finally {
    for (const { id } of await engine.list(ownLabels(instance, 'process'))) await engine.remove(id);
    await engine.removeNetwork(app);
  }
});

test('the network and the guard are made anew where somebody removed them, and go with the builder', async () => {
  const instance = await inGuardedNetwork();
  await probe([]);
  const { engine } = builds;
  await engine.removeNetwork(ownName(instance, 'builds'));
  const target = `${ours()[0]}:${port}`;
  expect(await probe([target])).toEqual([`${target} shut`, 'registry 200']);
  const jumps = execFileSync('iptables', ['-t', 'raw', '-S', 'PREROUTING'], { encoding: 'utf8' });
  expect(jumps.split('\n').filter((line) => line.endsWith(`TWELVE-${instance}`))).toHaveLength(1);
  await builds.builder.close();
  expect((await engine.networks()).map(({ name }) => name)).not.toContain(ownName(instance, 'builds'));
  expect(() => chainOf(instance)).toThrow();
});
