// What may come next on a line that is being written, as shells ask for it.
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { completionScripts } from '../../../platform/cli/completion-scripts.ts';
import { allCommands } from '../../../platform/cli/registry.ts';
import { scriptedApi, temporaryFolder, twelve } from './scripted.ts';

const routes = {
  'GET /apps': { body: [{ name: 'hello' }, { name: 'hey' }, { name: 'other' }] },
  'GET /apps/hello/formation': { body: [{ type: 'web' }, { type: 'worker' }] },
  'GET /apps/hello/dynos': { body: [{ name: 'web.1' }, { name: 'run.7' }] },
  'GET /dyno-sizes': { body: [{ name: 'standard-1x' }, { name: 'standard-2x' }] },
};

/** Values alone. */
async function completed(
  words: readonly string[],
  options: Parameters<typeof twelve>[1] = {},
): Promise<string[]> {
  const { status, out, err } = await twelve(['completion:words', '--', ...words], options);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0]!);
}

it.each([
  [['config:'], ['config:get', 'config:set', 'config:unset']],
  [['comp'], ['completion']],
  [['git:'], ['git:remote']],
  [['nowhere', ''], []],
  [
    ['logs', '--s'],
    ['--since', '--source'],
  ],
  [['completion', 'z'], ['zsh']],
  [['help', 'apps:d'], ['apps:destroy']],
  [
    ['api', 'P'],
    ['POST', 'PATCH', 'PUT'],
  ],
  [
    ['ps', '-a', 'he'],
    ['hello', 'hey'],
  ],
  [
    ['ps', '--app=he'],
    ['--app=hello', '--app=hey'],
  ],
  [['apps:info', 'o'], ['other']],
  [
    ['ps:scale', '-a', 'hello', ''],
    ['web=', 'worker='],
  ],
  [['ps:scale', '--app=hello', 'web=2', 'wo'], ['worker=']],
  [
    ['ps:restart', '-a', 'hello', 'w'],
    ['web', 'worker', 'web.1'],
  ],
  [['logs', '-a', 'hello', '-p', 'run'], ['run.7']],
  [['run', '-s', 'standard-2'], ['standard-2x']],
  [['login', '--token-file', ''], [':files']],
  [['login', '--ca', ''], [':files']],
  [['certs:add', ''], [':files']],
  [['certs:add', 'www.crt', '-a', 'hello', 'w'], [':files']],
  [['server:restore', ''], [':files']],
  [['server:restore', 'twelve.tgz', '--key', ''], [':files']],
  [['server:restore', '--data', '/srv'], [':files']],
  [['builds:create', '--source-tar', ''], [':files']],
  [['config:get', ''], []],
  [['api', '-d', ''], []],
  [
    ['authorizations:create', '-s', ''],
    ['read', 'deploy', 'write', 'admin'],
  ],
  [['users:add', '--scope', 'de'], ['deploy']],
  [['https:redirect', 'of'], ['off']],
  [['run', '-a', 'hello', 'ls', '-'], [':files']],
])('%j goes on with %j', async (words, expected) => {
  await using api = await scriptedApi(routes);
  await using folder = await temporaryFolder();
  expect(await completed(words, { url: api.url, env: { XDG_CACHE_HOME: folder.path } })).toEqual(expected);
});

it('a name is remembered for a while, a server that does not answer costs nothing but the names', async () => {
  await using folder = await temporaryFolder();
  const api = await scriptedApi(routes);
  const options = { url: api.url, env: { XDG_CACHE_HOME: folder.path } };
  const line = ['ps', '-a', 'he'];
  expect(await completed(line, options)).toEqual(['hello', 'hey']);
  expect(await completed(line, options)).toEqual(['hello', 'hey']);
  expect(api.asked).toHaveLength(1);
  await api.stop();
  expect(await completed(line, options)).toEqual(['hello', 'hey']);
  expect(await completed(line, { ...options, token: 'another' })).toEqual([]);
});

it.each([
  ['" =:"', ['get', 'set']],
  ['" ="', ['config:get', 'config:set']],
])(
  'bash, whose words end at %s, is given what it puts in the place of the last',
  async (breaks, expected) => {
    await using folder = await temporaryFolder();
    const program = join(folder.path, 'twelve');
    writeFileSync(program, '#!/bin/sh\nprintf "config:get\\tone\\nconfig:set\\tother\\n"\n');
    chmodSync(program, 0o755);
    const script = `${completionScripts['bash']}
    COMP_WORDBREAKS=${breaks} COMP_LINE='twelve config:' COMP_POINT=14; _twelve; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { PATH: `${folder.path}:${process.env['PATH']}` };
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env });
    expect(stdout.trim().split('\n')).toEqual(expected);
  },
);

it('help fits its terminal, and every topic, command and option of it is there', async () => {
  const all = await allCommands();
  const shown = new Map<string, string>();
  for (const words of [
    [],
    ['all'],
    ['processes'],
    ['config-vars'],
    ...all.map(({ command }) => [command.name]),
  ])
    shown.set(words.join(), (await twelve(['help', ...words])).out);
  // What is to be typed is not broken.
  for (const [what, text] of shown)
    for (const line of text.split('\n'))
      if (!line.startsWith('  twelve ') && !/^ {2}(source|TWELVE)/.test(line))
        expect(line.length, `${what}: ${line}`).toBeLessThanOrEqual(100);
  for (const { command, topic } of all) {
    expect(shown.get('')).toContain(command.name);
    expect(shown.get('')).toContain(topic);
    expect(shown.get('all')).toContain(command.name);
    for (const flag of Object.keys(command.flags))
      if (command.flags[flag]!.help) expect(shown.get(command.name)).toContain(`--${flag}`);
  }
  expect(shown.get('processes')).toMatch(/ps:scale .*(.|\n)*cron:resume/);
  expect(shown.get('ps:scale')).toContain('See also  ps, ps:restart');
  expect((await twelve(['help', 'procceses'])).err).toContain('neither a command of twelve nor a topic');
  expect((await twelve(['logs', '--tial'])).err).toContain('Did you mean --tail?');
});
