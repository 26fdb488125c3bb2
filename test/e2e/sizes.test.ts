// Sizes seen from inside, figures, and what the log says of too much memory and of a process that does not stop.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mostOpenFiles } from '../../platform/engine/open-files.ts';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { root } from '../support/server-process.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;
const sizes = {
  tiny: { memory: 128, cpu: 0.25, pids: 40, open_files: 300 },
  small: { memory: 1536, cpu: 3, pids: 64, open_files: 500 },
  plain: { memory: 256 },
};
const mb = 1_048_576;

/** What `tail` reads without a line end it keeps: memory that stays as it is. */
const procfile = [
  'full: { head -c 121m /dev/zero; sleep 1000; } | tail',
  'hog: exec tail /dev/zero',
  'child: tail /dev/zero > /dev/null; echo "child ended with $?"; exec sleep 1000',
  "deaf: trap '' TERM; echo deaf; while :; do sleep 1; done",
  'crash: sleep 8; exit 3',
  'calm: exec sleep 1000',
];

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_SIZES: JSON.stringify(sizes), TWELVE_STOP_TIMEOUT: '2' });
  app = await platform.createApp('sized', null, {
    files: {
      Procfile: `${procfile.join('\n')}\n`,
      // What the buildpack of Node leaves in each app.
      '.profile.d/node.sh': readFileSync(join(root, 'buildpacks/node/lib/profile.sh'), 'utf8'),
    },
  });
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const lines = async (process: string): Promise<string[]> =>
  (await must(twelve('logs', '-n', '1500', '-s', 'twelve', '-p', process))).stdout.trim().split('\n');
const saying = (all: readonly string[], text: string): string[] => all.filter((one) => one.includes(text));
interface Dyno {
  name: string;
  state: string;
  size: string;
  restarts: number;
  code: string | null;
  usage: { memory: number; memory_limit: number; cpu: number } | null;
}
const ps = async (type: string): Promise<Dyno[]> =>
  JSON.parse((await must(twelve('ps', type, '--json'))).stdout) as Dyno[];

/** As the kernel and the shell say inside, under both cgroup hierarchies. */
const limits = [
  'cd /sys/fs/cgroup',
  'cat memory/memory.limit_in_bytes 2>/dev/null || cat memory.max',
  'cat pids/pids.max 2>/dev/null || cat pids.max',
  'ulimit -Sn; ulimit -Hn; echo $MEMORY_AVAILABLE $WEB_CONCURRENCY',
  'cat cpu/cpu.shares 2>/dev/null || cat cpu.weight',
].join('; ');

/** What a share of 1024 may be called inside: itself, or a weight, of which older and newer engines make different ones. */
function weights(shares: number): string[] {
  const log = Math.log2(shares);
  const newer = Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
  return [shares, 1 + Math.floor(((shares - 2) * 9999) / 262_142), newer].map(String);
}

/** Not every machine can allow so many. */
const most = Math.min(65_536, mostOpenFiles());

test.each([
  ['tiny', [128 * mb, 40, 300, 300], '128 1', 0.25],
  ['small', [1536 * mb, 64, 500, 500], '1536 3', 3],
  ['standard-1x', [512 * mb, 256, 10_000, 10_000], '512 1', 1],
  ['standard-2x', [1024 * mb, 512, 10_000, 10_000], '1024 2', 2],
  ['performance-m', [2560 * mb, 16_384, most, most], '2560 5', 8],
  ['performance-l', [14_336 * mb, 32_768, most, most], '14336 28', 32],
  // What the operator left out follows from the memory, or is as usual.
  ['plain', [256 * mb, 256, 10_000, 10_000], '256 1', 0.5],
])(
  'the limits inside are those of %s, and the variables tell the same',
  async (size, kernel, told, share) => {
    const run = await must(twelve('run', '--size', size, '--', 'bash', '-c', limits));
    const said = run.stdout.trim().split('\n');
    expect(said.slice(0, -1)).toEqual([...kernel.map(String), told]);
    expect(weights(share * 1024)).toContain(said.at(-1));
  },
);

test('more processes or open files than that there are not', async () => {
  const forks = 'for n in $(seq 60); do sleep 3 & done 2>&1; jobs -p | wc -l';
  const forked = await twelve('run', '--size', 'tiny', '--', 'bash', '-c', forks);
  expect(forked.stdout + forked.stderr).toMatch(/fork: .*(unavailable|Resource)/);
  const files = 'for n in $(seq 400); do exec {fd}</dev/null || exit 9; done';
  const opened = await twelve('run', '--size', 'tiny', '--', 'bash', '-c', files);
  expect(opened.status).not.toBe(0);
  expect(opened.stdout + opened.stderr).toContain('Too many open files');
});

test('the API lists the sizes, ours with the defaults; one that is not there is refused with those that are', async () => {
  const { body } = await platform.api<{ name: string }[]>('GET', '/dyno-sizes');
  expect(body.map(({ name }) => name).slice(-3)).toEqual(['tiny', 'small', 'plain']);
  const one = await platform.api('GET', '/dyno-sizes/tiny');
  expect(one.body).toMatchObject({ memory: 0.125, compute: 0.25, pids: 40, open_files: 300 });
  expect((await platform.api('GET', '/dyno-sizes/performance-m')).body).toMatchObject({ open_files: most });
  expect((await platform.api('GET', '/dyno-sizes/none')).status).toBe(404);
  const refused = await twelve('ps:resize', 'calm=huge');
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('Sizes: standard-1x') });
});

