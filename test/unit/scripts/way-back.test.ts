// scripts/install where what it started does not come up: what was there before is put back, and runs again.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { call } from '../../support/install-pieces.ts';
import type { Result } from '../../support/program.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const read = (...names: string[]): Promise<string> => readFile(at(...names), 'utf8');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-way-back-'));
  for (const name of ['opt/versions/1/dist', 'opt/versions/2/dist', 'data/backups'])
    await mkdir(at(name), { recursive: true });
  for (const version of ['1', '2']) await writeFile(at(`opt/versions/${version}/dist/main.js`), version);
  await writeFile(at('twelve.env'), 'TWELVE_DOMAIN="old.example.com"\n');
  await writeFile(at('data/twelve.db'), 'old');
  await writeFile(at('data/backups/twelve-schema-4-2026-01-01.db'), 'older');
  // The service: what it is told, and the version that is there when it is told so.
  await writeFile(
    at('starter'),
    `#!/bin/bash\necho "$1 $(basename $(readlink ${at('opt/current')}))" >>${at('told')}\n`,
    { mode: 0o755 },
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An installation of version 2 over version 1 as far as it concerns the way back; `healthy`: of the versions, as a pattern. @param by runs it */
function upgrade(changes: string, healthy: string, by: readonly string[] = []): Promise<Result> {
  return call(
    folder,
    'eval',
    [
      `set -euo pipefail
       programs=$FOLDER/opt data_folder=$FOLDER/data unit=$FOLDER/unit starter=$FOLDER/starter
       cd .. && node=node
       command_file=$FOLDER/command service_log=$FOLDER/log fresh=$FOLDER/opt/versions/2
       [ -e $FOLDER/first ] || ln -s $FOLDER/opt/versions/1 $programs/current
       has_systemd() { return 1; }
       wait_for_platform() { [[ $(basename $(readlink $programs/current)) == $HEALTHY ]]; }
       remember_what_runs
       echo 'TWELVE_DOMAIN="new.example.com"' >$settings_file
       open_way_back
       switch_program
       ${changes}
       step "Starting the new one" starter_and_wait restart
       shut_way_back
       echo installed`,
    ],
    { FOLDER: folder, HEALTHY: healthy, TWELVE_ENGINE: at('engine.sock') },
    by,
  );
}

const migrated = `
  mv $data_folder/twelve.db $data_folder/backups/twelve-schema-5-2026-02-01.db
  echo new >$data_folder/twelve.db; echo newer >$data_folder/twelve.db-wal; touch $data_folder/twelve.db-shm`;

it('program, settings, service and a database that was brought up to date', async () => {
  const ended = await upgrade(`${migrated}; cp $starter $starter.copy; echo '# new' >>$starter`, '1');
  expect(ended).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /Not installed: .* version 1 runs again\. .*data\/backups\/twelve-upgraded\.db(.|\n)*What to do: read why \(/,
    ),
  });
  expect(ended.stdout).not.toContain('installed\n');
  expect(await readlink(at('opt/current'))).toBe(at('opt/versions/1'));
  expect(await read('twelve.env')).toBe('TWELVE_DOMAIN="old.example.com"\n');
  expect(await read('starter')).toBe(await read('starter.copy'));
  expect(existsSync(at('command'))).toBe(false);
  expect(await read('data/twelve.db')).toBe('old');
  expect(['-wal', '-shm', '.new'].filter((end) => existsSync(at(`data/twelve.db${end}`)))).toEqual([]);
  expect(await read('data/backups/twelve-upgraded.db')).toBe('new\n');
  expect(await read('data/backups/twelve-upgraded.db-wal')).toBe('newer\n');
  // Stopped before anything is put back, started after all of it.
  expect(await read('told')).toBe('restart 2\nstop 2\nstart 1\n');
  expect(existsSync(at('opt/before'))).toBe(false);
});

it('a database that was not brought up to date stays, with what was written since', async () => {
  const ended = await upgrade('echo more >>$data_folder/twelve.db', '1');
  expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('version 1 runs again.\n') });
  expect(await read('data/twelve.db')).toBe('oldmore\n');
  expect(existsSync(at('data/backups/twelve-upgraded.db'))).toBe(false);
});

it('of several copies that failed upgrades made, the first', async () => {
  const failed = 'cp $data_folder/twelve.db $data_folder/backups/twelve-schema-5-2026-02-02.db';
  await upgrade(`echo first >$data_folder/backups/twelve-schema-5-2026-02-01.db; ${failed}`, '1');
  expect(await read('data/twelve.db')).toBe('first\n');
});

it('of two routers the one that was told to leave is gone before the version before is started', async () => {
  await writeFile(at('data/instance'), 'abcdef12\n');
  const asked: string[] = [];
  const engine = createServer((request, response) => {
    asked.push(`${request.method} ${decodeURIComponent(request.url!)}`);
    const routers = [
      { Id: 'left', Created: 1 },
      { Id: 'serves', Created: 3 },
      { Id: 'before', Created: 2 },
    ];
    response.end(request.method === 'GET' ? JSON.stringify(routers) : '');
  }).listen(at('engine.sock'));
  await once(engine, 'listening');
  const ended = await upgrade('', '1').finally(() => engine.close());
  expect(ended.stderr).toContain('version 1 runs again.');
  expect(asked).toEqual([
    'GET /containers/json?filters={"label":["twelve.instance=abcdef12","twelve.kind=router"]}',
    'DELETE /containers/before?force=1&v=1',
    'DELETE /containers/left?force=1&v=1',
  ]);
});

