// What lives on of containers that do not run, found among all processes of this machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { endLostProcesses } from '../../../platform/engine/lost-processes.ts';

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
