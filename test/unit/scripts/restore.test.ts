// scripts/install --restore: what it refuses before anything is changed, and a real backup that becomes the service's data.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, scripts } from '../../support/install-pieces.ts';
import { type Result, run } from '../../support/program.ts';
import { createBackupGround } from '../actions/backup-ground.ts';

const root = join(scripts, '..');
let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-install-restore-'));
  await mkdir(at('data'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Pieces of an installation that has nothing on this machine; `backup` and `backup_key` as they are set in `script`. */
const pieces = (script: string, env: Record<string, string> = {}): Promise<Result> =>
  call(
    folder,
    'eval',
    [
      `set -euo pipefail
       cd ..
       data_folder=$FOLDER/data unit=$FOLDER/unit starter=$FOLDER/starter service_log=$FOLDER/log node=node
       fresh=$FOLDER/version backup='' backup_key='' called_from=$FOLDER
       has_systemd() { return 1; }
       ${script}`,
    ],
    { FOLDER: folder, ...env },
  );

/** As somebody who may not install anything. */
const install = (...args: string[]): Promise<Result> =>
  run(join(scripts, 'install'), args, {
    env: { PATH: process.env['PATH'] ?? '', 'BASH_FUNC_id%%': '() { echo 1000; }' },
  });

it('takes a backup with its key, and neither alone', async () => {
  for (const [args, told] of [
    [['--restore', 'a.tgz'], 'A backup is read with its key'],
    [['--key', 'a.key'], '--key is the key of a backup, and none is named'],
    [['--restore'], '--restore needs a value'],
    [['--restore=a.tgz', '--key='], '--key needs a value'],
    [['--restore=a.tgz', '--key=a.key'], 'needs root'],
  ] as const)
    expect(await install(...args)).toMatchObject({ status: 1, stderr: expect.stringContaining(told) });
  expect(await install('--uninstall', '--restore', 'a', '--key', 'b')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('usage:'),
  });
});

describe('before anything is changed', () => {
  const refuse =
    'take_restore --restore a.tgz; take_restore --key "$FOLDER/a.key"; refuse_restore; echo fine';

  it('files are looked for where whoever calls it is', async () => {
    await writeFile(at('a.tgz'), '');
    const missing = await pieces(refuse);
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toContain(`There is no file ${at('a.key')}. Nothing was changed.`);
    await writeFile(at('a.key'), '');
    expect(await pieces(refuse)).toMatchObject({ status: 0, stdout: 'fine\n' });
  });

  it('data that is there is refused, but for what a restore left that was cut off', async () => {
    for (const name of ['a.tgz', 'a.key', 'data/twelve.db']) await writeFile(at(name), '');
    expect(await pieces(refuse)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /holds the data of a platform, .*Nothing was changed\.\n.*without --restore and --key\. .*--uninstall/,
      ),
    });
    await mkdir(at('data/restoring'));
    expect(await pieces(refuse)).toMatchObject({ status: 0, stdout: 'fine\n' });
  });

  it('what is left of lost data is refused too, and an empty folder is one with a lock in it, or none', async () => {
    for (const name of ['a.tgz', 'a.key', 'data/server.lock']) await writeFile(at(name), '');
    await mkdir(at('data/lost+found'));
    expect(await pieces(refuse)).toMatchObject({ status: 0, stdout: 'fine\n' });
    await mkdir(at('data/logs'));
    expect(await pieces(refuse)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /data is not empty: logs\. Nothing was changed\.\n.*move what is there away/,
      ),
    });
    await rm(at('data'), { recursive: true });
    expect(await pieces(refuse)).toMatchObject({ status: 0, stdout: 'fine\n' });
  });
});

