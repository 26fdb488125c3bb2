// Bad input, row by row, through the real command line, API, git client and server: a clear sentence, a code, and nothing is lost.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { createEngineProxy, type EngineProxy } from '../support/engine-proxy.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { remainsIn } from '../support/remains.ts';
import { eventually } from '../support/wait.ts';
import { bodies } from './bad-input/bodies.ts';
import { commands } from './bad-input/commands.ts';
import { held } from './bad-input/database.ts';
import { dots, moreDots, nothing } from './bad-input/dots-and-nothing.ts';
import { engineAway } from './bad-input/engine.ts';
import { facts } from './bad-input/facts.ts';
import { giveSettings } from './bad-input/kept.ts';
import { plainApp, pushes } from './bad-input/pushes.ts';
import { heads, paths } from './bad-input/requests.ts';
import { rollbacks } from './bad-input/rollbacks.ts';
import type { Row } from './bad-input/row.ts';
import { settings, surroundings } from './bad-input/starts.ts';
import { topics } from './bad-input/topics.ts';
import { appNames, configNames, quantities } from './bad-input/words.ts';

let platform: TestPlatform;
let engine: EngineProxy;
let hello: AppRepository;

beforeAll(async () => {
  engine = await createEngineProxy();
  platform = await startPlatform({
    TWELVE_BOOT_TIMEOUT: '4',
    TWELVE_KEEP_RELEASES: '2',
    TWELVE_SLUG_LIMIT: '400',
    TWELVE_ENGINE: engine.path,
    TWELVE_DRAIN_ADDRESSES: '127.0.0.1',
  });
  await must(platform.cli(['apps:create', 'vars', '-n']));
  // Nobody listens there: what vars says waits for it.
  await giveSettings(platform, 'syslog://127.0.0.1:1');
  hello = await platform.createApp('hello', null, { files: plainApp });
  await platform.push(hello);
  await must(platform.cli(['config:set', 'GREETING=hi', '-a', 'hello']));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

/** Our own insides: where a failure happened is for the log, not for the user. */
const insides =
  /\n\s+at .*[:(]\d+|node_modules\/\S+\.[cm]?js|SqliteError|TypeError|RangeError|\.[jt]s:\d+|This is a defect/;

async function holds({ act, ends, says, adds = [], removes = [] }: Row): Promise<void> {
  const before = await facts(platform);
  const told = await act({ platform, engine, hello });
  const after = await facts(platform);
  expect(told.text).toMatch(says);
  expect(told.text).not.toMatch(insides);
  expect(told.ends).toBe(ends);
  const [added, removed] = [missing(before, after), missing(after, before)];
  expect(added, 'what is new').toEqual(adds.map((line) => expect.stringMatching(line)));
  expect(removed, 'what is gone').toEqual(removes.map((line) => expect.stringMatching(line)));
}

/** Lines of `b` that `a` lacks, in order. */
function missing(a: readonly string[], b: readonly string[]): string[] {
  const known = new Set(a);
  return b.filter((line) => !known.has(line)).sort();
}

/** Not in the quick set, where test/unit/cli/bad-input.test.ts has them against the API alone. */
const more: [string, Row[]][] = process.env['TWELVE_TESTS']
  ? [
      ['topics', topics],
      ['more dots', moreDots],
      ['nothing', nothing],
    ]
  : [];

describe.each<[string, Row[]]>([
  ['app names', appNames],
  ['config names', configNames],
  ['processes', quantities],
  ['commands and servers', commands],
  ['bodies', bodies],
  ['dots', dots],
  ...more,
  ['paths', paths],
  ['heads', heads],
])('%s', (_table, rows) => {
  test.each(rows)('$what', holds);
});

describe('config values', () => {
  const twelve = (...argv: string[]) => platform.cli([...argv, '-a', 'vars']);
  const vars = async () => (await platform.api<Record<string, string>>('GET', '/apps/vars/config-vars')).body;
  const bytes = (values: Record<string, string>): number =>
    Object.entries(values).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);

  const values = {
    LINES: 'one\ntwo\r\n\tthree\n',
    QUOTES: `"double" 'single' \`back\` $HOME $(id) \\n`,
    EMOJI: '👩‍👩‍👧 naïve Ωμέγα 你好 \u202e',
    EQUALS: '==a=b==',
    SPACES: '  kept  ',
    EMPTY: '',
    DASHES: '--confirm',
    CONTROL: '\u0001\u001b[31m\u007f',
  };

  test.each(Object.entries(values))('%s is kept as it is', async (name, value) => {
    await must(twelve('config:set', `${name}=${value}`));
    expect((await must(twelve('config:get', name))).stdout).toBe(`${value}\n`);
    expect((await vars())[name]).toBe(value);
  });

  test('all of them reach a process as they are', async () => {
    await must(
      platform.cli(['config:set', ...Object.entries(values).map((pair) => pair.join('=')), '-a', 'hello']),
    );
    const script = `console.log(JSON.stringify(process.env))`;
    const run = await must(platform.cli(['run', '-a', 'hello', 'node', '-e', script]));
    expect(JSON.parse(run.stdout)).toMatchObject(values);
    await must(platform.cli(['config:unset', ...Object.keys(values), '-a', 'hello']));
  });

  test('64 KB in all are taken, one byte more is not', async () => {
    const free = 65_536 - bytes(await vars()) - 'BIG'.length;
    await must(twelve('config:set', `BIG=${'x'.repeat(free)}`));
    expect(bytes(await vars())).toBe(65_536);
    await holds({
      what: 'one byte over',
      act: async () => {
        const { status, stderr } = await twelve('config:set', `BIG=${'x'.repeat(free + 1)}`);
        return { ends: `exit ${status}`, text: stderr };
      },
      ends: 'exit 1',
      says: /Config vars may take 65536 bytes in all .*would make it 65537\. Keep large data in/,
    });
  });
});

describe('a push', () => {
  test.each(pushes)('$what', holds);
});

describe('a rollback', () => {
  beforeAll(async () => {
    const slugOf = async () => {
      const { body } = await platform.api<{ eligible_for_rollback: boolean }>(
        'GET',
        '/apps/hello/releases/2',
      );
      return body.eligible_for_rollback;
    };
    await eventually(slugOf, (there) => !there);
  });
  test.each(rollbacks)('$what', holds);
});

describe('an engine that is away', () => {
  test.each(engineAway)('$what', holds);
});

describe('a database that another program holds', () => {
  test.each(held)('$what', holds);
});

describe('a server is started with', () => {
  test.each([...settings, ...surroundings])('$what', holds);
});

test('a disk that is nearly full refuses a push before it starts', async () => {
  await using full = await startPlatform({ TWELVE_MIN_FREE: '1000000000' });
  const app = await full.createApp('full', null, { files: plainApp });
  const before = await facts(full);
  const { status, stderr } = await app.git('push', 'platform', 'main');
  expect(stderr).toMatch(
    /The server's disk is nearly full: \d+ MB are free at \S+, and 1000000000 MB have to be \(TWELVE_MIN_FREE\)\. Nothing was changed/,
  );
  expect(status).toBe(128);
  expect(await facts(full)).toEqual(before);
});

test('nothing half-written is left of it', async () => {
  // One place is ready for the next build of `hello`.
  const left = await eventually(
    () => remainsIn(platform.dataFolder, 1),
    (names) => names.length === 0,
  );
  expect(left).toEqual([]);
});

test('the server calls none of it a failure of its own', () => {
  expect(platform.serverOutput()).not.toMatch(/request failed|internal_server_error|failed unexpectedly/);
});
