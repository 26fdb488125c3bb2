// ps:exec: a command or a shell in a process that runs, by the command line as users run it.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { onTerminal } from '../support/terminal.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3', TWELVE_DRAIN_TIMEOUT: '2' });
  app = await platform.createApp('inside', null, {
    files: {
      Procfile: 'web: exec python3 -m http.server $PORT\nworker: sleep 100000\n',
      '.profile.d/word.sh': 'export WORD="from the profile"\n',
    },
    config: { GREETING: 'hi' },
  });
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const exec = (...args: string[]) => twelve('ps:exec', ...args);
const logs = async (): Promise<string> => (await twelve('logs', '-n', '500')).stdout;
/** Whether a program with these words runs in web.1. */
const runs = async (words: string): Promise<boolean> =>
  (await must(exec(`pgrep -cf '[${words[0]}]${words.slice(1)}' || true`))).stdout.trim() !== '0';

test("a command runs in the process itself, with its config vars and profiles, and with no right that it hasn't", async () => {
  const told = await must(exec('echo "$GREETING, $WORD, $DYNO, $PORT, $HOME"; pwd; echo here > proof.txt'));
  expect(told.stdout).toBe('hi, from the profile, web.1, 5006, /app\n/app\n');
  expect((await must(exec('-e', 'GREETING=ho', 'echo $GREETING'))).stdout).toBe('ho\n');
  expect((await platform.visit('inside', '/proof.txt')).text).toBe('here\n');
  const { stdout: status } = await must(exec('-p', 'web.1', '--', 'cat', '/proc/self/status'));
  expect(status).toMatch(/^Uid:\s+20012\s+20012\s+20012\s+20012$/m);
  expect(status).toMatch(/^Gid:\s+20012\s+20012\s+20012\s+20012$/m);
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
    expect(status).toMatch(new RegExp(`^Cap${set}:\\s+0+$`, 'm'));
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  expect(await logs()).toMatch(/twelve\[api\]: Command run in web\.1 by user admin@localhost/);
});

test('without a terminal: input to its end, both outputs apart, the exit status', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));
  const summed = await platform.cli(['ps:exec', '-a', 'inside', 'sha256sum'], { input: bytes });
  expect(summed.stdout).toContain(createHash('sha256').update(bytes).digest('hex'));
  expect(await exec('echo out; echo err >&2; exit 7')).toMatchObject({
    status: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  const many = await exec('seq 200000');
  expect(many.stdout).toHaveLength(1_288_895);
  await using listening = platform.cliStart([
    'ps:exec',
    '-a',
    'inside',
    'trap "echo told to end; exit 9" TERM; echo ready; while :; do sleep 0.1; done',
  ]);
  await listening.printed('ready');
  listening.child.kill('SIGTERM');
  expect(await listening.result).toMatchObject({ status: 9, stdout: 'ready\ntold to end\n' });
});

test('on a terminal: a shell, of its size and resized along, with Ctrl-C, Ctrl-P and its exit status', async () => {
  await using terminal = onTerminal(platform, app.folder, 'ps:exec -a inside');
  await terminal.printed(/\$ $/);
  terminal.write('tty; stty size; echo $TERM $WORD\n');
  await terminal.printed(/\/dev\/pts\/\d+\s+37 101\s+xterm from the profile/);
  await terminal.resize(77, 22);
  await eventually(
    () => {
      terminal.write('stty size\n');
      return terminal.output();
    },
    (text) => text.includes('22 77'),
  );
  terminal.write('sleep 1000; echo "sta""tus $?"\n');
  await eventually(() => runs('sleep 1000'), Boolean);
  terminal.write('\x03');
  await eventually(
    () => runs('sleep 1000'),
    (there) => !there,
  );
  terminal.write('echo once mo""re\n');
  await terminal.printed('once more');
  const before = terminal.output().length;
  // The command before this one, at once.
  terminal.write('\x10');
  await eventually(
    () => terminal.output().slice(before),
    (text) => text.includes('echo once mo""re'),
  );
  terminal.write('\x15exit 5\n');
  await terminal.printed('status=5');
});

test('it ends with its process, and with its caller', async () => {
  await using ended = platform.cliStart(['ps:exec', '-a', 'inside', 'echo begun; sleep 2222']);
  await ended.printed('begun');
  await must(twelve('ps:restart', 'web.1'));
  expect([137, 143]).toContain((await ended.result).status);

  await eventually(
    () => exec('true'),
    ({ status }) => status === 0,
  );
  await using lost = platform.cliStart(['ps:exec', '-a', 'inside', 'echo begun; sleep 3333']);
  await lost.printed('begun');
  expect(await runs('sleep 3333')).toBe(true);
  lost.child.kill('SIGKILL');
  await eventually(
    () => runs('sleep 3333'),
    (there) => !there,
  );
});

test('what a killed server left in a process is hung up by the next one; what it runs for others is not', async () => {
  await using left = onTerminal(platform, app.folder, `ps:exec -a inside 'echo beg""un; sleep 4444'`);
  await left.printed('begun');
  await platform.restart({ signal: 'SIGKILL' });
  await left.printed('status=1');
  expect(left.output()).toContain('The connection to the process was lost');
  await eventually(
    () => runs('sleep 4444'),
    (there) => !there,
  );
  expect((await platform.visit('inside')).status).toBe(200);
});

test('a one-off is entered too; what does not run is refused with what to do', async () => {
  const name = (await must(twelve('run:detached', 'sleep 5555'))).stdout.trim();
  await eventually(
    () => exec('-p', name, 'echo $DYNO'),
    ({ stdout }) => stdout === `${name}\n`,
  );
  await must(twelve('ps:stop', name));
  const gone = await exec('-p', 'worker.1', 'true');
  expect(gone).toMatchObject({ status: 1, stderr: expect.stringContaining('runs no process "worker.1"') });
  expect((await exec('-p', 'web', 'true')).status).toBe(2);
  const refused = await platform.api<{ id: string }>('POST', '/apps/inside/dynos/web.1', {});
  expect(refused).toMatchObject({ status: 422, body: { id: 'invalid_params' } });
});
