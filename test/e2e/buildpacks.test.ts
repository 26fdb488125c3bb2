// An app's list of buildpacks as a user works with it: named, fixed, pushed with, updated; and what app.json begins.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { type NeighbourGit, startNeighbourGit } from '../support/neighbour-git.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { commit, must as git } from '../unit/git/support.ts';

let neighbour: NeighbourGit;
let platform: TestPlatform;
let app: AppRepository;
let work: string;
let first: string;

const page = 'web: python3 -m http.server "$PORT"\n';
const saying = (text: string) => `#!/bin/sh\necho ${text} > $1/said.txt\n`;

beforeAll(async () => {
  neighbour = await startNeighbourGit();
  platform = await startPlatform({ TWELVE_CA_FILE: neighbour.caFile });
  app = await platform.createApp('site', null, { files: { Procfile: page, 'index.txt': 'x' } });
  work = await neighbour.repository('pack.git', {
    'bin/detect': '#!/bin/sh\necho Foreign\n',
    'bin/compile': saying('one'),
  });
  first = await git(work, 'rev-parse', 'HEAD');
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await neighbour?.[Symbol.asyncDispose]();
});

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const url = (): string => neighbour.url('pack.git#main');
const said = async (): Promise<string> => (await platform.visit('site', '/said.txt')).text;

test('the list is set, added to, shown, taken from and cleared, in the words that people know', async () => {
  expect((await twelve('buildpacks')).stdout).toBe(
    'site has no buildpacks set: each build finds out which apply.\n',
  );
  const run = 'Run git push platform main to create a new release using';
  expect((await must(twelve('buildpacks:set', 'heroku/nodejs'))).stdout).toBe(
    `Buildpack set. Next release on site will use node.\n${run} this buildpack.\n`,
  );
  expect((await must(twelve('buildpacks:add', '--index', '1', 'apt'))).stdout).toBe(
    `Buildpack added. Next release on site will use:\n  1. apt\n  2. node\n${run} these buildpacks.\n`,
  );
  expect((await must(twelve('buildpacks:set', '-i', '2', 'python'))).stdout).toContain('  2. python\n');
  expect((await must(twelve('buildpacks'))).stdout).toBe('=== site Buildpacks\n\n1. apt\n2. python\n');
  expect((await must(twelve('buildpacks:remove', 'apt'))).stdout).toBe(
    'Buildpack removed. Next release on site will use python.\n',
  );
  expect((await must(twelve('buildpacks:clear'))).stdout).toBe(
    'Buildpacks cleared. Next release on site will detect buildpacks normally.\n',
  );
  const refused = async (...args: string[]) => (await twelve(...args)).stderr;
  expect(await refused('buildpacks:remove', 'apt')).toContain('No buildpacks were found.');
  expect(await refused('buildpacks:set', 'pythno')).toContain('Did you mean python?');
  expect(await refused('buildpacks:add', '-i', '0', 'apt')).toContain(
    'Invalid index. Must be a whole number from 1.',
  );
  // As it was named, though the list calls it otherwise.
  await must(twelve('buildpacks:set', 'heroku/nodejs'));
  expect((await must(twelve('buildpacks:remove', 'heroku/nodejs'))).stdout).toContain('Buildpack removed.');
  await must(twelve('buildpacks:set', 'apt'));
  expect(await refused('buildpacks:add', 'apt')).toContain('The buildpack apt is already set on site.');
  expect(await refused('buildpacks:remove', 'go')).toContain('Buildpack not found. Nothing was removed.');
  expect(await refused('buildpacks:set', 'https://127.0.0.1/x.git')).toMatch(
    /Could not get buildpack https:\/\/127\.0\.0\.1\/x\.git: 127\.0\.0\.1 is a loopback address/,
  );
});

