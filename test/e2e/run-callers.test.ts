// Callers of attached one-offs and restarts of the server: who comes back, who does not, and what had ended meanwhile.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../platform/store/store.ts';
import type { AppRepository } from '../support/app-repository.ts';
import { type OnceApp, startOnceApp } from '../support/once-app.ts';
import { pipedThrough } from '../support/piped-run.ts';
import type { TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;
let left: OnceApp['left'];

beforeAll(async () => {
  ({ platform, app, left } = await startOnceApp());
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const none = (names: string[]): boolean => names.length === 0;

test('by pipes, a run outlives a restart in order: every line and byte arrives once, and its status', async () => {
  await pipedThrough(platform, 'SIGTERM');
  await eventually(left, none);
});

test('what ended while no server ran tells its caller the rest of its output and its status', async () => {
  const script = 'echo beg""un; sleep 3; seq 1 100000; exit 6';
  await using run = platform.cliStart(['run', '-a', 'once', script]);
  await run.printed('begun');
  await platform.kill9();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await platform.startAgain();
  const { status, stdout } = await run.result;
  expect(status).toBe(6);
  expect(stdout).toBe(`begun\n${Array.from({ length: 100_000 }, (_, index) => `${index + 1}\n`).join('')}`);
  await eventually(left, none);
});

test.each(['with the server', 'alone'])(
  'a caller that is killed %s and does not come back is waited for, then hung up on',
  async (how) => {
    await using run = platform.cliStart(['run', '-a', 'once', 'echo beg""un; exec sleep 7777']);
    await run.printed('begun');
    const name = /run\.\d+/.exec(run.output())![0];
    if (how === 'with the server') await platform.kill9();
    run.child.kill('SIGKILL');
    if (how === 'with the server') await platform.startAgain();
    await run.result;
    expect((await twelve('ps')).stdout).toContain(`${name} (standard-1x): up`);
    await eventually(left, none);
    expect((await twelve('logs', '-p', name)).stdout).toContain('Process exited with status 129');
  },
);

test('a caller that is told to end while the server is away says so, and what it ran is hung up on', async () => {
  await using run = platform.cliStart(['run', '-a', 'once', 'echo beg""un; sleep 7777']);
  await run.printed('begun');
  await platform.kill9();
  await run.printed('Ctrl-C gives up');
  run.child.kill('SIGINT');
  expect((await run.result).status).toBe(130);
  await platform.startAgain();
  await eventually(left, none);
});

test('a caller whose token is gone when the server is back is not let in, and what it ran is hung up on', async () => {
  const made = await platform.api<{ id: string; access_token: { token: string } }>(
    'POST',
    '/oauth/authorizations',
    { description: 'of a while', scope: ['write'] },
  );
  const env = { TWELVE_URL: platform.url, TWELVE_TOKEN: made.body.access_token.token };
  await using run = platform.cliStart(['run', '-a', 'once', 'echo beg""un; sleep 7777'], { env });
  await run.printed('begun');
  await platform.kill9();
  const store = openStore({ folder: platform.dataFolder, create: false });
  store.tokens.remove(made.body.id);
  store.close();
  await platform.startAgain();
  const { status, stderr } = await run.result;
  expect(status).toBe(1);
  expect(stderr).toMatch(/the server does not let us back to run\.\d+: This token is not valid/);
  await eventually(left, none);
});
