// The server killed at any moment of a deploy: visitors notice nothing, what runs runs on, and what the releases say is what runs.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import type { Container } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { whatIsSaidRuns as truth } from '../support/truth.ts';
import type { Crowd } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;
let visitors: Crowd;

beforeAll(async () => {
  platform = await startPlatform({
    TWELVE_STOP_TIMEOUT: '5',
    TWELVE_DRAIN_TIMEOUT: '5',
    // A container that waits for the next push is no leftover; here there is none, so that leftovers are seen.
    TWELVE_BUILDS_READY: '0',
  });
  app = await platform.createApp('steady', 'misbehaving');
  await platform.push(app);
  await must(twelve('ps:scale', 'web=2'));
});
afterAll(() => platform?.[Symbol.asyncDispose]());
beforeEach(() => {
  visitors = platform.crowd('steady');
});
afterEach(() => visitors?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const processes = (): Promise<Container[]> => platform.containers('steady', 'process');
const ids = (list: readonly Container[]): string[] => list.map((one) => one.id).sort();
const newest = async (): Promise<{ version: number; status: string; current: boolean }> =>
  JSON.parse((await must(twelve('releases:info', '--json'))).stdout);

async function moreVisits(count: number): Promise<void> {
  const goal = visitors.answered() + count;
  await eventually(
    () => visitors.answered(),
    (answered) => answered >= goal,
  );
}

async function noVisitorNoticed(): Promise<void> {
  const { answered, failures } = await visitors.stop();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(50);
}

async function whatIsSaidRuns(web: number): Promise<number> {
  const version = await truth(platform, 'steady');
  expect(await processes()).toHaveLength(web);
  return version;
}

test('idle: the same containers serve before, meanwhile and after', async () => {
  const before = ids(await processes());
  await moreVisits(20);
  await platform.kill9();
  await moreVisits(50);
  expect(ids(await processes())).toEqual(before);
  await platform.startAgain();
  await moreVisits(50);
  await whatIsSaidRuns(2);
  expect(ids(await processes())).toEqual(before);
  await noVisitorNoticed();
});

test('stopped in order, it leaves everything running too', async () => {
  const before = ids(await platform.containers());
  await platform.restart({ signal: 'SIGTERM' });
  expect(ids(await platform.containers())).toEqual(before);
  await moreVisits(50);
  await noVisitorNoticed();
});

test('during a build: nothing is left of it, and the next push deploys', async () => {
  const before = await newest();
  const manifest = { name: 'steady', version: '1.0.0', type: 'module', engines: { node: '22.x' } };
  await app.commit({
    'package.json': JSON.stringify({ ...manifest, scripts: { build: 'echo now; sleep 900' } }),
    'package-lock.json': null,
  });
  await using push = platform.gitStart(['push', 'platform', 'main'], { cwd: app.folder });
  await push.printed(/remote:\s+now/);
  const same = ids(await processes());
  await platform.kill9();
  expect((await push.result).status).not.toBe(0);
  await platform.startAgain();
  await eventually(
    () => platform.containers(undefined, 'build'),
    (left) => left.length === 0,
  );
  expect((await twelve('builds')).stdout).toContain('failed');
  expect(await newest()).toEqual(before);
  expect(ids(await processes())).toEqual(same);

  await app.commit({ 'package.json': JSON.stringify(manifest) });
  await platform.push(app);
  expect(await whatIsSaidRuns(2)).toBe(before.version + 1);
  await noVisitorNoticed();
});

test('during a rollout: it is gone on with, and the waiting command is told its end', async () => {
  const before = await newest();
  await using change = platform.cliStart(['config:set', 'BIND=late', 'BIND_AFTER=4000'], { cwd: app.folder });
  await eventually(processes, (list) =>
    list.some(
      (one) => one.labels['twelve.release'] === String(before.version + 1) && one.state === 'running',
    ),
  );
  await platform.kill9();
  await moreVisits(30);
  await platform.startAgain();
  expect(await change.result).toMatchObject({ status: 0 });
  expect(await whatIsSaidRuns(2)).toBe(before.version + 1);
  await noVisitorNoticed();
});

test('during a rollout that cannot succeed: the old release serves on', async () => {
  const before = await newest();
  const same = ids(await processes());
  await using change = platform.cliStart(['config:set', 'EXIT_AT_START=9'], { cwd: app.folder });
  await eventually(newest, (release) => release.version === before.version + 1);
  await platform.kill9();
  await platform.startAgain();
  expect(await change.result).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`not applied: v${before.version + 1} failed, v${before.version} serves`),
  });
  expect(await whatIsSaidRuns(2)).toBe(before.version);
  expect(ids(await processes())).toEqual(same);
  await noVisitorNoticed();
});

test('during a scale: the wanted number runs in the end', async () => {
  const same = ids(await processes());
  await using scale = platform.cliStart(['ps:scale', 'web=4'], { cwd: app.folder });
  await eventually(processes, (list) => list.length > 2);
  await platform.kill9();
  await platform.startAgain();
  expect(await scale.result).toMatchObject({ status: 0 });
  await whatIsSaidRuns(4);
  expect(ids(await processes())).toEqual(expect.arrayContaining(same));
  const answers = new Set<string>();
  for (let n = 0; n < 40; n++) answers.add((await platform.visit('steady')).text.split(' ')[0]!);
  expect([...answers].sort()).toEqual(['web.1', 'web.2', 'web.3', 'web.4']);
  await noVisitorNoticed();
});

test('the router ended: it comes back by itself with the same routes', async () => {
  await visitors.stop();
  const [router] = await platform.containers(undefined, 'router');
  const { removeContainer } = await import('../support/engine-socket.ts');
  await removeContainer(router!.id);
  await eventually(
    () => platform.visit('steady').catch(() => ({ status: 0 })),
    (answer) => answer.status === 200,
  );
});
