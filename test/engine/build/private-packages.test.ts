// Private packages by a token in a config var, packages that are another file than promised, and some that are not there: an
// index of our own in a container on the network of the builds, each package manager for real.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Built, Files } from './builds.ts';
import { type PackageIndex, startPackageIndex } from './package-index.ts';

const token = 'right-token-4711';
const wrong = 'wrong-token-0815';
let index: PackageIndex;

beforeAll(async () => {
  index = await startPackageIndex(token);
});
afterAll(() => index?.[Symbol.asyncDispose]());

/** Neither in what the pusher sees nor in any file below these folders. */
function expectNoToken(lines: readonly string[], ...folders: string[]): void {
  expect(lines.join('\n')).not.toMatch(new RegExp(`${token}|${wrong}`));
  for (const folder of folders) {
    // 1: it looked everywhere and found nothing.
    const grep = () => execFileSync('grep', ['-rlaF', '-e', token, folder], { stdio: 'pipe' });
    expect(grep).toThrow(expect.objectContaining({ status: 1 }));
  }
}

/** Neither the app nor what is kept for its next build has the token. */
async function expectKeptOut({ tree, app, lines }: Built): Promise<void> {
  expectNoToken(lines, app);
  await tree.dispose();
  expectNoToken([], join(index.builds.folder, 'cache'));
}

async function refused(app: string, source: Files, config: Record<string, string>) {
  const failure = await index.builds.failure(source, { app, config });
  expectNoToken(failure.lines);
  return { id: failure.id, message: failure.message };
}

describe.each([
  ['npm@11.19.1', '.npmrc'],
  ['yarn@1.22.22', '.npmrc'],
  ['yarn@4.18.1', '.yarnrc.yml'],
  ['pnpm@10.34.9', '.npmrc'],
  ['bun@1.4.5', '.npmrc'],
])('%s', (packageManager, settings) => {
  const app = packageManager;
  const npmrc = (): string =>
    `@team:registry=http://${index.host}/npm/\n//${index.host}/npm/:_authToken=\${NPM_TOKEN}\n`;
  const yarnrc = (): string =>
    [
      'nodeLinker: node-modules',
      `unsafeHttpWhitelist: ["${index.host.split(':')[0]}"]`,
      `npmScopes: {team: {npmRegistryServer: "http://${index.host}/npm", npmAuthToken: "\${NPM_TOKEN}"}}\n`,
    ].join('\n');
  const source = (dependencies: Record<string, string>, files: Files = {}): Files => ({
    'package.json': JSON.stringify({ packageManager, engines: { node: '24.x' }, dependencies }),
    'server.js': '',
    [settings]: settings === '.npmrc' ? npmrc() : yarnrc(),
    ...files,
  });
  const greet = { '@team/greet': '1.0.0' };

  beforeAll(async () => {
    // Node and the manager, for the rest.
    await index.builds.build(source({}), { app, config: { NPM_TOKEN: token } });
  });

  test('a wrong token is told, by the config var it is in', async () => {
    // npm itself does not say for which package it was.
    const what = packageManager.startsWith('npm@') ? 'a package' : '@team/greet@1.0.0';
    expect(await refused(app, source(greet), { NPM_TOKEN: wrong })).toEqual({
      id: 'E10',
      message: `The registry ${index.host} did not give this build ${what}: it refused the token in the config var NPM_TOKEN, which ${settings} names. The token is wrong, has expired, or may not read this package: set NPM_TOKEN to another one.`,
    });
  });

  test('a token that is missing too', async () => {
    const { id, message } = await refused(app, source(greet), {});
    expect(id).toBe('E10');
    expect(message).toMatch(
      /^The registry( \S+)? did not give this build (@team\/greet@1\.0\.0|a package): /,
    );
    expect(message).toContain(
      `the config var NPM_TOKEN, which ${settings} names, is not set. Set it to a token that may read this package.`,
    );
  });

  test('what is not there is E10 for who has the token', async () => {
    expect(await refused(app, source({ '@team/absent': '1.0.0' }), { NPM_TOKEN: token })).toEqual({
      id: 'E10',
      message:
        '@team/absent@1.0.0, required by package.json, is not in the registry. Check the spelling, the version, and whether it is private (then add a token by config var).',
    });
  });

  test('a file that is not the one that was promised is E7 and not installed', async () => {
    const config = { NPM_TOKEN: token, npm_config_fetch_retries: '0' };
    if (packageManager === 'yarn@4.18.1') {
      // It looks at its own checksums only, those of a lockfile.
      const { app: made } = await index.builds.build(source(greet), { app: 'lockfile', config });
      const lockfile = await readFile(join(made, 'yarn.lock'), 'utf8');
      expect(lockfile).toMatch(/checksum: /);
      const forged = lockfile.replace(/(checksum: \w+\/)\w{8}/, '$100000000');
      const { id, message } = await refused(app, source(greet, { 'yarn.lock': forged }), config);
      expect([id, message]).toEqual([
        'E7',
        '@team/greet@1.0.0 from the registry is not the file whose checksum yarn.lock has. If its version was changed by hand, the checksum is out of date: take its entry out of yarn.lock, run yarn install locally, commit yarn.lock. If not, find out who changed the file before you install it anywhere.',
      ]);
      return;
    }
    const whole = { ...config, npm_config_registry: `http://${index.host}/npm/` };
    const { id, message } = await refused(app, source({ forged: '1.0.0' }), whole);
    expect(id).toBe('E7');
    expect(message).toMatch(
      /^\S*forged\S*( \(http\S+forged-1\.0\.0\.tgz\))? from the registry is not the file whose checksum the registry's own page has\. If not, find out who changed the file before you install it anywhere\.$/,
    );
  });

  test('with the right token it is installed, and the token is nowhere', async () => {
    const built = await index.builds.build(source(greet), { app, config: { NPM_TOKEN: token } });
    const file = join(built.app, 'node_modules/@team/greet/index.js');
    expect(await readFile(file, 'utf8')).toContain('hello from @team/greet');
    await expectKeptOut(built);
  });
});