describe('a backup', () => {
  const owner = 20_012;
  const restore = 'backup=$FOLDER/a.tar backup_key=$FOLDER/a.key; restore_backup; echo restored';

  beforeEach(async () => {
    await chown(at('data'), owner, owner);
    await using ours = await createBackupGround();
    const first = await ours.released('first', 'succeeded');
    ours.inGit('update-ref', 'refs/heads/main', first);
    await ours.backup();
    await writeFile(at('a.tar'), await readFile(ours.archive));
    await writeFile(at('a.key'), await readFile(ours.key));
    // The program of this checkout, as it is.
    await mkdir(at('version/bin'), { recursive: true });
    await mkdir(at('version/dist/cli'), { recursive: true });
    await symlink(process.execPath, at('version/bin/node'));
    await writeFile(
      at('version/dist/cli/main.js'),
      `import { register } from '${root}/node_modules/tsx/dist/esm/api/index.mjs';
       register();
       await import('${root}/platform/cli/main.ts');`,
    );
    await writeFile(at('version/package.json'), '{"type":"module"}');
  });
  const ofOthers = (name: string): string =>
    execFileSync('find', [`${at(name)}/`, '!', '-user', String(owner)], { encoding: 'utf8' });

  it('becomes the data of the user who has the folder', async () => {
    const restored = await pieces(restore);
    expect(restored).toMatchObject({ status: 0, stdout: expect.stringMatching(/restored\n$/) });
    expect(restored.stdout).toMatch(
      /data is as it was at .* its apps come back; as a service: systemctl start twelve/,
    );
    expect(restored.stdout).not.toContain('Stopping the service');
    expect(await readdir(at('data'))).toEqual(
      expect.arrayContaining(['blobs', 'git', 'instance', 'secret.key', 'twelve.db']),
    );
    expect(ofOthers('data')).toBe('');
  });

  it('also where the folder is a link to another disk', async () => {
    await rm(at('data'), { recursive: true });
    await mkdir(at('disk'));
    await chown(at('disk'), owner, owner);
    await symlink(at('disk'), at('data'));
    expect(await pieces(restore)).toMatchObject({ status: 0 });
    expect(existsSync(at('disk/twelve.db'))).toBe(true);
    expect(ofOthers('disk')).toBe('');
  });

  it('that is not whole ends the installation, with the folder as empty as before', async () => {
    const whole = await readFile(at('a.tar'));
    await writeFile(at('a.tar'), whole.subarray(0, whole.length - 2000));
    const refused = await pieces(restore);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /The (archive|backup) .*\n(.|\n)*Restoring .*: failed with status 1 (.|\n)*is as empty as before\. There is no service yet\.\n$/,
    );
    expect(refused.stdout).not.toContain('restored\n');
    expect((await readdir(at('data'))).filter((name) => name !== 'server.lock')).toEqual([]);
    expect(ofOthers('data')).toBe('');
  });

  it('stops a service that is there, which would make a platform of its own in the empty folder', async () => {
    await writeFile(at('starter'), `#!/bin/bash\necho "$1" >>${at('told')}\n`, { mode: 0o755 });
    await writeFile(at('a.key'), 'none');
    expect(await pieces(restore)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/a\.key is damaged(.|\n)*The service stays stopped\.\n$/),
    });
    expect(await readFile(at('told'), 'utf8')).toBe('stop\n');
  });
});

describe('the ports', () => {
  let engine: Server;
  let routers: string[];
  let address: string;

  beforeEach(async () => {
    routers = [];
    engine = createServer(({ url = '' }, response) => {
      const found = new URL(url, 'http://engine').searchParams.get('filters');
      expect(JSON.parse(found!)).toEqual({ label: ['twelve.kind=router'] });
      response.end(JSON.stringify(routers.map((id) => ({ Id: 'c', Labels: { 'twelve.instance': id } }))));
    }).listen(at('engine.sock'));
    const router = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => router.once('listening', resolve));
    address = `127.0.0.1:${(router.address() as AddressInfo).port}`;
    engine.once('close', () => router.close());
    await writeFile(at('twelve.env'), `TWELVE_API="127.0.0.1:1"\nTWELVE_HTTP="${address}"\n`);
  });
  afterEach(() => engine.close());
  const ask = (): Promise<Result> =>
    pieces('refuse_ports_of_others; echo free', { TWELVE_ENGINE: at('engine.sock') });

  it('may be those of the router of the restored platform, which went on without its data', async () => {
    routers = ['0badcafe', 'deadbeef'];
    await writeFile(at('data/instance'), 'deadbeef\n');
    expect(await ask()).toMatchObject({ status: 0, stdout: 'free\n' });
  });

  it('are refused when anybody else has them, and other platforms of this engine are named', async () => {
    const refused = await ask();
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain(`${address}, which is for visitors of apps, is taken`);
    routers = ['0badcafe'];
    await writeFile(at('data/instance'), 'deadbeef\n');
    expect(await ask()).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(
        /router of another platform: 0badcafe\.(.|\n)*instance\.js remove 0badcafe\n$/,
      ),
    });
  });

  it('are those of an installed service with its data, but not of data that was restored for a service to come', async () => {
    await writeFile(at('data/instance'), 'deadbeef\n');
    // What failed after a restore is run again without it.
    expect(await ask()).toMatchObject({ status: 1, stderr: expect.stringContaining('is taken') });
    await writeFile(at('unit'), '');
    expect(await ask()).toMatchObject({ status: 0, stdout: 'free\n' });
    await rm(at('data/instance'));
    expect(await ask()).toMatchObject({ status: 1, stderr: expect.stringContaining('is taken') });
  });
});
