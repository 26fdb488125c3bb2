// The log stream of an app: nothing that was printed is lost, twice or out of order, whatever ends in between.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '5' });
  app = await platform.createApp('chatty', 'misbehaving');
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
/** What a process printed, without time and name. */
const texts = async (name: string, count = 100_000): Promise<string[]> => {
  const { stdout } = await must(twelve('logs', '-s', 'app', '-p', name, '-n', String(count)));
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(line.indexOf(']: ') + 3));
};
const counted = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${word} ${n + 1}`);

test('what a crashing process printed last is there, and then how it ended', async () => {
  await platform.visit('chatty', '/crash').catch(() => undefined);
  const log = await eventually(
    async () => (await twelve('logs', '-p', 'web')).stdout,
    (text) => text.includes('from up to crashed'),
  );
  const place = (text: string): number => log.indexOf(text);
  expect(place('app[web.1]: crashing on request')).toBeGreaterThan(-1);
  expect(place('Process exited with status 134')).toBeGreaterThan(place('crashing on request'));
  expect(place('State changed from up to crashed')).toBeGreaterThan(place('Process exited with status 134'));
});

test('100,000 lines of a process that exits right after its last are there, once and in order', async () => {
  const name = (
    await must(twelve('run:detached', 'for n in $(seq 100000); do echo "burst $n"; done'))
  ).stdout.trim();
  await eventually(
    async () => (await twelve('logs', '-p', name, '-n', '5')).stdout,
    (text) => text.includes('State changed from up to complete'),
  );
  expect(await texts(name)).toEqual(counted('burst', 100_000));
});

test('lines stay over releases and a restart of the server', async () => {
  const before = await texts('web');
  expect(before.length).toBeGreaterThan(0);
  await must(twelve('config:set', 'ANY=thing'));
  await platform.restart({ signal: 'SIGTERM' });
  expect((await texts('web')).slice(0, before.length)).toEqual(before);
  expect((await twelve('logs', '-s', 'twelve', '-n', '1500')).stdout).toContain('Release v3 created by user');
});

test('a tail goes on over kills of the server without a gap or a repeat', async () => {
  const command = 'for n in $(seq 300); do echo "tick $n"; sleep 0.05; done; sleep 1';
  const name = (await must(twelve('run:detached', command))).stdout.trim();
  await using tail = platform.cliStart(['logs', '--tail', '-s', 'app', '-p', name, '-n', '1000'], {
    cwd: app.folder,
  });
  await tail.printed('tick 20');
  await platform.kill9();
  await platform.startAgain();
  await tail.printed('tick 120');
  await platform.restart({ signal: 'SIGTERM' });
  await tail.printed(/tick 300\n/);
  tail.interrupt();
  const { stdout } = await tail.result;
  const ticks = [...stdout.matchAll(/tick \d+/g)].map(([text]) => text);
  expect(ticks).toEqual(counted('tick', 300));
  expect(await texts(name)).toEqual(counted('tick', 300));
});

test('very long lines are cut into parts, odd bytes do no harm', async () => {
  const code = `console.log('x'.repeat(25_000)); console.log('\\u00e4\\u{1f600}'); process.stdout.write(Buffer.from([0xff, 0x41, 0x0a])); process.stdout.write('no end of line')`;
  const name = (await must(twelve('run:detached', '--', 'node', '-e', code))).stdout.trim();
  const lines = await eventually(
    () => texts(name),
    (all) => all.includes('no end of line'),
  );
  expect(lines.filter((line) => /^x+$/.test(line)).join('')).toBe('x'.repeat(25_000));
  expect(lines).toContain('ä😀');
});