test('ps:resize replaces the processes by ones of the new size; ps shows what they use', async () => {
  await must(twelve('ps:scale', 'calm=2'));
  const resized = await must(twelve('ps:resize', 'calm=tiny'));
  expect(resized.stderr).toContain('done, calm at 2:tiny');
  const dynos = await ps('calm');
  expect(dynos.map(({ name, state, size }) => [name, state, size])).toEqual([
    ['calm.1', 'up', 'tiny'],
    ['calm.2', 'up', 'tiny'],
  ]);
  for (const { usage } of dynos) {
    expect(usage?.memory_limit).toBe(128 * mb);
    expect(usage?.memory).toBeGreaterThan(100_000);
    expect(usage?.memory).toBeLessThan(64 * mb);
    expect(usage?.cpu).toBeGreaterThanOrEqual(0);
  }
  expect((await must(twelve('ps', 'calm'))).stdout).toMatch(
    /^calm\.1: up .* {2}v2 {2}memory [\d.]+ [KM]B {2}cpu \d+% {2}restarts 0$/m,
  );
  expect((await must(twelve('ps:resize'))).stdout).toMatch(/^calm +tiny +2$/m);
  await must(twelve('ps:scale', 'calm=0'));
});

test('R14: more than 95 % of its memory for 20 seconds; it goes on', async () => {
  await must(twelve('ps:scale', 'full=1:tiny'));
  const said = await eventually(
    () => lines('full'),
    (all) => saying(all, 'Error R14').length > 0,
    60_000,
  );
  expect(saying(said, 'twelve[full.1]: Error R14 (Memory quota exceeded)')).toHaveLength(1);
  const [measured] = saying(said, 'twelve[full.1]: Process running mem=');
  const percent = Number(/mem=1\d\dM\((\d+\.\d)%\)$/.exec(measured!)?.[1]);
  expect(percent).toBeGreaterThan(95);
  expect(percent).toBeLessThanOrEqual(100);
  expect(await ps('full')).toMatchObject([{ state: 'up', restarts: 0, code: 'R14' }]);
  expect((await must(twelve('ps', 'full'))).stdout).toMatch(
    /^full\.1: up .* {2}R14 \(Memory quota exceeded\)$/m,
  );
  expect(saying(said, 'R15')).toEqual([]);
  await must(twelve('ps:scale', 'full=0'));
  // Its ordinary end is no kill for memory.
  const ended = await eventually(
    () => lines('full'),
    (all) => saying(all, 'Process exited').length > 0,
  );
  expect(saying(ended, 'R15')).toEqual([]);
  expect(saying(ended, 'R12')).toEqual([]);
});

const killed = (process: string): string =>
  `twelve[${process}]: Error R15 (Memory quota vastly exceeded) -> The kernel killed a program of it at its limit of 128 MB`;

test('R15: killed by the kernel for memory', async () => {
  const scaled = await twelve('ps:scale', 'hog=1:tiny');
  expect(scaled).toMatchObject({ status: 1 });
  expect(scaled.stderr).toContain(
    'Error R15 (Memory quota vastly exceeded): hog.1 exited with status 137 before it was ready. It was killed by the kernel for using more than its memory.',
  );
  expect(scaled.stderr).toContain('Not applied: as before, hog at 0:standard-1x.');
  const said = await eventually(
    () => lines('hog'),
    (all) => saying(all, 'exited with status 137').length > 0,
  );
  const first = said.findIndex((line) => line.includes('Process exited with status 137'));
  expect(saying(said.slice(0, first), killed('hog.1'))).toHaveLength(1);
});

test('R15 when only a child of it was killed, which goes on', async () => {
  await must(twelve('ps:scale', 'child=1:tiny'));
  await eventually(
    async () => (await must(twelve('logs', '-s', 'app', '-p', 'child'))).stdout,
    (text) => text.includes('child ended with 137'),
  );
  const said = await eventually(
    () => lines('child'),
    (all) => saying(all, 'R15').length > 0,
  );
  expect(saying(said, killed('child.1'))).toHaveLength(1);
  expect(saying(said, 'exited')).toEqual([]);
  expect(await ps('child')).toMatchObject([{ state: 'up', restarts: 0, code: 'R15' }]);
  await must(twelve('ps:scale', 'child=0'));
});

test('R15 of a one-off process too', async () => {
  await must(twelve('run:detached', '--size', 'tiny', '--', 'tail', '/dev/zero'));
  await eventually(
    () => lines('run'),
    (all) => all.some((line) => /twelve\[run\.\d+\]: Error R15/.test(line)),
  );
});

test('R12: still there when the grace after SIGTERM is over', async () => {
  await must(twelve('ps:scale', 'deaf=1:tiny'));
  await must(twelve('ps:scale', 'deaf=0'));
  const said = await eventually(
    () => lines('deaf'),
    (all) => saying(all, 'Process exited with status 137').length > 0,
  );
  expect(
    saying(said, 'Error R12 (Exit timeout) -> At least one process failed to exit within 2 seconds'),
  ).toHaveLength(1);
  expect(saying(said, 'Stopping remaining processes with SIGKILL')).toHaveLength(1);
});

test('restarts after crashes are counted, and shown', async () => {
  await must(twelve('ps:scale', 'crash=1:tiny'));
  await eventually(
    () => ps('crash'),
    ([one]) => (one?.restarts ?? 0) >= 2,
  );
  expect((await must(twelve('ps', 'crash'))).stdout).toMatch(/^crash\.1: .* restarts [2-9]$/m);
  await must(twelve('ps:scale', 'crash=0'));
});
