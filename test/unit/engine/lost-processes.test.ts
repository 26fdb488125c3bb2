// What lives on of containers that do not run, found among all processes of this machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { containerIn, endLostProcesses } from '../../../platform/engine/lost-processes.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** A program that looks like the one that watches over a container. */
function shimOf(id: string, name = '/usr/bin/containerd-shim-runc-v2'): ChildProcess {
  const script = 'setInterval(() => {}, 1000)';
  const child = spawn(process.execPath, ['-e', script, '--', '-namespace', 'moby', '-id', id], {
    argv0: name,
    stdio: 'ignore',
  });
  started.push(child);
  return child;
}

const [lost, running, asked, other] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  ...[string, string, string, string],
];
const signalOf = (child: ChildProcess): Promise<string | null> =>
  new Promise((resolve) => {
    if (child.signalCode !== null) return resolve(child.signalCode);
    child.once('exit', (_code, signal) => resolve(signal));
  });

test('only those of the containers that are named, and that nobody asked to start meanwhile', async () => {
  const victim = shimOf(lost);
  const survivors = [shimOf(running), shimOf(asked), shimOf(lost, '/usr/bin/editor')];
  await endLostProcesses([lost, asked, other], (id) => id !== asked);
  expect(await signalOf(victim)).toBe('SIGKILL');
  expect(survivors.map((child) => child.signalCode)).toEqual([null, null, null]);
});

test('nothing happens when there is none', async () => {
  const shim = shimOf(running);
  await endLostProcesses([], () => true);
  await endLostProcesses([lost], () => true);
  expect(shim.signalCode).toBeNull();
});

const v1 = (path: string): string =>
  `12:rdma:/\n11:cpuset:${path}\n10:memory:${path}\n2:cpu,cpuacct:${path}\n1:name=systemd:${path}\n0::/system.slice/containerd.service\n`;

test.each([
  ['version 1, cgroupfs', v1(`/docker/${lost}`)],
  ['version 1, systemd', v1(`/system.slice/docker-${lost}.scope`)],
  ['version 1, under a group of its own', v1(`/twelve/containers/${lost}/init.scope`)],
  ['version 2, cgroupfs', `0::/docker/${lost}\n`],
  ['version 2, systemd', `0::/system.slice/docker-${lost}.scope\n`],
  // Seen from within a container, whose own id comes first.
  ['version 2, from a neighbour', `0::/../../docker/${other}/docker/${lost}\n`],
])('a process is known by its control group: %s', (_form, cgroup) => {
  expect(containerIn(cgroup, 'node\0server.js\0', new Set([lost, asked]))).toBe(lost);
  expect(containerIn(cgroup, 'node\0server.js\0', new Set([running]))).toBeUndefined();
});

test('a process of the machine itself is in no container, whatever it was started with', () => {
  const known = new Set([lost]);
  for (const cgroup of ['0::/init.scope\n', v1('/user.slice/user-0.slice'), '', '0::/\n']) {
    expect(containerIn(cgroup, `docker\0logs\0${lost}\0`, known)).toBeUndefined();
    expect(containerIn(cgroup, `docker\0-id\0${lost}\0`, known)).toBeUndefined();
  }
});

test('what starts a container is known by its arguments', () => {
  const known = new Set([lost]);
  const words = (...all: string[]): string => `${all.join('\0')}\0`;
  for (const program of ['/usr/sbin/runc', 'docker-runc', '/usr/bin/crun'])
    expect(containerIn('', words(program, '--root', '/run', 'create', lost), known)).toBe(lost);
  expect(containerIn('', words('/usr/bin/truncate', lost), known)).toBeUndefined();
});
