// The log stream of an app: nothing that was printed is lost, twice or out of order, whatever ends in between.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { onTerminal } from '../support/terminal.ts';
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
interface Line {
  time: string;
  source: string;
  process: string;
  release?: number;
  text: string;
  sequence: number;
}
const jsonLines = (text: string): Line[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
/** As text: a hundred thousand objects are slow to compare. */
const expectSame = (lines: Line[], expected: Line[]): void =>
  expect(
    JSON.stringify(lines) === JSON.stringify(expected),
    `${lines.length} of ${expected.length} lines`,
  ).toBe(true);
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

test('a tail goes on over kills of the server, releases and scaling without a gap or a repeat', async () => {
  const command = 'for n in $(seq 300); do echo "tick $n"; sleep 0.05; done; sleep 1';
  await using tail = platform.cliStart(['logs', '--tail', '--json', '-n', '0'], { cwd: app.folder });
  const name = (await must(twelve('run:detached', command))).stdout.trim();
  await tail.printed('tick 20"');
  await platform.kill9();
  await platform.startAgain();
  await tail.printed('tick 100"');
  await must(twelve('config:set', 'OTHER=thing'));
  await platform.restart({ signal: 'SIGTERM' });
  await must(twelve('ps:scale', 'web=2'));
  await tail.printed('tick 300"');
  await must(twelve('ps:scale', 'web=1'));
  await tail.printed('Scaled to web@1');
  tail.interrupt();
  const seen = jsonLines((await tail.result).stdout);
  const first = seen[0]!.sequence;
  expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, index) => first + index));
  const ticks = seen.filter(({ source, process }) => source === 'app' && process === name);
  expect(ticks.map(({ text }) => text)).toEqual(counted('tick', 300));
  expect(await texts(name)).toEqual(counted('tick', 300));
});

test('shows the lines of a release, of a time, with a text', async () => {
  const query = async (...args: string[]) =>
    jsonLines((await must(twelve('logs', '--json', ...args))).stdout);
  const all = await query('-n', '1000000');
  // What still comes in meanwhile was not asked for at first.
  const { sequence: last } = all.at(-1)!;
  const asked = async (...args: string[]) =>
    (await query('-n', '1000000', ...args)).filter(({ sequence }) => sequence <= last);
  const times = all.map(({ time }) => time);
  for (const release of [2, 3]) {
    const wanted = all.filter((line) => line.release === release);
    expect(wanted.map(({ text }) => text)).toContain(`Release v${release} created by user admin@localhost`);
    expect(wanted.some(({ source, process }) => source === 'app' && process === 'web.1')).toBe(true);
    expectSame(await asked('--release', `v${release}`), wanted);
  }
  const [since, until] = [times[times.length >> 2]!, times[times.length >> 1]!];
  const between = all.filter(({ time }) => time >= since && time <= until);
  expect(between.length).toBeGreaterThan(10);
  expectSame(
    jsonLines((await must(twelve('logs', '--json', '--since', since, '--until', until))).stdout),
    between,
  );
  expectSame(await asked('--since', '1d'), all);
  expect(await asked('--until', '1d')).toEqual([]);
  const ofWhom: [string[], (line: Line) => boolean][] = [
    [['--process', 'web'], ({ process }) => process.startsWith('web.')],
    [['--process', 'web.1'], ({ process }) => process === 'web.1'],
    [['--process', 'router'], ({ process }) => process === 'router'],
    [['--source', 'app'], ({ source }) => source === 'app'],
    [
      ['--source', 'twelve', '--process', 'web'],
      (line) => line.source === 'twelve' && /^web\./.test(line.process),
    ],
  ];
  for (const [flags, belongs] of ofWhom) {
    const wanted = all.filter(belongs);
    expect(wanted.length).toBeGreaterThan(0);
    expectSame(await asked(...flags), wanted);
  }
  const starts = all.filter(({ text }) => text.includes('Starting process with command `'));
  expect(starts.length).toBeGreaterThan(2);
  expect(await asked('--grep', 'Starting process with command `')).toEqual(starts);
  const refused = await platform.api('POST', '/apps/chatty/log-sessions', { since: 'soon' });
  expect(refused).toMatchObject({
    status: 422,
    body: { message: expect.stringContaining('"soon" is not a time') },
  });
});

test('on a terminal each process has a colour of its own', async () => {
  await using terminal = onTerminal(platform, app.folder, 'logs -a chatty -s twelve -n 100000');
  await terminal.printed(/status=0/);
  const colours = new Map<string, Set<string>>();
  for (const part of terminal.output().split('\x1b[')) {
    const [, colour, name] = /^(\d+)m\S+ twelve\[([\w.]+)\]:$/.exec(part) ?? [];
    if (colour && name) colours.set(name, (colours.get(name) ?? new Set()).add(colour));
  }
  for (const name of ['web.1', 'web.2', 'api', 'router']) expect(colours.get(name)?.size).toBe(1);
  expect(colours.get('web.1')).not.toEqual(colours.get('web.2'));
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
