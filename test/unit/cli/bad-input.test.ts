// The rows of bad input that need no engine (test/e2e/bad-input), by the command line in this process against the real API.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dots, moreDots, nothing } from '../../e2e/bad-input/dots-and-nothing.ts';
import { giveSettings } from '../../e2e/bad-input/kept.ts';
import type { Ground, Row } from '../../e2e/bad-input/row.ts';
import { storedFacts } from '../../e2e/bad-input/stored.ts';
import { topics } from '../../e2e/bad-input/topics.ts';
import { createApi } from '../../support/api.ts';
import { type ApiGround, startApi } from '../../support/api-ground.ts';
import { twelve } from './scripted.ts';

let ground: ApiGround;
let on: Ground;
let dataFolder: string;

beforeAll(async () => {
  ground = await startApi();
  const { url, token } = ground;
  dataFolder = join(ground.folder, 'data');
  const platform = {
    ...{ url, token, dataFolder, api: createApi(url, token, () => '') },
    async cli(argv: readonly string[], { env = {} }: { env?: Record<string, string> } = {}) {
      const { status, out, err } = await twelve(argv, { url, token, env });
      return { status, stdout: out, stderr: err };
    },
  };
  on = { platform } as unknown as Ground;
  for (const name of ['hello', 'vars'])
    expect((await platform.cli(['apps:create', name, '-n'])).status).toBe(0);
  await giveSettings(platform, 'syslog://logs.example:514');
});
afterAll(() => ground?.[Symbol.asyncDispose]());

async function holds({ act, ends, says }: Row): Promise<void> {
  const before = storedFacts(dataFolder);
  const told = await act(on);
  expect(told.text).toMatch(says);
  expect(told.text).not.toMatch(/\n\s+at .*[:(]\d+|This is a defect/);
  expect(told.ends).toBe(ends);
  expect(storedFacts(dataFolder)).toEqual(before);
}

describe.each([
  ['topics', topics],
  ['dots', dots],
  ['more dots', moreDots],
  ['nothing', nothing],
])('%s', (_table, rows) => {
  test.each(rows)('$what', holds);
});

// Else a row that changes something would pass.
test.each([
  ['domain', ['domains:remove', 'kept.example.com', '-a', 'vars']],
  ['drain', ['drains:remove', 'syslog://logs.example:514', '-a', 'vars']],
  ['collaborator', ['access:remove', 'bob@example.com', '-a', 'vars']],
  ['buildpack', ['buildpacks:clear', '-a', 'vars']],
  ['setting', ['ps:set', 'parallel=', '-a', 'vars']],
  ['app', ['apps:create', 'another', '-n']],
  ['user', ['users:promote', 'bob@example.com']],
  ['token', ['authorizations:create']],
  ['all cron suspended', ['cron:suspend', '-a', 'vars']],
])('the facts tell a change of the %s', async (what, argv) => {
  const before = storedFacts(dataFolder);
  expect((await on.platform.cli(argv)).status).toBe(0);
  const after = storedFacts(dataFolder);
  const changed = [
    ...before.filter((line) => !after.includes(line)),
    ...after.filter((line) => !before.includes(line)),
  ];
  expect(changed).not.toEqual([]);
  for (const line of changed) expect(line.startsWith(`${what} `)).toBe(true);
});

test.each([['-a', 'vars'], ['--server']])(
  'the facts tell a certificate that is gone: %s',
  async (...owner) => {
    const before = storedFacts(dataFolder);
    const path = owner[0] === '--server' ? '/sni-endpoints' : '/apps/vars/sni-endpoints';
    const { body } = await on.platform.api<{ name: string }[]>('GET', path);
    expect((await on.platform.cli(['certs:remove', body[0]!.name, ...owner])).status).toBe(0);
    const after = storedFacts(dataFolder);
    expect(before.filter((line) => !after.includes(line))).toEqual([
      expect.stringMatching(/^certificate (vars|null) cert-/),
    ]);
  },
);
