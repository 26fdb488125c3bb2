// One-off processes: signals, sizes, what a restart of the server does to them, and that nothing is left of them.
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { appNetworks } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { onTerminal } from '../support/terminal.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3', TWELVE_REATTACH_TIMEOUT: '8' });
  app = await platform.createApp('once', null, { files: { Procfile: 'worker: sleep 100000\n' } });
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
/** Nothing else runs of the app: its network is there for one-off processes alone. */
const left = async (): Promise<string[]> => [
  ...(await platform.containers('once', 'run')).map(({ name, state }) => `${name} ${state}`),
  ...(await appNetworks(platform.instance)),
];
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
    await must(twelve('run:detached', '-e', 'WORD=later', 'sleep 6; echo $WORD; exit 3'))
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

const restarts = ['SIGTERM', 'SIGKILL'] as const;

test.each(restarts)(
  'attached by pipes, it outlives the server and its %s: every line and byte arrives once, and its status',
  async (signal) => {
    const script =
      'exec 3<&0; sha256sum <&3 & i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo out $i; echo err $i >&2; sleep 0.02; done; wait; exit 5';
    await using run = platform.cliStart(['run', '-a', 'once', '-e', `SCRIPT=${script}`, 'eval "$SCRIPT"']);
    const input = randomBytes(3_000_000);
    run.child.stdin!.write(input.subarray(0, 2_000_000));
    await run.printed('out 40\n');
    await platform.stop(signal);
    run.child.stdin!.end(input.subarray(2_000_000));
    await platform.startAgain();
    const { status, stdout, stderr } = await run.result;
    expect(status).toBe(5);
    const counted = (word: string) => Array.from({ length: 300 }, (_, index) => `${word} ${index + 1}`);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('out'))).toEqual(counted('out'));
    expect(lines.filter((line) => !line.startsWith('out'))).toEqual([
      `${createHash('sha256').update(input).digest('hex')}  -`,
    ]);
    const said = stderr.split('\n').filter((line) => !line.startsWith('err '));
    expect(stderr.split('\n').filter((line) => line.startsWith('err '))).toEqual(counted('err'));
    expect(said.join('\n')).toMatch(
      /connection to run\.\d+ was lost. It goes on[\s\S]*We are back at run\.\d+\./,
    );
    await eventually(left, none);
  },
);

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
