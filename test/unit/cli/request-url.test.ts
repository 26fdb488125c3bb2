// What a user types reaches the server as it is, or not at all: nothing in it turns one request into another.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CliError } from '../../../platform/cli/errors.ts';
import { requestUrl } from '../../../platform/cli/request-url.ts';
import { scriptedApi, temporaryFolder, twelve } from './scripted.ts';

const hello = (...argv: string[]): string[] => [...argv, '-a', 'hello'];

it.each<[string[]]>(
  [
    hello('domains:remove', '..'),
    hello('drains:remove', '..'),
    hello('access:remove', '..'),
    hello('certs:remove', '..'),
    hello('certs:info', '.'),
    hello('builds:info', '..'),
    hello('builds:cancel', '.'),
    hello('cron:run', '..'),
    hello('cron:suspend', '.'),
    ['certs:remove', 'x', '-a', '..'],
    ['certs:remove', '..', '--server'],
    ['maintenance:on', '-a', '.'],
    ['config:set', 'A=1', '-a', '..'],
    ['rollback', 'v1', '-a', '..'],
    ['ps:restart', '-a', '.'],
    ['run', '-a', '..', 'true'],
    ['apps:info', '..'],
    ['apps:destroy', '..', '--confirm', '..'],
    ['apps:destroy', '--confirm', '.'],
    ['users:remove', '..'],
    ['users:promote', '.'],
    ['authorizations:revoke', '..'],
    ['authorizations:rotate', '.'],
    ['api', 'DELETE', '/apps/hello/domains/..'],
    ['api', 'DELETE', '/apps/hello/domains/.?x=1'],
    ['api', 'DELETE', '/apps/hello/domains/%2e%2E'],
    ['api', 'DELETE', '/apps/hello/domains/.%2e'],
    ['api', 'DELETE', '/apps/../apps/hello'],
  ].map((argv) => [argv]),
)('%j asks for nothing', async (argv) => {
  await using api = await scriptedApi({});
  const { status, err, out } = await twelve(argv, { url: api.url });
  expect(err).toMatch(/" is no name: in an address it means another place, .*It was not sent\./);
  expect({ status, asked: api.asked }).toEqual({ status: 2, asked: [] });
  expect(out + err).not.toMatch(/done|defect/);
});

it.each([
  '/apps/hello/domains\\..',
  '/apps/hello/domains/.\t.',
  '/apps/hello/domains/.\n',
  '/apps/hello#/domains/x',
  '/apps/hello/domains/x ',
  '/apps/hello\u0085/domains',
])('api DELETE %j asks for nothing', async (path) => {
  await using api = await scriptedApi({});
  const { status, err } = await twelve(['api', 'DELETE', path], { url: api.url });
  expect(err).toMatch(/ cannot be asked as it is: .* percent-encoded .*It was not sent\./);
  expect({ status, asked: api.asked }).toEqual({ status: 2, asked: [] });
});

it('asks for nothing about an app that TWELVE_APP names so', async () => {
  await using api = await scriptedApi({});
  const { status, err } = await twelve(['maintenance:on'], { url: api.url, env: { TWELVE_APP: '..' } });
  expect(err).toContain('".." is no name');
  expect({ status, asked: api.asked }).toEqual({ status: 2, asked: [] });
});

it('connects a repository to no such app', async () => {
  await using api = await scriptedApi({});
  await using folder = await temporaryFolder();
  expect(spawnSync('git', ['init', '-q', folder.path]).status).toBe(0);
  const { status, err } = await twelve(['git:remote', '-a', '..'], { url: api.url, cwd: folder.path });
  expect(err).toContain('".." is no name');
  expect({ status, asked: api.asked }).toEqual({ status: 2, asked: [] });
});

it('sends what only looks alike, percent-encoded where it has to be', async () => {
  await using api = await scriptedApi({});
  for (const word of ['...', '.x', '..x', '~', 'a\\b', 'a#b', 'a b', '%2e%2e', '\u202e..', '../x'])
    expect((await twelve(hello('domains:remove', word), { url: api.url })).status).toBe(1);
  await twelve(['api', '/apps/hellö/releases?x=../..&y=a b'], { url: api.url });
  expect(api.asked.map(({ path }) => path)).toEqual([
    '/apps/hello/domains/...',
    '/apps/hello/domains/.x',
    '/apps/hello/domains/..x',
    '/apps/hello/domains/~',
    '/apps/hello/domains/a%5Cb',
    '/apps/hello/domains/a%23b',
    '/apps/hello/domains/a%20b',
    '/apps/hello/domains/%252e%252e',
    '/apps/hello/domains/%E2%80%AE..',
    '/apps/hello/domains/..%2Fx',
    '/apps/hell%C3%B6/releases?x=../..&y=a%20b',
  ]);
});

/** As a server reads it, but that a sign which begins no byte stays as it is. */
const decoded = (part: string): string =>
  part.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());

it('has every path on the wire with the parts that it was given, whatever is in them', () => {
  const piece = fc.constantFrom(
    '.',
    '..',
    '%2e',
    '%2E',
    '\\',
    '/',
    '?',
    '#',
    ' ',
    '\t',
    '%',
    '@',
    ':',
    'a',
    'é',
  );
  const paths = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 2 })), { maxLength: 8 });
  fc.assert(
    fc.property(paths, (pieces) => {
      const path = `/${pieces.join('')}`;
      let url: URL;
      try {
        url = requestUrl('http://127.0.0.1:5480', path);
      } catch (error) {
        expect(error).toBeInstanceOf(CliError);
        return;
      }
      expect(url.origin).toBe('http://127.0.0.1:5480');
      const parts = (text: string): string[] => text.replace(/\?.*$/s, '').split('/').map(decoded);
      expect(parts(url.pathname)).toEqual(parts(path));
      // Whoever is on the way reads it as we do.
      expect(new URL(`http://proxy${url.pathname}`).pathname).toBe(url.pathname);
    }),
    { numRuns: 3000 },
  );
});