test('one from a git server is fixed when it is set, and a push says and uses that commit', async () => {
  const set = await must(twelve('buildpacks:set', url()));
  expect(set.stdout).toContain(`Next release on site will use ${url()} at ${first.slice(0, 10)}.`);
  await commit(work, { 'bin/compile': saying('two') });
  await neighbour.publish('pack.git');
  const pushed = await platform.push(app);
  expect(pushed).toContain(`remote: -----> Using buildpack: ${url()} at ${first.slice(0, 10)}`);
  expect(pushed).toContain('remote: -----> Foreign app detected');
  expect(await said()).toBe('one\n');
  expect((await must(twelve('builds:info'))).stdout).toContain(url());
});

test('an update moves it, and the next build uses that', async () => {
  const second = await git(work, 'rev-parse', 'HEAD');
  expect((await must(twelve('buildpacks:update'))).stdout).toBe(
    `${url()}: ${first.slice(0, 10)} -> ${second.slice(0, 10)}\nRun git push platform main or twelve redeploy to use it.\n`,
  );
  expect((await must(twelve('buildpacks:update'))).stdout).toBe('Nothing has changed.\n');
  await must(twelve('redeploy'));
  expect(await said()).toBe('two\n');
});

test('an app is created with a list, or is there and says that it has none', async () => {
  const create = (name: string, ...more: string[]) => platform.cli(['apps:create', name, '-n', ...more]);
  const made = await must(create('listed', '-b', 'apt', '--buildpack', url()));
  expect(made.stderr).toContain('Setting buildpacks... done');
  expect((await must(platform.cli(['buildpacks', '-a', 'listed']))).stdout).toMatch(/1\. apt\n2\. https:/);
  const refused = await create('lone', '-b', 'nod');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('lone was created, without a list of buildpacks.');
  expect(refused.stderr).toContain('Did you mean node?');
  expect((await must(platform.cli(['buildpacks', '-a', 'lone']))).stdout).toContain(
    'lone has no buildpacks set',
  );
});

test("the list has Heroku's shape, and the registry that its clients ask says what to send", async () => {
  const path = '/apps/site/buildpack-installations';
  const { body } = await platform.api<unknown[]>('GET', path);
  expect(body).toMatchObject([
    { ordinal: 0, buildpack: { url: url(), name: url() }, pin: expect.any(String) },
  ]);
  const put = await platform.api('PUT', path, {
    updates: [{ buildpack: 'urn:buildpack:heroku/nodejs' }, { buildpack: url() }],
  });
  expect(put).toMatchObject({
    status: 200,
    body: [{ ordinal: 0, buildpack: { name: 'node' } }, { ordinal: 1 }],
  });
  expect(await platform.api('PUT', path, { updates: [{ buildpack: 'nod' }] })).toMatchObject({
    status: 422,
    body: { id: 'build_failed', message: expect.stringContaining('Did you mean node?') },
  });
  expect((await platform.api('PUT', path, { updates: 'x' })).status).toBe(422);
  expect(await platform.api('PUT', path, { updates: [] })).toMatchObject({ status: 200, body: [] });
  expect(await platform.api('GET', '/buildpacks/heroku%2Fnodejs')).toMatchObject({
    status: 200,
    body: { blob_url: 'urn:buildpack:heroku/nodejs' },
  });
  // A name that is none of ours is told when it is sent: a client would leave it out without a word.
  const { body: cobol } = await platform.api<{ blob_url: string }>('GET', '/buildpacks/heroku%2Fcobol');
  expect(await platform.api('PUT', path, { updates: [{ buildpack: cobol.blob_url }] })).toMatchObject({
    status: 422,
    body: { message: expect.stringContaining('There is no buildpack called "heroku/cobol"') },
  });
  expect((await platform.api('GET', '/buildpacks/a%2Fb%2Fc')).status).toBe(404);
});

