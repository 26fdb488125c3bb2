// What a build prints, and that it ends: over its time, over its memory, cancelled, left by a killed server.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
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
    expect(failure).toMatchObject({ id: 'compile', message: 'it broke\ndo this' });
  });

  test('over its time the build is stopped (E19); nothing is left', async () => {
    builds = await startPurposeMade(
      { 'null/detect': 'true', 'null/compile': 'echo "-----> Waiting"; sleep 600' },
      { timeoutMs: 3000 },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    expect(failure).toMatchObject({ id: 'E19' });
    expect(failure.message).toMatch(
      /^Build stopped after 3 seconds; last step: Waiting; silent since \d\d:\d\d:\d\d UTC\.$/,
    );
    expect(await builds.containers()).toEqual([]);
  });

  test('over its memory the build says so (E18)', async () => {
    builds = await startPurposeMade(
      { 'null/detect': 'true', 'null/compile': 'head -c 400m /dev/zero | tail' },
      { memory: 64 * 1_048_576 },
    );
    const failure = await builds.failure({ '.buildpacks': 'null' });
    expect(failure).toMatchObject({ id: 'E18', message: expect.stringContaining('more than its 64 MB') });
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
