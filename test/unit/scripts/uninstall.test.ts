// scripts/install --uninstall on a machine that is made up: what is taken away, also where the engine went first.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { call } from '../../support/install-pieces.ts';
import { iptablesRules, writeIptables } from '../../support/iptables.ts';
import type { Result } from '../../support/program.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const asked: string[] = [];
let engine: Server | undefined;

const others = [
  '-P PREROUTING ACCEPT',
  '-N TWELVE-99999999-APPS',
  '-A PREROUTING -i tw9 -j TWELVE-99999999-APPS',
];
const ours = [
  ...['-N TWELVE-abcdef12', '-N TWELVE-abcdef12-APPS', '-A PREROUTING -i twabcdef -j TWELVE-abcdef12-APPS'],
  ...['-A TWELVE-abcdef12-APPS -d 169.254.0.0/16 -j DROP', '-A TWELVE-abcdef12 -j DROP'],
];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-uninstall-'));
  for (const name of ['opt', 'data', 'etc', 'bin', 'run-abcdef12/git', 'run-99999999'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('data/instance'), 'abcdef12\n');
  await writeFile(at('twelve.env'), '');
  await writeFile(at('starter'), '#!/bin/sh\n', { mode: 0o755 });
  await writeIptables(folder, [...others, ...ours]);
  asked.length = 0;
});
afterEach(async () => {
  engine?.close();
  engine = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** @param data keep or remove @param more what else is so on this machine */
function uninstall(data: string, more = ''): Promise<Result> {
  const machine = `set -euo pipefail
    cd ..
    programs=$FOLDER/opt data_folder=$FOLDER/data unit=$FOLDER/unit starter=$FOLDER/starter run_prefix=$FOLDER/run-
    command_file=$FOLDER/command service_log=$FOLDER/log default_socket=$FOLDER/engine.sock data=${data}
    has_systemd() { return 1; }
    is_our_user() { return 1; }
    ${more}
    uninstall`;
  const env = { FOLDER: folder, PATH: `${at('bin')}:${process.env['PATH']}`, SETTINGS: at('etc/twelve.env') };
  return call(folder, 'eval', [machine], env);
}

/** One that has a container of ours, and nothing else. */
async function startEngine(): Promise<void> {
  engine = createServer((request, response) => {
    asked.push(`${request.method} ${decodeURIComponent(request.url!)}`);
    const list = request.url!.startsWith('/containers/json') ? [{ Id: 'c1', Labels: {} }] : [];
    response.end(request.method === 'GET' ? JSON.stringify(list) : '');
  }).listen(at('engine.sock'));
  await new Promise((resolve) => engine!.once('listening', resolve));
}

const rules = (name: string): Promise<string[]> => iptablesRules(folder, name);

it('takes away containers, rules and sockets of this platform and no other, and keeps the data', async () => {
  await startEngine();
  expect(await uninstall('keep')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/data and settings stay(.|\n)* removed\./),
  });
  expect(asked).toContain('DELETE /containers/c1?force=1&v=1');
  for (const name of ['iptables', 'ip6tables']) expect(await rules(name)).toEqual(others);
  expect(
    ['run-abcdef12', 'run-99999999', 'data/instance', 'opt', 'starter'].map((name) => existsSync(at(name))),
  ).toEqual([false, true, true, false, false]);
});

it('asks the engine with the Node of an installation that ended before its program ran', async () => {
  await startEngine();
  for (const [name, node] of [
    ['cut', '#!/bin/sh\nexit 1\n'],
    ['whole', `#!/bin/sh\necho "$@" >>${at('asked')}\nexec ${process.execPath} "$@"\n`],
  ] as const) {
    await mkdir(at('opt/nodes', name, 'bin'), { recursive: true });
    await writeFile(at('opt/nodes', name, 'bin/node'), node, { mode: 0o755 });
  }
  expect(await uninstall('keep')).toMatchObject({ status: 0 });
  expect(await readFile(at('asked'), 'utf8')).toContain('scripts/lib/instance.js stop abcdef12');
  expect(asked).toContain('DELETE /containers/c1?force=1&v=1');
});

it('where the engine was taken away first it goes on without, and says so', async () => {
  const gone = await uninstall('remove', 'dockerd_installed() { return 1; }');
  expect(gone).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /no Docker Engine answers at .*engine\.sock, and none is installed: going on/,
    ),
  });
  for (const name of ['iptables', 'ip6tables']) expect(await rules(name)).toEqual(others);
  expect(['run-abcdef12', 'data', 'opt', 'starter', 'etc'].map((name) => existsSync(at(name)))).toEqual(
    Array(5).fill(false),
  );
});

it.each([
  ['that is only stopped', 'dockerd_installed() { :; }', ''],
  ['elsewhere', 'dockerd_installed() { return 1; }', 'TWELVE_ENGINE="/nowhere/engine.sock"\n'],
])('an engine %s has containers of ours: nothing is taken away yet', async (_where, machine, settings) => {
  await writeFile(at('etc/twelve.env'), settings);
  expect(await uninstall('remove', machine)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('start the engine, then run this again'),
  });
  expect(await rules('iptables')).toEqual([...others, ...ours]);
  expect(['run-abcdef12', 'data/instance', 'opt', 'starter'].map((name) => existsSync(at(name)))).toEqual(
    Array(4).fill(true),
  );
});

it('rules that cannot be taken away are an end that says where to look', async () => {
  await startEngine();
  await writeFile(at('iptables.rules'), [...others, ...ours, '-A OUTPUT -j TWELVE-abcdef12', ''].join('\n'));
  expect(await uninstall('keep')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('see what leads to TWELVE-abcdef12 (iptables -t raw -S'),
  });
  expect(existsSync(at('opt'))).toBe(true);
});

it('where no data is left nothing is known of the engine, and the rest goes', async () => {
  await rm(at('data'), { recursive: true });
  const gone = await uninstall('keep', 'engine_answers() { touch $FOLDER/was-asked; }');
  expect(gone).toMatchObject({ status: 0 });
  expect([existsSync(at('opt')), existsSync(at('was-asked'))]).toEqual([false, false]);
});