test('app.json begins a new app: its buildpacks, config vars, formation, and a command after the first deploy', async () => {
  const content = {
    buildpacks: [{ url: url() }],
    env: { GREETING: 'hi', KEY: { generator: 'secret' }, NEEDED: { description: 'told by the user' } },
    formation: { web: { quantity: 1, size: 'standard-1x' }, clock: { quantity: 1 } },
    addons: ['heroku-postgresql:mini'],
    scripts: { postdeploy: 'echo "seeded with $GREETING"; exit 3' },
  };
  const files = { 'app.json': JSON.stringify(content), Procfile: `${page}clock: sleep 1000\n` };
  const fresh = await platform.createApp('fresh', null, { files });
  const pushed = await platform.push(fresh);
  expect(pushed).toContain(
    'app.json says that this app needs NEEDED (told by the user). Set it: twelve config:set NEEDED=…',
  );
  expect(pushed).toContain(
    'app.json names an add-on that is not provided here: heroku-postgresql. Run such a service elsewhere and give the app its address: twelve config:set DATABASE_URL=…',
  );
  expect(pushed).toContain('remote:        seeded with hi');
  expect(pushed).toContain(' !     The postdeploy command ended with status 3; the release serves.');
  const config = JSON.parse((await must(platform.cli(['config', '--json', '-a', 'fresh']))).stdout);
  expect(config).toEqual({ GREETING: 'hi', KEY: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect((await must(platform.cli(['ps', '-a', 'fresh']))).stdout).toMatch(/clock\.1: up/);
  expect((await must(platform.cli(['buildpacks', '-a', 'fresh']))).stdout).toContain(`${url()} at `);
  await fresh.commit({ 'more.txt': 'x' });
  const again = await platform.push(fresh);
  expect(again).not.toContain('postdeploy');
  const after = JSON.parse((await must(platform.cli(['config', '--json', '-a', 'fresh']))).stdout);
  expect(after).toEqual(config);
});

test('whatever a build prints arrives as whole lines behind remote:, in order, with colours that end on their line', async () => {
  const compile = [
    '#!/bin/bash',
    "printf '\\033[32mgreen\\nstill green\\033[0m\\n'",
    'for n in 1 2 3; do echo "out $n"; echo "err $n" >&2; done',
    "printf 'load 10%%\\rload 50%%\\rloaded\\n'",
    "printf '%06000d\\n' 7",
    "printf 'caf\\351 \\377 \\342\\202\\254\\n'",
    "printf 'no newline'",
  ];
  const files = { '.buildpacks': 'inline\n', 'bin/compile': compile.join('\n'), Procfile: page };
  const loud = await platform.createApp('loud', null, { files });
  const lines = (await platform.push(loud)).split('\n').map((line) => line.trimEnd());
  const first = lines.indexOf('remote: -----> Inline app detected') + 1;
  expect(lines.slice(first, lines.indexOf('remote: -----> Discovering process types'))).toEqual(
    [
      '\x1b[32mgreen\x1b[0m',
      '\x1b[32mstill green\x1b[0m',
      ...[1, 2, 3].flatMap((n) => [`out ${n}`, `err ${n}`]),
      'loaded',
      `${'0'.repeat(4000)}… (2000 more characters)`,
      'caf\ufffd \ufffd €',
      'no newline',
    ].map((line) => `remote: ${line}`),
  );
});

test('a submodule over https comes with its files, from the commit that the app names', async () => {
  const library = await neighbour.repository('library.git', { 'page.txt': 'of the submodule' });
  const named = await git(library, 'rev-parse', 'HEAD');
  const whole = await platform.createApp('whole', null, {
    files: {
      Procfile: page,
      '.gitmodules': `[submodule "library"]\n\tpath = vendor/library\n\turl = ${neighbour.url('library.git')}\n`,
    },
  });
  await whole.git('update-index', '--add', '--cacheinfo', `160000,${named},vendor/library`);
  await whole.git('commit', '-q', '-m', 'With a submodule');
  await commit(library, { 'page.txt': 'later' });
  await neighbour.publish('library.git');
  await platform.push(whole);
  expect((await platform.visit('whole', '/vendor/library/page.txt')).text).toBe('of the submodule');
});