describe('Python', () => {
  const web = { Procfile: 'web: python app.py\n' };
  const pip = (requirement: string, login = `build:\${INDEX_TOKEN}@`): Files => ({
    'requirements.txt': `--index-url http://${login}${index.host}/simple/\n${requirement}\n`,
    ...web,
  });
  const trusted = (): Record<string, string> => ({ PIP_TRUSTED_HOST: index.host.split(':')[0]! });
  const sentence = (what: string) => ({
    id: 'E10',
    message: `The index ${index.host} did not give this build team-greet==1.0.0: ${what}`,
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'wrong',
      { INDEX_TOKEN: wrong },
      'it refused the login in the config var INDEX_TOKEN. The token is wrong, has expired, or may not read this package: set INDEX_TOKEN to another one.',
    ],
    [
      'missing',
      {},
      'the config var INDEX_TOKEN, which requirements.txt names, is not set. Set it to a token that may read this package.',
    ],
  ])('pip: a token that is %s is told', async (_, config, what) => {
    const failure = await refused('python', pip('team-greet==1.0.0'), { ...trusted(), ...config });
    expect(failure).toEqual(sentence(what));
  });

  test('pip: an index that asks for a login although none is given', async () => {
    const failure = await refused('python', pip('team-greet==1.0.0', ''), trusted());
    expect(failure).toEqual(
      sentence(
        `it asks for a login. Write its address in requirements.txt with the login in it, such as --extra-index-url https://<user>:\${INDEX_TOKEN}@${index.host}/<path>, and set the config var INDEX_TOKEN.`,
      ),
    );
  });

  test('pip: what is not there, for who has the token, is E10; another file than promised is E7', async () => {
    const config = { ...trusted(), INDEX_TOKEN: token };
    expect(await refused('python', pip('team-absent==1.0.0'), config)).toEqual({
      id: 'E10',
      message:
        'team-absent==1.0.0, required by requirements.txt, is not in the registry. Check the spelling, the version, and whether it is private (then add a token by config var).',
    });
    expect(await refused('python', pip('forged==1.0.0'), config)).toMatchObject({
      id: 'E7',
      message: expect.stringMatching(/^forged==1\.0\.0 from the registry is not the file whose hash /),
    });
  });

  test.each([
    ['in requirements.txt', () => pip('team-greet==1.0.0'), () => ({ INDEX_TOKEN: token })],
    [
      'in a config var',
      () => ({ 'requirements.txt': 'team-greet==1.0.0\n', ...web }),
      () => ({ PIP_INDEX_URL: `http://build:${token}@${index.host}/simple/` }),
    ],
  ])(
    'pip: with the right token %s it is installed, and the token is nowhere',
    async (app, source, config) => {
      const built = await index.builds.build(source(), { app, config: { ...trusted(), ...config() } });
      expect(built.lines.join('\n')).toContain('Successfully installed team-greet-1.0.0');
      await expectKeptOut(built);
    },
  );

  test.each<[string, Record<string, string>, string]>([
    [
      'wrong',
      { UV_INDEX_TEAM_USERNAME: 'build', UV_INDEX_TEAM_PASSWORD: wrong },
      'it refused the login in the config var UV_INDEX_TEAM_PASSWORD. The token is wrong, has expired, or may not read this package: set UV_INDEX_TEAM_PASSWORD to another one.',
    ],
    [
      'missing',
      {},
      "it asks for a login. Give it by the config vars UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD, where <NAME> is the index's name in pyproject.toml in capitals.",
    ],
  ])('uv: a token that is %s is told', async (_, config, what) => {
    const registry = `http://${index.host}/simple`;
    const file = `http://${index.host}/files/team_greet-1.0.0-py3-none-any.whl`;
    const failure = await refused(
      'uv',
      {
        'pyproject.toml': `[project]\nname = "x"\nversion = "0.1.0"\nrequires-python = ">=3.13"\ndependencies = ["team-greet"]\n\n[[tool.uv.index]]\nname = "team"\nurl = "${registry}"\ndefault = true\n`,
        'uv.lock': `version = 1\nrevision = 3\nrequires-python = ">=3.13"\n\n[[package]]\nname = "team-greet"\nversion = "1.0.0"\nsource = { registry = "${registry}" }\nwheels = [\n    { url = "${file}", hash = "sha256:${'0'.repeat(64)}" },\n]\n\n[[package]]\nname = "x"\nversion = "0.1.0"\nsource = { virtual = "." }\ndependencies = [\n    { name = "team-greet" },\n]\n\n[package.metadata]\nrequires-dist = [{ name = "team-greet" }]\n`,
        ...web,
      },
      config,
    );
    expect(failure.message).toContain(`The index ${index.host} did not give this build team`);
    expect(failure).toMatchObject({ id: 'E10', message: expect.stringContaining(`: ${what}`) });
  });
});
