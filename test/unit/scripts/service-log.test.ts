// The log of the service where there is no systemd: it begins anew before it fills the disk.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { call, scripts } from '../../support/install-pieces.ts';
import { type Result, run } from '../../support/program.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-service-log-'));
  await writeFile(at('log'), 'what is long\n', { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bash = (script: string): Promise<Result> =>
  call(folder, 'eval', [`set -euo pipefail; log=${at('log')}; ${script}`]);

it('what is over the limit becomes the one before, and whoever writes goes on', async () => {
  expect(
    await bash(
      'log_limit=12; exec 3>>$log; shorten_log $log; echo more >&3; shorten_log $log; shorten_log $log.none',
    ),
  ).toMatchObject({ status: 0 });
  expect(await readFile(at('log'), 'utf8')).toBe('more\n');
  expect(await readFile(at('log.old'), 'utf8')).toBe('what is long\n');
  expect((await stat(at('log.old'))).mode & 0o777).toBe(0o600);
});

it('on a full disk it begins anew without one before, and within the limit it stays', async () => {
  await bash('log_limit=13; shorten_log $log');
  expect(await readFile(at('log'), 'utf8')).toBe('what is long\n');
  expect(await bash('log_limit=12; cp() { echo part >$3; return 1; }; shorten_log $log')).toMatchObject({
    status: 0,
  });
  expect(await readFile(at('log'), 'utf8')).toBe('');
  expect(existsSync(at('log.old'))).toBe(false);
});

it('it is looked at again and again, until that is told to end or nobody is left who asked for it', async () => {
  const ended = await bash(`
    log_limit=12 log_look=0.05
    keep_log_short $log & keeper=$!
    until [ -e $log.old ]; do sleep 0.05; done
    rm $log.old; echo and long once more >>$log
    until [ -e $log.old ]; do sleep 0.05; done
    kill -TERM $keeper; wait $keeper; echo "status $?"
    (log_look=60; keep_log_short $log) & sleep 0.2; kill -TERM $!; wait $!; echo "status $?"`);
  expect(ended).toMatchObject({ status: 0, stdout: 'status 0\nstatus 0\n' });
  const alone = await bash(`log_look=0.05; keep_log_short $log >/dev/null 2>&1 & echo $!`);
  // One that has ended has no command line, also as long as nobody has asked how.
  const commandLine = (): Promise<string> =>
    readFile(`/proc/${alone.stdout.trim()}/cmdline`, 'utf8').catch(() => '');
  await expect.poll(commandLine).toBe('');
});

it('the service looks at its own, and ends that when it ends', async () => {
  const service = await readFile(join(scripts, 'lib/twelve-service'), 'utf8');
  expect(service).toMatch(
    /keep_log_short "\$log" &\n {2}keeper=\$!\n {2}trap '[^']*kill -TERM "\$keeper" \|\| true;/,
  );
});

it('the service leaves no pid file, whatever its server ends with and also between two of them', async () => {
  const text = await readFile(join(scripts, 'lib/twelve-service'), 'utf8');
  const elsewhere = {
    ...{ '/opt/twelve/current': 'current', '/var/lib/twelve': 'data', '/etc/twelve': 'etc' },
    ...{ '/var/log/twelve.log': 'log', '/run/twelve.pid': 'pid' },
  };
  const service = Object.entries(elsewhere).reduce(
    (all, [path, name]) => all.replaceAll(path, at(name)),
    text,
  );
  for (const name of ['current/bin', 'current/scripts', 'data', 'etc'])
    await mkdir(at(name), { recursive: true });
  await symlink(join(scripts, 'lib'), at('current/scripts/lib'));
  await writeFile(at('etc/twelve.env'), '');
  await writeFile(at('twelve-service'), service, { mode: 0o755 });
  await writeFile(at('current/bin/node'), '#!/bin/sh\n', { mode: 0o755 });
  const env = { PATH: process.env['PATH'] ?? '' };
  const tell = (verb: string): Promise<Result> => run(at('twelve-service'), [verb], { env });
  for (const server of ["trap 'exit 7' TERM; touch up; while :; do sleep 0.1; done", 'touch up; exit 3']) {
    await rm(at('data/up'), { force: true });
    await writeFile(at('current/bin/setpriv'), `#!/bin/bash\n${server}\n`, { mode: 0o755 });
    expect(await tell('start')).toMatchObject({ status: 0 });
    try {
      await expect.poll(() => existsSync(at('data/up'))).toBe(true);
    } finally {
      expect(await tell('stop')).toMatchObject({ status: 0, stdout: expect.stringContaining('has stopped') });
    }
    expect(existsSync(at('pid'))).toBe(false);
  }
});
