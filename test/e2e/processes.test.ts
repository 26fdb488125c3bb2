// Processes that misbehave, and releases that do not take over: what the user is told, and that the old one serves on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { ask } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let bad: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({
    TWELVE_BOOT_TIMEOUT: '8',
    TWELVE_STOP_TIMEOUT: '2',
    TWELVE_DRAIN_TIMEOUT: '2',
  });
  bad = await platform.createApp('bad', 'misbehaving');
  await platform.push(bad);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: bad.folder });
const logs = async (...args: string[]): Promise<string> =>
  (await twelve('logs', '-n', '1500', ...args)).stdout;
const newest = async (): Promise<{ version: number; status: string; reason: string | null }> =>
  JSON.parse((await must(twelve('releases:info', '--json'))).stdout);

test('a web process that never listens: the push is refused with what to do, the old release serves', async () => {
  await bad.commit({ Procfile: 'web: BIND=never node server.js\nworker: node worker.js\n' });
  const pushed = await bad.git('push', 'platform', 'main');
  expect(pushed.status).not.toBe(0);
  expect(pushed.stderr).toMatch(
    /Error R10 \(Boot timeout\): web\.1 did not listen on port \$PORT \(5006\) within 8 s\. It listens on no port\./,
  );
  expect(pushed.stderr).toContain('Use process.env.PORT and host 0.0.0.0');
  expect(pushed.stderr).toContain('Not applied: v3 failed, v2 serves');
  expect((await platform.visit('bad')).text).toBe('web.1 v2\n');
  expect(await newest()).toMatchObject({ version: 3, status: 'failed' });
  expect(await logs()).toContain('Error R10 (Boot timeout)');
  const refused = await twelve('rollback', 'v3');
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('never served') });
});

test('one that listens on 127.0.0.1 only, by a config change: not applied, and the config is as before', async () => {
  const set = await twelve('config:set', 'BIND=local');
  expect(set.status).toBe(1);
  expect(set.stderr).toContain('It listens on 127.0.0.1 only');
  expect(set.stderr).toMatch(/not applied: v4 failed, v2 serves/);
  expect((await platform.visit('bad')).text).toBe('web.1 v2\n');
  expect((await twelve('config:get', 'BIND')).status).toBe(1);
  // The next change starts from what did not fail.
  expect((await twelve('config:set', 'FINE=1')).status).toBe(0);
  expect((await platform.visit('bad')).text).toBe('web.1 v5\n');
});

test('one that exits at its start: its last words are in the push and in the log', async () => {
  await bad.commit({ Procfile: 'web: EXIT_AT_START=4 node server.js\nworker: node worker.js\n' });
  const pushed = await bad.git('push', 'platform', 'main');
  expect(pushed.status).not.toBe(0);
  expect(pushed.stderr).toContain('exited with status 4 before it was ready');
  expect(pushed.stderr).toContain('last words before exit 4');
  expect(await logs('-s', 'app')).toContain('last words before exit 4');
  expect((await platform.visit('bad')).text).toBe('web.1 v5\n');
  expect(await platform.containers('bad')).toHaveLength(1);
});

test('a scale whose process ends at its start goes back, and says which one, how, and what it printed', async () => {
  await must(twelve('config:set', 'WORKER_EXIT=3'));
  const scaled = await twelve('ps:scale', 'worker=1');
  expect(scaled.status).toBe(1);
  expect(scaled.stderr).toMatch(
    /failed\n !\s+worker\.1 exited with status 3 before it was ready\.\n !\s+Last lines:\n.*worker exits with 3\n !\s+Not applied: as before, worker at 0:standard-1x\.\n/s,
  );
  expect((await twelve('ps:scale')).stdout).toMatch(/worker=0:/);
  const text = await logs();
  expect(text).toMatch(/twelve\[worker\.1\]: Process exited with status 3/);
  expect(text).toMatch(/twelve\[worker\.1\]: State changed from starting to crashed/);
  expect(text).toMatch(/twelve\[api\]: Scaling failed: worker\.1 exited with status 3/);
  expect(await platform.containers('bad', 'process')).toHaveLength(1);
  // Web has nothing to do with it.
  expect((await platform.visit('bad')).status).toBe(200);
  await must(twelve('config:unset', 'WORKER_EXIT'));
});

