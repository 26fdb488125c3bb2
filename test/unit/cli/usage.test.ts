import { describe, expect, it, vi } from 'vitest';
import { wordCount } from '../../../platform/cli/args.ts';
import { parseWish } from '../../../platform/cli/commands/ps.ts';
import { closestName, findCommand, rooms } from '../../../platform/cli/registry.ts';
import { commandText, environmentOf } from '../../../platform/cli/run-command.ts';
import { distance } from '../../../platform/domain/nearest.ts';
import { twelve } from './scripted.ts';

it('names in the registry exactly what the files hold, each with a usage, a summary and an example', async () => {
  for (const room of rooms) {
    const { commands } = await room.load();
    const names = commands.flatMap((command) => [command.name, ...(command.aliases ?? [])]);
    expect(names.sort()).toEqual([...room.names].sort());
    for (const command of commands) {
      expect(command.usage.split(' ')[0]).toBe(command.name);
      expect(command.summary).not.toBe('');
      expect(command.example).toContain(command.hidden ? command.name : 'twelve');
    }
  }
});

it('explains every command without a server', async () => {
  for (const name of rooms.flatMap((room) => room.names).filter((one) => !one.startsWith('server'))) {
    const { status, out } = await twelve([name, '--help']);
    expect(status).toBe(0);
    expect(out).toMatch(/^Examples?$/m);
    expect(out).toContain((await findCommand(name))!.example);
  }
  expect((await twelve(['help', 'create'])).out).toContain('Usage: twelve apps:create [name]');
  expect((await twelve([])).out).toContain('releases:diff');
  expect((await twelve(['--help'])).out).not.toContain('git:credentials');
  expect((await twelve(['version'])).out).toMatch(/^twelve\/\d+\.\d+\.\d+ /);
});

it('says what was meant, with exit status 2', async () => {
  const unknown = await twelve(['conifg:set', 'A=1']);
  expect(unknown).toMatchObject({ status: 2, out: '' });
  expect(unknown.err).toContain('Did you mean config:set?');
  expect((await twelve(['config', 'set', 'A=1'])).err).toContain('config:set?');
  expect((await twelve(['qwertyuiop'])).err).not.toContain('mean');
  expect((await twelve(['-a', 'hello', 'ps'])).err).toContain('The command comes first');
  expect(await twelve(['constructor'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('"constructor" is not a command of twelve.'),
  });
});

it("says which of the server's settings cannot be, and shows no stack", async () => {
  vi.stubEnv('TWELVE_LOG_BUDGET', 'much');
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    for (const argv of [['server:token'], ['server:key', 'x'], ['server:restore', 'x', '--key', 'y']]) {
      expect(await twelve(argv)).toMatchObject({ status: 1, err: '' });
      expect(told.mock.calls.flat().join('')).toMatch(/^ ! .*TWELVE_LOG_BUDGET is "much"[^\n]*\n$/);
      told.mockClear();
    }
  } finally {
    told.mockRestore();
    vi.unstubAllEnvs();
  }
});

