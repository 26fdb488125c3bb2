// Commands found in a text of shell, and whether they are known.
import { expect, it } from 'vitest';
import { problemOf } from '../../support/docs/known.ts';
import { commandsIn } from '../../support/docs/mentions.ts';

it.each([
  ['twelve ps', [['twelve', 'ps']]],
  [
    'twelve a\ntwelve b # and why',
    [
      ['twelve', 'a'],
      ['twelve', 'b'],
    ],
  ],
  ['A=1 B="x y" twelve server > ~/log 2>&1 &', [['twelve', 'server']]],
  [
    'echo "a; b" | twelve run cat',
    [
      ['echo', 'a; b'],
      ['twelve', 'run', 'cat'],
    ],
  ],
  [
    "twelve run 'exit 3' || echo no",
    [
      ['twelve', 'run', 'exit 3'],
      ['echo', 'no'],
    ],
  ],
  [
    'export T="$(cat f)" && twelve x',
    [
      ['cat', 'f'],
      ['export', 'T=$'],
      ['twelve', 'x'],
    ],
  ],
  ['if ! twelve a; then twelve b; fi', [['twelve', 'a'], ['twelve', 'b'], ['fi']]],
  [
    "timeout 60 sh -c 'until twelve ps; do sleep 1; done'",
    [
      ['timeout', '60', 'sh', '-c', 'until twelve ps; do sleep 1; done'],
      ['sh', '-c', 'until twelve ps; do sleep 1; done'],
      ['twelve', 'ps'],
      ['sleep', '1'],
      ['done'],
    ],
  ],
  [
    'docker ps | xargs -r docker rm',
    [
      ['docker', 'ps'],
      ['xargs', '-r', 'docker', 'rm'],
      ['docker', 'rm'],
    ],
  ],
  ['twelve login \\\n  --token-file f', [['twelve', 'login', '--token-file', 'f']]],
  ['twelve help <command>', [['twelve', 'help', '<command>']]],
])('in %j', (text, commands) => {
  expect(commandsIn(text)).toEqual(commands);
});

const problem = async (text: string, whole = true) =>
  (await Promise.all(commandsIn(text).map((words) => problemOf(words, whole)))).filter((one) => one !== null);

it.each([
  'twelve ps:scale web=3',
  'twelve logs -n 2 --process api',
  'twelve run -a hello -- ls --any-option of its own',
  'twelve server --help',
  './scripts/demo --once',
  'scripts/test --project unit test/unit/git',
  'scripts/newer-engine within twelve apps',
  './scripts/bench rollback --json FILE',
  'npm run check',
  'node --import tsx platform/main.ts',
  'git push platform main',
])('%s is known', async (text) => {
  expect(await problem(text)).toEqual([]);
});

it.each([
  ['twelve scale-up', 'there is no command "twelve scale-up"'],
  ['twelve logs --follow', 'There is no option --follow here.'],
  ['twelve apps:destroy hello now', 'does not take "now"'],
  ['twelve rollback v1 v2', 'does not take "v2"'],
  ['twelve config:get', 'config:get needs'],
  ['twelve server --port 1', 'takes --help'],
  ['./scripts/deploy', 'there is no scripts/deploy'],
  ['./scripts/install --domian x', 'says nothing of "--domian"'],
  ['scripts/demo --forever', 'says nothing of "--forever"'],
  ['scripts/newer-engine restart', 'says nothing of "restart"'],
  ['scripts/bench cold-start-of-the-moon', 'says nothing of'],
  ['npm run deploy', 'no script "deploy"'],
  ['node --import tsx platform/server.ts', 'there is no platform/server.ts'],
])('%s is not', async (text, why) => {
  expect(await problem(text)).toEqual([expect.stringContaining(why)]);
});

it('what is only talked about may lack what it takes', async () => {
  expect(await problem('twelve config:get', false)).toEqual([]);
  expect(await problem('twelve run -d', false)).toEqual([]);
  expect(await problem('twelve config:get --all', false)).toHaveLength(1);
});