test('a worker that crashes is started again, later each time, and ps says crashed meanwhile', async () => {
  await must(twelve('ps:scale', 'worker=1'));
  for (let killed = new Set<string>(); killed.size < 3; ) {
    const worker = await eventually(
      async () =>
        (await platform.containers('bad', 'process')).find(
          ({ id, state, labels }) =>
            labels['twelve.type'] === 'worker' && state === 'running' && !killed.has(id),
        ),
      (one) => one !== undefined,
    );
    await ask('POST', `/containers/${worker!.id}/kill?signal=KILL`);
    killed = killed.add(worker!.id);
  }
  await eventually(
    () => twelve('ps'),
    (ps) => /worker\.1: crashed/.test(ps.stdout),
  );
  await eventually(
    () => twelve('ps'),
    (ps) => /worker\.1: up/.test(ps.stdout),
  );
  const starts = [...(await logs()).matchAll(/^(\S+) twelve\[worker\.1\]: Starting process/gm)].map((line) =>
    Date.parse(line[1]!),
  );
  const pauses = starts.slice(1).map((time, index) => time - starts[index]!);
  expect(pauses.at(-1)).toBeGreaterThan(pauses.at(-2)!);
  expect((await platform.visit('bad')).status).toBe(200);
});

test('of other types than web the old process has ended before the new one starts', async () => {
  const seen: number[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      const list = await platform.containers('bad', 'process');
      seen.push(
        list.filter((one) => one.labels['twelve.type'] === 'worker' && one.state === 'running').length,
      );
    }
  })();
  await must(twelve('config:set', 'CHANGED=1'));
  over = true;
  await watching;
  expect(seen.length).toBeGreaterThan(10);
  expect(Math.max(...seen)).toBe(1);
  const { version } = await newest();
  const lines = (await logs('-p', 'worker')).split('\n');
  const working = lines.findIndex((line) => line.endsWith(`worker.1 v${version} working`));
  const exited = lines.findLastIndex((line) => line.includes('Process exited with status'));
  expect(exited).toBeGreaterThan(-1);
  expect(exited).toBeLessThan(working);
  await must(twelve('ps:scale', 'worker=0'));
});

test('a process that ignores SIGTERM is killed when its grace is over', async () => {
  await must(twelve('config:set', 'IGNORE_TERM=1'));
  const [before] = await platform.containers('bad', 'process');
  await must(twelve('ps:restart', 'web.1'));
  await eventually(
    logs,
    (all) => all.includes('SIGTERM ignored') && all.includes('Process exited with status 137'),
  );
  expect(await logs('-p', 'web.1')).toContain(
    'twelve[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 2 seconds of SIGTERM',
  );
  const after = await eventually(
    () => platform.containers('bad', 'process'),
    (list) => list.length === 1,
  );
  expect(after[0]!.id).not.toBe(before!.id);
  await must(twelve('config:unset', 'IGNORE_TERM'));
});

test('a change supersedes one that has not switched yet, and carries it', async () => {
  const { version } = await newest();
  await using first = platform.cliStart(['config:set', 'ONE=1', 'BIND=late', 'BIND_AFTER=6000'], {
    cwd: bad.folder,
  });
  await eventually(newest, (release) => release.version === version + 1);
  const second = await twelve('config:set', 'TWO=2', 'BIND_AFTER=10');
  expect(second.status).toBe(0);
  const ended = await first.result;
  expect(ended.stderr).toContain(`v${version + 1} was superseded by v${version + 2}`);
  expect(ended.status).toBe(0);
  const old = JSON.parse((await twelve('releases:info', `v${version + 1}`, '--json')).stdout);
  expect(old.status).toBe('expired');
  expect((await twelve('config:get', 'ONE', 'TWO')).stdout).toBe('1\n2\n');
  expect((await platform.visit('bad')).text).toBe(`web.1 v${version + 2}\n`);
});

test('the release process runs before the switch; failing it leaves the old release', async () => {
  const queue = await platform.createApp('queue', 'queue-node');
  const first = await platform.push(queue);
  expect(first).toContain('Running release command');
  expect(first).toContain('preparing release v2');
  expect(await platform.visit('queue')).toMatchObject({ text: expect.stringContaining('queue-node v2') });

  const inQueue = { cwd: queue.folder };
  await must(platform.cli(['config:set', 'RELEASE_FAILS=1'], inQueue));
  await queue.commit({ 'notes.txt': 'a change\n' });
  const pushed = await queue.git('push', 'platform', 'main');
  expect(pushed.status).not.toBe(0);
  expect(pushed.stderr).toContain('the migration failed');
  expect(pushed.stderr).toContain('The release command exited with status 3');
  expect(pushed.stderr).toContain('v4 failed, v3 serves');
  expect(await platform.visit('queue')).toMatchObject({ text: expect.stringContaining('queue-node v3') });
  expect((await platform.cli(['logs', '-p', 'release'], inQueue)).stdout).toContain('the migration failed');
  const scaled = await platform.cli(['ps:scale', 'release=1'], inQueue);
  expect(scaled.status).toBe(1);
  expect(await platform.containers('queue', 'release')).toEqual([]);
});