it('nor does an engine that is away keep from the way back', async () => {
  await writeFile(at('data/instance'), 'abcdef12\n');
  const ended = await upgrade('', '1');
  expect(ended.stderr).toContain('version 1 runs again.');
});

it('one that is interrupted goes back too', async () => {
  const ended = await upgrade('kill -TERM $BASHPID; sleep 1', '1');
  expect(ended.status).not.toBe(0);
  expect(ended.stderr).toContain('Not installed: this was interrupted, and version 1 runs again.');
  expect(await readlink(at('opt/current'))).toBe(at('opt/versions/1'));
});

it('a way back goes to its end: interrupted again, and with nobody left who reads what it says', async () => {
  // What is told to stop is in the group that a terminal interrupts; what is started gets the signals as usual.
  const starter = (await read('starter')).replace(
    'echo "$1',
    () =>
      `case $1 in stop) kill -INT 0; kill -TERM $PPID ;; start) trap 'echo "stopped" >>${at('told')}' TERM; kill -TERM $$ ;; esac\necho "$1`,
  );
  await writeFile(at('starter'), starter);
  // A group of its own, as a terminal gives a command, and a reader that has gone.
  const ended = await upgrade(
    `${migrated}; starter_and_wait() { $starter "$1"; wait_for_platform; }; exec > >(exec true); sleep 0.3; kill -TERM $BASHPID; sleep 1`,
    '1',
    ['setsid', '--wait'],
  );
  expect(ended.status).not.toBe(0);
  expect(ended.stderr).toContain('Not installed: this was interrupted, and version 1 runs again.');
  expect(await read('data/twelve.db')).toBe('old');
  expect(await readlink(at('opt/current'))).toBe(at('opt/versions/1'));
  expect(await read('told')).toBe('stop 2\nstopped\nstart 1\n');
});

it('what an earlier way back could not put back, or kept, is nothing that the next one removes', async () => {
  await mkdir(at('opt/before'), { mode: 0o700 });
  await writeFile(at('opt/before/twelve.env'), 'TWELVE_DOMAIN="oldest.example.com"\n');
  await writeFile(at('data/backups/twelve-upgraded.db'), 'newest');
  const ended = await upgrade(migrated, '1');
  expect(ended.stderr).toMatch(/version 1 runs again\. .*data\/backups\/twelve-upgraded-2\.db alone/);
  expect(await read('data/backups/twelve-upgraded.db')).toBe('newest');
  expect(await read('data/backups/twelve-upgraded-2.db')).toBe('new\n');
  const [, left] = /came to no end: .* are in (\S+)\n/.exec(ended.stdout)!;
  expect(await readFile(join(left!, 'twelve.env'), 'utf8')).toContain('oldest.example.com');
});

it('on a disk without room for a copy of what was there, that itself is put in place', async () => {
  const full = 'cp() { echo "cp: no space left on device" >&2; return 1; }';
  const ended = await upgrade(`${migrated}; echo '# new' >>$starter; ${full}`, '1');
  expect(ended.stderr).toContain('version 1 runs again.');
  expect(await read('twelve.env')).toBe('TWELVE_DOMAIN="old.example.com"\n');
  expect(await read('starter')).not.toContain('# new');
  expect(await read('data/twelve.db')).toBe('old');
  expect(await read('data/backups/twelve-upgraded.db')).toBe('new\n');
});

it('where the one before does not come up either, that is said, and everything is in its place', async () => {
  const ended = await upgrade(migrated, 'none');
  expect(ended).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /Starting version 1: failed(.|\n)*What was there before is in its place again/,
    ),
  });
  expect(ended.stderr).not.toContain('runs again');
  expect(await readlink(at('opt/current'))).toBe(at('opt/versions/1'));
  expect(await read('data/twelve.db')).toBe('old');
});

it('where no upgrade was ever made there are no copies yet', async () => {
  await rm(at('data/backups'), { recursive: true });
  const ended = await upgrade('', '1');
  expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('version 1 runs again.\n') });
  expect(await read('data/twelve.db')).toBe('old');
});

it('a first installation has nothing to go back to: it ends where it fails', async () => {
  await writeFile(at('first'), '');
  const ended = await upgrade('', '1');
  expect(ended).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/Starting the new one: failed with status 1 after [\d.]+ s\.\n$/),
  });
  expect(await read('told')).toBe('restart 2\n');
  await rm(at('opt/current'));
  expect(await upgrade('', '2')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('installed\n'),
  });
});

it('one that comes up stays, and leaves nothing behind for a way back', async () => {
  expect(await upgrade(migrated, '2')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('installed\n'),
  });
  expect(await readlink(at('opt/current'))).toBe(at('opt/versions/2'));
  expect(await read('twelve.env')).toContain('new.example.com');
  expect(await read('data/twelve.db')).toBe('new\n');
  expect(existsSync(at('opt/before'))).toBe(false);
});
