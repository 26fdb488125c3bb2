// Health checks and rollout settings on a real app: what keeps a release from serving, takes it out of the router, starts it again.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

/** Answers with its release; `/be/ready/no` changes what a check is answered. */
const server = `
const { createServer } = require('node:http');
const answers = { start: process.env.START || 'ok', ready: 'ok', alive: 'ok' };
createServer((request, response) => {
  const [, what, name, answer] = request.url.split('/');
  if (what === 'be') answers[name] = answer;
  if (what === 'check' && answers[name] !== 'ok') response.statusCode = 503;
  response.end(what === 'check' ? name + ' ' + answers[name] : process.env.TWELVE_RELEASE_VERSION);
}).listen(process.env.PORT, '0.0.0.0', () => console.log('listening'));
`;
const quick = { attempts: 2, wait: 0.3, timeout: 2 };
const appJson = JSON.stringify({
  process_settings: { order: ['worker', 'web'], parallel: 5 },
  healthchecks: {
    web: [
      { type: 'startup', name: 'start', path: '/check/start', content: 'start ok', ...quick },
      { type: 'readiness', name: 'ready', path: '/check/ready', ...quick },
      { type: 'liveness', name: 'alive', path: '/check/alive', ...quick },
    ],
    worker: [{ type: 'startup', name: 'file', command: 'test -e /tmp/up', ...quick, attempts: 10 }],
  },
});
const procfile = [
  'web: node server.js',
  'worker: sleep 0.5; touch /tmp/up; exec sleep 1000',
  'release: echo "release command ran"',
].join('\n');

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3', TWELVE_DRAIN_TIMEOUT: '3' });
  app = await platform.createApp('checked', null, {
    files: {
      'server.js': server,
      'package.json': JSON.stringify({ name: 'checked', version: '1.0.0' }),
      'app.json': appJson,
      Procfile: `${procfile}\n`,
    },
  });
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const log = async (): Promise<string> => (await must(twelve('logs', '-n', '1500', '-s', 'twelve'))).stdout;
const ps = async (): Promise<{ name: string; id: string; state: string; restarts: number }[]> =>
  JSON.parse((await must(twelve('ps', '--json'))).stdout) as Awaited<ReturnType<typeof ps>>;
const status = async (): Promise<number> => (await platform.visit('checked')).status;
const serves = async (): Promise<string> => (await platform.visit('checked')).text;
/** Not by the router: it may not lead there. */
const tell = async (name: string, answer: string): Promise<void> => {
  const ask = `require('http').get('http://127.0.0.1:'+process.env.PORT+'/be/${name}/${answer}')`;
  await must(twelve('ps:exec', '-p', 'web.1', '--', 'node', '-e', ask));
};

test('a startup check that fails refuses the change, says which and what it was answered, and the old one serves on', async () => {
  expect(await serves()).toBe('v2');
  const refused = await twelve('config:set', 'START=later');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain(
    'web.1 did not become ready: its startup check "start" failed (2 attempts): GET /check/start on port 5006 gave status 503: "start later"',
  );
  expect(refused.stderr).toContain('listening');
  expect(await log()).toContain('Error R10 (Boot timeout) -> Startup check "start" failed');
  expect(await serves()).toBe('v2');
});

test('readiness takes it out of the router and puts it back, in the same process', async () => {
  const [before] = await ps();
  await tell('ready', 'no');
  await eventually(status, (one) => one === 503);
  expect(await ps()).toMatchObject([{ id: before!.id, state: 'up' }]);
  await tell('ready', 'ok');
  await eventually(status, (one) => one === 200);
  expect(await ps()).toMatchObject([{ id: before!.id, restarts: 0 }]);
});

test('liveness starts it again', async () => {
  const [before] = await ps();
  await tell('alive', 'no');
  await eventually(ps, ([one]) => one?.state === 'up' && one.restarts === 1);
  expect((await ps())[0]!.id).not.toBe(before!.id);
  const told = await log();
  expect(told).toMatch(/twelve\[web\.1\]: Liveness check "alive" failed .* gave status 503: "alive no"/);
  expect(told).toContain('State changed from up to crashed');
});

test('replace ends the old web process before the new one begins; overlap does not; a worker has a check of its own', async () => {
  await must(twelve('ps:scale', 'worker=1'));
  await must(twelve('ps:set', 'rollout.web=replace', 'rollout.worker=overlap'));
  const at = (lines: string[], process: string, what: string): number =>
    lines.findIndex((line) => line.includes(`[${process}]`) && line.includes(what));
  const order = async (change: string): Promise<string[]> => {
    const before = (await log()).split('\n').length;
    await must(twelve('config:set', change));
    const since = async (): Promise<string[]> => (await log()).split('\n').slice(before - 1);
    const isOver = (lines: string[]): boolean =>
      ['web.1', 'worker.1'].every((process) => at(lines, process, 'Process exited') > -1);
    return await eventually(since, isOver);
  };
  const changed = await order('A=1');
  expect(at(changed, 'web.1', 'Process exited')).toBeGreaterThan(-1);
  expect(at(changed, 'web.1', 'Process exited')).toBeLessThan(at(changed, 'web.1', 'Starting process'));
  expect(at(changed, 'worker.1', 'starting to up')).toBeGreaterThan(-1);
  expect(at(changed, 'worker.1', 'starting to up')).toBeLessThan(at(changed, 'worker.1', 'SIGTERM'));
  expect(at(changed, 'release.1', 'Starting')).toBe(-1);
  await must(twelve('ps:set', 'rollout.web=', 'rollout.worker=', 'release-on=deploy,config'));
  const back = await order('A=2');
  expect(at(back, 'web.1', 'starting to up')).toBeLessThan(at(back, 'web.1', 'SIGTERM'));
  expect(at(back, 'worker.1', 'Process exited')).toBeLessThan(at(back, 'worker.1', 'Starting process'));
  expect(at(back, 'release.1', 'Starting')).toBeGreaterThan(-1);
  // As app.json orders it.
  expect(at(back, 'worker.1', 'starting to up')).toBeLessThan(at(back, 'web.1', 'Starting process'));
});

test('what is not a setting, and a check that cannot be used, are refused with what there is', async () => {
  const refused = await twelve('ps:set', 'paralel=2');
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('Settings: rollout.<type>') });
  const settings = JSON.parse((await must(twelve('ps:set', '--json'))).stdout) as { key: string }[];
  expect(settings.map(({ key }) => key)).toContain('rollout.worker');
  expect(settings).toContainEqual({ key: 'parallel', value: '5', set: false, from: 'app.json' });
  await app.commit({ 'app.json': JSON.stringify({ healthchecks: { web: [{ path: 'ready' }] } }) });
  await expect(platform.push(app)).rejects.toThrow('app.json: healthchecks.web.0.path cannot be used');
});
