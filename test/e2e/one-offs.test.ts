// One-off processes: signals, sizes, what a restart of the server does to them, and that nothing is left of them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { type OnceApp, startOnceApp } from '../support/once-app.ts';
import { pipedThrough } from '../support/piped-run.ts';
import type { TestPlatform } from '../support/platform.ts';
import { onTerminal } from '../support/terminal.ts';
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

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
  'without a terminal %s reaches the process, which decides',
  async (signal) => {
    const word = signal.slice(3);
    await using run = platform.cliStart([
      'run',
      '-a',
      'once',
      `trap "echo got ${word}; exit 9" ${word}; echo rea""dy; while :; do sleep 0.1; done`,
    ]);
    await run.printed('ready');
    expect(await left()).toHaveLength(2);
    run.child.kill(signal);
    expect(await run.result).toMatchObject({ status: 9, stdout: `ready\ngot ${word}\n` });
    await eventually(left, none);
  },
);

test('its size is what was asked for; one that is not known is refused', async () => {
  const limits =
    'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; echo $MEMORY_AVAILABLE';
  const run = async (...words: string[]) => (await must(twelve('run', ...words, limits))).stdout;
  expect(await run()).toBe(`${512 * 1_048_576}\n256\n512\n`);
  expect(await run('--size', 'standard-2x')).toBe(`${1024 * 1_048_576}\n512\n1024\n`);
  const refused = await twelve('run', '--size', 'huge', 'true');
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('There is no size "huge"') });
  await eventually(left, none);
});

test("on a terminal Ctrl-P is the command's, and killing the caller hangs up", async () => {
  await using terminal = onTerminal(platform, app.folder, `run -a once 'echo rea""dy; cat -v'`);
  await terminal.printed('ready', 20_000);
  for (const key of ['\x10', '\x11', 'x', '\n']) {
    terminal.write(key);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await terminal.printed(/\^Px\s+\^Px\s/, 20_000);
  await terminal[Symbol.asyncDispose]();
  await eventually(left, none);
});

test('detached, it outlives a restart and a kill of the server, and its end is in the log', async () => {
  const name = (
    await must(twelve('run:detached', '-e', 'WORD=later', 'sleep 15; echo $WORD; exit 3'))
  ).stdout.trim();
  await platform.restart();
  expect((await twelve('ps')).stdout).toContain(`${name} (standard-1x): up`);
  await platform.restart({ signal: 'SIGKILL' });
  const text = await eventually(
    async () => (await twelve('logs', '-p', name)).stdout,
    (all) => all.includes('State changed from up to complete'),
  );
  expect(text).toContain(`app[${name}]: later`);
  expect(text).toContain(`twelve[${name}]: Process exited with status 3`);
  await eventually(left, none);
});

test('attached by pipes, it outlives a kill of the server: every line and byte arrives once, and its status', async () => {
  await pipedThrough(platform, 'SIGKILL');
  await eventually(left, none);
});

test('attached by a terminal, it goes on with keys, size and status after a kill of the server', async () => {
  await using terminal = onTerminal(platform, app.folder, 'run -a once bash');
  await terminal.printed(/\$ $/, 20_000);
  terminal.write('WORD=kept; stty size\n');
  await terminal.printed(/37 101\s/, 20_000);
  await platform.kill9();
  await terminal.printed('It goes on');
  // What is typed meanwhile arrives later.
  terminal.write('echo "<$WORD>"\n');
  await terminal.resize(77, 22);
  await platform.startAgain();
  await terminal.printed('<kept>', 20_000);
  terminal.write('stty size\n');
  await terminal.printed(/22 77\s/, 20_000);
  terminal.write('exit 7\n');
  await terminal.printed('status=7', 20_000);
  await eventually(left, none);
});
