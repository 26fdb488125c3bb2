import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../support/wait.ts';

const lib = join(import.meta.dirname, '../../../scripts/lib');
let folder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-setup-'));
  await mkdir(join(folder, 'bin'));
});
afterEach(async () => {
  server?.close();
  server = undefined;
  const pid = await readFile(join(folder, 'run.pid'), 'utf8').catch(() => '');
  if (pid) process.kill(Number(pid));
  await rm(folder, { recursive: true });
});

/** start_engine on a machine that is made up: nothing of the real one is looked at or started. */
function startEngine(machine = '', env: Record<string, string> = {}) {
  const script = `
    set -euo pipefail
    source ${lib}/steps.sh; source ${lib}/apt.sh; source ${lib}/engine.sh
    default_socket=${folder}/engine.sock engine_log=${folder}/engine.log run_folder=${folder}/run engine_settings=${folder}/etc/daemon.json
    id() { echo 0; }
    has_systemd() { return 1; }
    mount_cgroups() { :; }
    dockerd_installed() { [ -x ${folder}/bin/dockerd ]; }
    ${machine}
    start_engine`;
  return new Promise<{ status: number; output: string }>((resolve) => {
    const options = { env: { PATH: `${folder}/bin:${process.env['PATH']}`, ...env } };
    execFile('bash', ['-c', script], options, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

async function program(name: string, text: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), text, { mode: 0o755 });
}

/** Answers `/_ping` as an engine does. */
const dockerd = () => `#!${process.execPath}
require('fs').writeFileSync('${folder}/run.pid', String(process.pid));
require('http').createServer((_, answer) => answer.end('OK')).listen('${folder}/engine.sock');`;

it('uses an engine that answers as it is', async () => {
  server = createServer((_, answer) => answer.end('OK')).listen(join(folder, 'engine.sock'));
  await program('dockerd', '#!/bin/sh\necho started >&2; exit 1\n');
  const result = await startEngine();
  expect(result.status).toBe(0);
  expect(result.output).toContain('using it');
  expect(result.output).not.toContain('Starting');
});

it('starts one that is installed, past the pid file of one that is gone', async () => {
  await program('dockerd', dockerd());
  await mkdir(join(folder, 'run'));
  await writeFile(join(folder, 'run/docker.pid'), String(process.pid));
  const result = await startEngine();
  expect(result).toMatchObject({ status: 0, output: expect.stringContaining('Starting the Docker Engine') });
  await expect(readFile(join(folder, 'run/docker.pid'))).rejects.toThrow('ENOENT');
});

it('starts one past the pid file of one that has ended, and that nobody has waited for', async () => {
  await program('dockerd', dockerd());
  await mkdir(join(folder, 'run'));
  await mkdir(join(folder, 'before'));
  await symlink('/bin/sleep', join(folder, 'before/dockerd'));
  // Its parent is another program by the time it ends, one that waits for nobody.
  const parent = spawn('bash', ['-c', `${folder}/before/dockerd 60 >/dev/null & echo $!; exec sleep 60`]);
  try {
    const ended = Number((await once(parent.stdout, 'data'))[0]);
    const comes = (pid: number, line: RegExp) =>
      eventually(
        () => readFile(`/proc/${pid}/status`, 'utf8'),
        (status) => line.test(status),
      );
    await comes(parent.pid!, /^Name:\tsleep$/m);
    await comes(ended, /^Name:\tdockerd$/m);
    process.kill(ended, 'SIGKILL');
    await comes(ended, /^State:\tZ/m);
    await writeFile(join(folder, 'run/docker.pid'), String(ended));
    expect(await startEngine()).toMatchObject({
      status: 0,
      output: expect.stringContaining('Starting the Docker Engine'),
    });
    await expect(readFile(join(folder, 'run/docker.pid'))).rejects.toThrow('ENOENT');
  } finally {
    parent.kill();
  }
});

it('lets systemd start it where systemd runs', async () => {
  await program('dockerd', '#!/bin/sh\nexit 1\n');
  await program('engine', dockerd());
  const result = await startEngine(
    `has_systemd() { :; }\nsystemctl() { [ "$*" = "start docker" ] || return; ${folder}/bin/engine & }`,
  );
  expect(result.status).toBe(0);
});

it('installs one where none is, and only then', async () => {
  await program('engine', dockerd());
  const result = await startEngine(`
    apt-cache() { [ "$2" = docker-cli ]; }
    apt-get() { echo "apt-get $*" >> ${folder}/apt; [[ "$*" != *install* ]] || { cp ${folder}/etc/daemon.json ${folder}/apt-settings; cp ${folder}/bin/engine ${folder}/bin/dockerd; }; }`);
  expect(result.status).toBe(0);
  expect(await readFile(join(folder, 'apt'), 'utf8')).toMatch(/install .*docker\.io iptables .*docker-cli/);
  // Its containers outlive its restarts, from its first start on.
  expect(JSON.parse(await readFile(join(folder, 'apt-settings'), 'utf8'))).toEqual({ 'live-restore': true });
});

it('leaves the settings of an engine as they are that was there', async () => {
  await program('engine', dockerd());
  await cp(join(folder, 'bin/engine'), join(folder, 'bin/dockerd'));
  expect(await startEngine()).toMatchObject({ status: 0 });
  await expect(readFile(join(folder, 'etc/daemon.json'))).rejects.toThrow('ENOENT');
});

it('keeps settings that were there before the engine that it installs', async () => {
  await program('engine', dockerd());
  await mkdir(join(folder, 'etc'));
  await writeFile(join(folder, 'etc/daemon.json'), '{"debug":true}');
  const result = await startEngine(`
    apt-cache() { :; }
    apt-get() { [[ "$*" != *install* ]] || cp ${folder}/bin/engine ${folder}/bin/dockerd; }`);
  expect(result.status).toBe(0);
  expect(await readFile(join(folder, 'etc/daemon.json'), 'utf8')).toBe('{"debug":true}');
});

it('says why the engine did not start, and where to look', async () => {
  await program(
    'dockerd',
    '#!/bin/sh\necho "failed to mount overlay: operation not permitted" >&2\nexit 1\n',
  );
  const result = await startEngine();
  expect(result.status).toBe(1);
  expect(result.output).toContain('failed to mount overlay');
  expect(result.output).toContain(`look at the end of ${folder}/engine.log`);
});

it('does not set up another engine beside one that was named', async () => {
  const result = await startEngine('', { TWELVE_ENGINE: `unix://${folder}/mine.sock` });
  expect(result.status).toBe(1);
  expect(result.output).toContain(`TWELVE_ENGINE is ${folder}/mine.sock, and no Docker Engine answers there`);
});

it('asks for root before it changes the machine', async () => {
  const result = await startEngine('id() { echo 1000; }');
  expect(result).toMatchObject({ status: 1, output: expect.stringContaining('run this again as root') });
});