it.each([
  [['config:set'], 'config:set needs <KEY=value>.'],
  [['releases:diff', 'v1'], 'releases:diff needs <to>.'],
  [['ps:scale', 'web=-1', '-a', 'x'], 'web cannot run -1 processes. For 1 less than now, write web-1'],
  [['config:set', 'A'], '"A" is not KEY=value.'],
  [['config:unset', 'A=secret'], '"A=…" is not a name alone.'],
  [['releases:diff', 'v1'], 'Usage: twelve releases:diff <from> <to>'],
  [['releases:diff', 'v1', 'new', '-a', 'x'], '"new" is not a release'],
  [['logs', '--nope'], 'There is no option --nope here.'],
  [['logs', '-n'], 'The option --num needs a value.'],
  [['logs', '--tail=yes'], 'The option --tail takes no value.'],
  [['logs', '-n', 'ten'], '-n takes a whole number'],
  [['ps:stop', '../x', '-a', 'x'], 'neither a process'],
  [['run', '-a', 'x', '-e', 'A', 'ls'], '-e takes KEY=value'],
  [['ps:restart', '', '-a', 'x'], 'Argument 1 of ps:restart is empty. Is a variable of a script not set?'],
  [['ps:restart', '', '-a', 'x'], 'Usage: twelve ps:restart [name]'],
  [['rollback', '', '-a', 'x'], 'Argument 1 of rollback is empty.'],
  [['builds:cancel', '', '-a', 'x'], 'Argument 1 of builds:cancel is empty.'],
  [['apps:create', ''], 'Argument 1 of apps:create is empty.'],
  [['apps:destroy', '', '--confirm', 'x'], 'Argument 1 of apps:destroy is empty.'],
  [['certs:info', '', '-a', 'x'], 'Argument 1 of certs:info is empty.'],
  [['releases:diff', 'v1', '', '-a', 'x'], 'Argument 2 of releases:diff is empty.'],
  [['cron:suspend', '', '-a', 'x'], 'Argument 1 of cron:suspend is empty.'],
  [['maintenance:on', '-a', ''], 'The option --app is empty. Is a variable of a script not set?'],
  [['maintenance:on', '--remote='], 'The option --remote is empty.'],
  [['run', '-a', '', 'ls'], 'The option --app is empty.'],
  [['run', '-a', 'x', '-e', 'A=1', '-e', '', 'ls'], 'The option --env is empty.'],
  [['apps:destroy', '--app=', '--confirm', 'x'], 'The option --app is empty.'],
])('refuses %j as wrong usage', async (argv, sentence) => {
  const { status, out, err } = await twelve(argv);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain(sentence);
  for (const line of err.trimEnd().split('\n')) expect(line).toMatch(/^ ! {5}/);
});

it('counts words by the usage line', () => {
  expect(wordCount('apps:create [name]')).toEqual({ min: 0, max: 1 });
  expect(wordCount('releases:diff <from> <to>')).toEqual({ min: 2, max: 2 });
  expect(wordCount('config:set <KEY=value>…')).toEqual({ min: 1, max: Number.POSITIVE_INFINITY });
  expect(wordCount('ps:scale [type=quantity[:size]]…').min).toBe(0);
});

it('measures how far two words are apart', () => {
  expect(distance('log', 'logs')).toBe(1);
  expect(distance('conifg', 'config')).toBe(1);
  expect(closestName('ps:scael')).toBe('ps:scale');
  expect(closestName('delpoy')).toBeUndefined();
});

describe('ps:scale', () => {
  it.each([
    ['web=3', { type: 'web', quantity: '3' }],
    ['web=3:standard-2x', { type: 'web', quantity: '3', size: 'standard-2x' }],
    ['worker+1', { type: 'worker', quantity: '+1' }],
    ['worker-1', { type: 'worker', quantity: '-1' }],
    ['worker=+1', { type: 'worker', quantity: '+1' }],
    ['my-worker=0', { type: 'my-worker', quantity: '0' }],
    ['web=Standard-2X', { type: 'web', size: 'Standard-2X' }],
    ['web:standard-1x', { type: 'web', size: 'standard-1x' }],
  ])('understands %s', (word, wish) => {
    expect(parseWish(word)).toEqual(wish);
  });

  it.each(['web', 'web=', '=3', 'web=3:', 'web=1.5', 'web 3'])('refuses "%s"', (word) => {
    expect(() => parseWish(word)).toThrow(
      'does not say how many of what. Write web=3, web=3:standard-2x, web=standard-2x, web+1',
    );
  });
});

describe('run', () => {
  it.each([
    [['ls -l | wc'], 'ls -l | wc'],
    [['ls', '-l'], 'ls -l'],
    [['echo', '$DYNO'], 'echo $DYNO'],
    [['node', '-e', 'process.exit(4)'], "node -e 'process.exit(4)'"],
    [['echo', "it's", ''], "echo 'it'\\''s' ''"],
    [['sh', '-c', 'echo $(id)'], "sh -c 'echo $(id)'"],
  ])('makes %j the command %s', (words, text) => {
    expect(commandText(words)).toBe(text);
  });

  it('does not run in another app than the one named at the end', () => {
    expect(() => commandText(['rake', 'db:reset', '-a', 'staging'])).toThrow(
      'twelve run -a staging rake db:reset',
    );
    expect(commandText(['ls', '-a'])).toBe('ls -a');
  });

  it('takes the environment apart at the first equals sign', () => {
    expect(environmentOf(['A=b=c', 'B='])).toEqual({ A: 'b=c', B: '' });
  });
});
