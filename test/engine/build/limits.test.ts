// What a build prints, and that it ends: over each of its limits, cancelled, left by a killed server.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { confined, confinedProgram, saidOfConfinement } from '../../support/confinement.ts';
import { type Builds, startPurposeMade } from './builds.ts';

let builds: Builds;
afterEach(() => builds[Symbol.asyncDispose]());

describe('output and limits', () => {
  test('stdout and stderr in order, last line without newline, credentials hidden, own message held for the failure', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile':
        'for i in 1 2 3; do echo out$i; echo err$i >&2; done; echo "token $(cat $3/API_TOKEN)"; printf " !     it broke\\n !     do this"; exit 127',
    });
    const failure = await builds.failure(
      { '.buildpacks': 'null' },
      { config: { API_TOKEN: 'abcdef123456' } },
    );
    expect(failure.lines.slice(4)).toEqual([
      'out1',
      'err1',
      'out2',
      'err2',
      'out3',
      'err3',
      'token ********',
    ]);
    expect(failure).toMatchObject({
      id: 'compile',
      message: 'it broke\ndo this\nBuildpack null failed with exit code 127.',
    });
  });

  test('over its time the build is stopped (E19); nothing is left, and its cache is as it was', async () => {
    const cacheFolder = await mkdtemp(join(tmpdir(), 'twelve-cache-'));
    // When the builders, which save it in the background, have ended.
    onTestFinished(() => rm(cacheFolder, { recursive: true }));
    const scripts = {
      'null/detect': 'true',
      'null/compile':
        'cat $2/state; echo half > $2/state; echo "-----> Waiting"; [ -f $1/quick ] || sleep 600; echo whole > $2/state',
      'null/release': 'echo "default_process_types: {web: run}"',
    };
    const files = { '.buildpacks': 'null' };
    const whole = async () => {
      await using patient = await startPurposeMade(scripts, { cacheFolder });
      return (await patient.build({ ...files, quick: '' }, { app: 'one' })).lines;
    };
    await whole();
    builds = await startPurposeMade(scripts, { cacheFolder, timeoutMs: 3000 });
    const failure = await builds.failure(files, { app: 'one' });
    expect(failure).toMatchObject({ id: 'E19' });
    expect(failure.lines).toContain('whole');
    expect(failure.message).toMatch(
      /^Build stopped after 3 seconds; last step: Waiting; silent since \d\d:\d\d:\d\d UTC\.$/,
    );
    expect(await builds.containers()).toEqual([]);
    expect(await whole()).toContain('whole');
  });

  test('over its memory the build says so (E18)', async () => {
    builds = await startPurposeMade(
      { 'null/detect': 'true', 'null/compile': 'head -c 400m /dev/zero | tail' },
      { memory: 64 * 1_048_576 },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    expect(failure).toMatchObject({
      id: 'E18',
      message:
        'The build used more than its 64 MB. Lower parallelism of the bundler, or raise the build memory (server setting TWELVE_BUILD_MEMORY).',
    });
  });

  test('over its processes the build says so (E19)', async () => {
    builds = await startPurposeMade(
      {
        'null/detect': 'true',
        'null/compile': `perl -e 'for (1..100) { defined(my $p = fork) or die "cannot fork: $!\\n"; if (!$p) { sleep 60; exit } }'`,
      },
      { limits: { processes: 64 } },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    expect(failure).toMatchObject({ id: 'E19', message: expect.stringContaining('all of its 64 processes') });
    expect(failure.lines).toContain('cannot fork: Resource temporarily unavailable');
  });

  test('more cores than it may have are not to be had', async () => {
    builds = await startPurposeMade(
      {
        'null/detect': 'true',
        'null/compile': `timeout 2 bash -c 'while :; do :; done'
cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null; false`,
      },
      { limits: { cpus: 0.25 } },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    const throttled = failure.lines.find((line) => line.startsWith('nr_throttled'));
    expect(Number(throttled?.split(' ')[1])).toBeGreaterThan(5);
  });

  test('over its disk the build is stopped, told what was largest (E19); nothing is left', async () => {
    builds = await startPurposeMade(
      {
        'null/detect': 'true',
        'null/compile': `mkdir $1/node_modules; head -c 50M /dev/zero > $1/node_modules/big
head -c 40M /dev/zero > $2/kept; head -c 30M /dev/zero > /tmp/scratch; head -c 20M /dev/zero > /var/tmp/more
head -c 10M /dev/zero > /app/last; head -c 1M /dev/zero > $1/small; sleep 600`,
      },
      { limits: { diskBytes: 100 * 1_048_576, lookMs: 500 } },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    expect(failure).toMatchObject({ code: 'build_failed', id: 'E19' });
    expect(failure.message).toMatch(
      /^The files of the build take 1\d\d MB, limit 100 MB\. Largest: node_modules 50 MB, cache\/kept 40 MB,/,
    );
    expect(await builds.containers()).toEqual([]);
    expect(await readdir(join(builds.folder, 'work'))).toEqual([]);
  });

  test('a build is confined as a process of an app is', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile': 'python3 $1/confined.py; false',
    });
    const { lines } = await builds.failure({ '.buildpacks': 'null', 'confined.py': confinedProgram });
    expect(saidOfConfinement(lines.join('\n'))).toEqual(confined);
  });

  test('outside of the folders that are watched a build can write nothing', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile': `for folder in $(find / -xdev -type d -writable 2>/dev/null) /run/lock /var/log; do
  { echo x > "$folder/probe"; } 2>/dev/null && echo "$folder written"
done
for folder in /tmp /var/tmp /app "$1" "$2"; do echo x > "$folder/probe" && echo "watched $folder"; done; false`,
    });
    const { lines } = await builds.failure({ '.buildpacks': 'null' });
    expect(lines.filter((line) => line.endsWith(' written')).sort()).toEqual([
      '/app written',
      '/tmp written',
      '/var/tmp written',
    ]);
    expect(lines.filter((line) => line.startsWith('watched '))).toHaveLength(5);
  });

  test('a build that would fill the disk is stopped before it has (E19)', async () => {
    const { bavail, bsize } = await statfs(tmpdir());
    builds = await startPurposeMade(
      { 'null/detect': 'true', 'null/compile': 'head -c 300M /dev/zero > $1/image.iso; sync; sleep 600' },
      { limits: { minFreeBytes: bavail * bsize - 100 * 1_048_576, lookMs: 500 } },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    expect(failure.id).toBe('E19');
    expect(failure.message).toMatch(
      /disk is nearly full: \d+ MB are free, .*Largest of this build: image\.iso \d+ MB/,
    );
  });

  test('output over its limit is left out, which is said once, and the build goes on', async () => {
    builds = await startPurposeMade(
      {
        'null/detect': 'true',
        'null/compile':
          'yes "a line of a build that never stops talking" | head -n 40000; echo "-----> Last step"',
        'null/release': 'echo "default_process_types: {web: run}"',
      },
      { limits: { logBytes: 1_048_576 } },
    );
    const { lines } = await builds.build({ '.buildpacks': 'null' });
    expect(lines.join('\n').length).toBeLessThan(1_100_000);
    expect(lines.filter((line) => line.includes('The output is over 1 MB'))).toHaveLength(1);
    expect(lines).not.toContain('-----> Last step');
  });

  test('a cancelled build leaves no container and no folder', async () => {
    builds = await startPurposeMade({ 'null/detect': 'true', 'null/compile': 'echo started; sleep 600' });
    const cancel = new AbortController();
    const building = builds.failure(
      { '.buildpacks': 'null' },
      { signal: cancel.signal, onLine: (line) => line === 'started' && cancel.abort() },
    );
    const waiting = setInterval(async () => {
      if ((await builds.containers())[0]?.state === 'running') cancel.abort();
    }, 100);
    expect(await building).toMatchObject({ code: 'cancelled' });
    clearInterval(waiting);
    expect(await builds.containers()).toEqual([]);
    expect(await readdir(join(builds.folder, 'work'))).toEqual([]);
  });

  test('what a killed server left is swept', async () => {
    builds = await startPurposeMade({ 'null/detect': 'true', 'null/compile': 'sleep 600' });
    const building = builds.failure({ '.buildpacks': 'null' });
    building.catch(() => {});
    while ((await builds.containers())[0]?.state !== 'running') await new Promise((r) => setTimeout(r, 50));
    await builds.builder.sweep();
    expect(await builds.containers()).toEqual([]);
    expect(existsSync(join(builds.folder, 'work'))).toBe(false);
    await building.catch(() => {});
  });
});
