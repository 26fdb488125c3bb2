// The classic buildpack contract, point by point, with small purpose-made buildpacks (buildpack reference, Part F).
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { appUid } from '../../../platform/domain/process.ts';
import { type Builds, commit, startPurposeMade } from './builds.ts';

let builds: Builds;
afterEach(() => builds[Symbol.asyncDispose]());

const web = 'echo "default_process_types: {web: run}"';

describe('what a script is given', () => {
  test('arguments, working directory, exactly the environment of the contract, an empty stdin, no privileges', async () => {
    builds = await startPurposeMade({
      'null/detect': 'echo "Purpose made"; echo "$*" > /tmp/detect-args',
      'null/compile':
        'env | sort > $1/environment; { echo "$*"; cat /tmp/detect-args; pwd; wc -c; id -u; ls -A $HOME | wc -l; touch $HOME/x own; grep CapEff /proc/self/status; } > $1/facts',
      'null/release': web,
    });
    const id = crypto.randomUUID();
    const { app, lines } = await builds.build({ '.buildpacks': 'null' }, { id, config: { GIT_DIR: 'x' } });
    const facts = (await readFile(join(app, 'facts'), 'utf8')).trim().split('\n');
    const build = `/tmp/build_${id}`;
    expect(facts).toEqual([
      `${build} /tmp/cache /tmp/env`,
      build,
      '/tmp/buildpacks/0',
      '0',
      String(appUid),
      '0',
      'CapEff:\t0000000000000000',
    ]);
    const environment = Object.fromEntries(
      (await readFile(join(app, 'environment'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/).slice(0, 2)),
    );
    expect(environment).toMatchObject({
      HOME: '/app',
      STACK: 'heroku-24',
      SOURCE_VERSION: commit,
      REQUEST_ID: id,
      APP_DIR: '/app',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      CURL_CONNECT_TIMEOUT: '90',
      CURL_TIMEOUT: '600',
    });
    const others = Object.keys(environment).filter(
      (name) =>
        !/^(HOME|STACK|SOURCE_VERSION|REQUEST_ID|APP_DIR|PATH|CURL_|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|PIP_CERT|GIT_SSL_CAINFO|npm_config_globalconfig|PIP_CONFIG_FILE|GOENV|PWD|SHLVL|_$)/.test(
          name,
        ),
    );
    expect(others).toEqual([]);
    expect(lines.slice(0, 5)).toEqual([
      '-----> Building on the debian-13 stack',
      '       Build cache: empty',
      '-----> Using buildpack: null',
      '-----> Purpose made app detected',
      '-----> Discovering process types',
    ]);
  });

  test('config vars are files as they are, and nothing else; they are gone after the build', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile': 'cp -r $3 $1/seen; stat -c "%a" $3 > $1/mode; env > $1/environment',
      'null/release': web,
    });
    const config = {
      MULTI: 'a\nb\n',
      EMPTY: '',
      QUOTES: `"it's" $HOME \\n`,
      SECRET_TOKEN: 'never-in-environment',
    };
    const { app, tree } = await builds.build({ '.buildpacks': 'null' }, { config });
    for (const [name, value] of Object.entries(config)) {
      expect(await readFile(join(app, 'seen', name), 'utf8')).toBe(value);
    }
    expect(await readFile(join(app, 'mode'), 'utf8')).toBe('700\n');
    expect(await readFile(join(app, 'environment'), 'utf8')).not.toMatch(/MULTI|EMPTY|QUOTES|SECRET_TOKEN/);
    expect(existsSync(join(tree.root, '..', 'tmp', 'env'))).toBe(false);
  });

  test('export of one buildpack reaches the later ones, not its own release, and may use unset variables', async () => {
    const say = (where: string) => `echo "${where}=$FROM_FIRST/$FROM_SECOND" >> $1/said`;
    builds = await startPurposeMade({
      'node/detect': 'true',
      'node/compile': `${say('first')}; echo 'export FROM_FIRST=1\${NEVER_SET}; false; packs=x out=y' > export`,
      'procfile/detect': `[ "$FROM_FIRST" = 1 ]`,
      'procfile/compile': `${say('second')}; echo 'export FROM_SECOND=2' > export`,
      'null/detect': 'true',
      'null/compile': `${say('third')}; echo 'export FROM_THIRD=3' > export`,
      'null/release': `echo "default_process_types: {web: 'run $FROM_SECOND $FROM_THIRD'}"`,
    });
    const { app, tree } = await builds.build({ '.buildpacks': 'node\nprocfile\nnull\n' });
    expect(await readFile(join(app, 'said'), 'utf8')).toBe('first=/\nsecond=1/\nthird=1/2\n');
    expect(tree.processTypes).toEqual({ web: 'run 2 ' });
    expect(tree.buildpacks.map((one) => one.name)).toEqual(['node', 'procfile', 'null']);
  });
});

describe('cache', () => {
  test('survives success, is untouched by a failed build, and is dropped by purge and by another list', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile':
        'cat $2/n 2>/dev/null; echo x >> $2/n; mkdir -p $2/.immutable; [ ! -f $1/fail ] || exit 3',
      'null/release': web,
      'procfile/detect': 'true',
    });
    const app = 'one';
    const count = async (files: Record<string, string> = {}) => {
      const { lines } = await builds.build({ '.buildpacks': 'null', ...files }, { app });
      return lines.filter((line) => line === 'x').length;
    };
    expect([await count(), await count()]).toEqual([0, 1]);
    expect(await builds.failure({ '.buildpacks': 'null', fail: '' }, { app })).toMatchObject({
      message: 'Buildpack null failed with exit code 3. Its last output is above.',
    });
    expect(await count()).toBe(2);
    expect(await count({ '.buildpacks': 'procfile\nnull' })).toBe(0);
    await builds.builder.purgeCache(app);
    expect(await count()).toBe(0);
  });
});

describe('report', () => {
  test('runs after success and after failure, with the folders; its own failure does not count', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      // What a report prints is no part of the log: a process that compile leaves behind says what it was given.
      'null/compile':
        '(until [ -s /tmp/reported ]; do sleep 0.05; done; cat /tmp/reported; : >/tmp/heard) &\n[ ! -f $1/fail ] || exit 3',
      'null/release': web,
      'null/report':
        'echo metadata: printed; echo noise >&2; echo "reported $*" >/tmp/reported.new; mv /tmp/reported.new /tmp/reported\nfor n in {1..200}; do [ -f /tmp/heard ] && break; sleep 0.05; done; exit 7',
    });
    const said = (lines: string[]) => lines.filter((line) => /reported|metadata|noise/.test(line));
    const heard = [expect.stringMatching(/^reported \/\S+ \/tmp\/cache \/tmp\/env$/)];
    const { lines, tree } = await builds.build({ '.buildpacks': 'null' });
    expect(said(lines)).toEqual(heard);
    expect(Object.keys(tree.processTypes)).toEqual(['web']);
    const failed = await builds.failure({ '.buildpacks': 'null', fail: '' });
    expect(failed.message).toBe('Buildpack null failed with exit code 3. Its last output is above.');
    expect(said(failed.lines)).toEqual(heard);
  });
});

describe('detect', () => {
  test('failing in auto-detection is silent and tries the next; others that apply are mentioned', async () => {
    builds = await startPurposeMade({
      'node/detect': 'echo loud >&2; exit 1',
      'procfile/detect': 'echo Second',
      'procfile/release': web,
    });
    const { lines, tree } = await builds.build({ 'package.json': '' });
    expect(lines).not.toContain('loud');
    expect(tree.buildpacks).toEqual([
      { name: 'procfile', url: 'procfile', displayName: 'Second', pin: null },
    ]);
  });

  test('a cache that is of another buildpack than the one found is not used, and not said to be restored', async () => {
    builds = await startPurposeMade({
      'node/detect': '[ -f $1/really ]',
      'node/compile': 'echo x >$2/of-node',
      'node/release': web,
      'procfile/detect': 'true',
      'procfile/compile': 'ls -A $2',
      'procfile/release': web,
    });
    const caches = async (files: Record<string, string>) =>
      (await builds.build({ 'package.json': '', ...files }, { app: 'guessed' })).lines.filter((line) =>
        /Build cache|of-node/.test(line),
      );
    expect(await caches({ really: '' })).toEqual(['       Build cache: empty']);
    expect(await caches({ really: '' })).toEqual(['       Build cache: restored']);
    expect(await caches({})).toEqual(['       Build cache: empty']);
  });

  test('failing for a named buildpack fails the build with what it said (E2)', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'procfile/detect': 'echo "needs a thing" >&2; exit 1',
    });
    expect(await builds.failure({ '.buildpacks': 'null\nprocfile\n' })).toMatchObject({
      code: 'build_failed',
      id: 'E2',
      message:
        'Buildpack procfile (2 of 2) does not apply to this app: needs a thing. It is named by the file .buildpacks.',
    });
  });

  test('nobody applies: E1 names commit and files', async () => {
    builds = await startPurposeMade({});
    const { id, message } = await builds.failure({ 'main.rs': '', 'README.md': '' });
    expect(id).toBe('E1');
    expect(message).toBe(
      'No buildpack recognises this app. The root of commit 0123456 contains: README.md, main.rs. ' +
        'Supported: package.json (Node), requirements.txt/uv.lock/poetry.lock/Pipfile.lock (Python), go.mod (Go), static.json or index.html (static), Aptfile (Debian packages), Procfile (anything that needs no building). ' +
        'If the app lives in a subdirectory, set PROJECT_PATH. If the file exists on your machine, check spelling, .gitignore and "git ls-files <file>".',
    );
  });
});

describe('release', () => {
  test.each([
    ['exit 4', /bin\/release of buildpack null failed: exit code 4/],
    ['echo "a: [b"', /bin\/release of buildpack null failed: it did not print valid YAML/],
  ])('%s fails the build, naming the buildpack', async (script, why) => {
    builds = await startPurposeMade({ 'null/detect': 'true', 'null/release': script });
    expect((await builds.failure({ '.buildpacks': 'null', Procfile: 'web: x' })).message).toMatch(why);
  });

  test('noise on stderr goes to the log, only the last buildpack counts, config vars come along', async () => {
    builds = await startPurposeMade({
      'node/detect': 'true',
      'node/release': 'echo "default_process_types: {never: x}"',
      'null/detect': 'true',
      'null/release':
        'echo noise >&2; printf "config_vars: {A: 1}\\ndefault_process_types: {web: a, job: b}\\n"',
      'null/report': 'echo "x: y"; exit 9',
    });
    const { tree, lines } = await builds.build({ '.buildpacks': 'node\nnull', Procfile: 'web: mine\n' });
    expect(tree.processTypes).toEqual({ web: 'mine', job: 'b' });
    expect(tree.configDefaults).toEqual({ A: '1' });
    expect(lines).toContain('noise');
    expect(lines.join('\n')).not.toContain('x: y');
  });
});

describe('the tree', () => {
  test('.slugignore comes before detect, .git never gets in, links, modes and long names survive, what was made is listed', async () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(120)}`;
    builds = await startPurposeMade({
      'null/detect': '[ ! -e $1/secret.md ]',
      'null/compile':
        'mkdir -p $1/.git $1/vendor $1/.profile.d; touch $1/.git/x; echo "web: made" > $1/Procfile; rm -rf $HOME/*',
    });
    const { app, tree, lines } = await builds.build({
      '.buildpacks': 'null',
      '.slugignore': '*.md\ndocs/\n',
      '.git/config': '',
      'secret.md': '',
      'docs/a': '',
      'bin/run': '#!/bin/sh\n',
      link: '-> bin/run',
      [long]: 'x',
    });
    expect(lines).toContain('       .slugignore removed 2 entries');
    expect(await readdir(tree.root)).toEqual(['app']);
    expect((await readdir(app)).sort()).toEqual(
      [
        '.buildpacks',
        '.profile.d',
        '.slugignore',
        'Procfile',
        'bin',
        'd'.repeat(120),
        'link',
        'vendor',
      ].sort(),
    );
    expect(tree.created).toEqual(['.profile.d', 'Procfile', 'vendor']);
    expect(tree.processTypes).toEqual({ web: 'made' });
    expect((await stat(join(app, 'bin/run'))).mode & 0o777).toBe(0o755);
    expect((await stat(app)).uid).toBe(appUid);
    expect(await readFile(join(app, long), 'utf8')).toBe('x');
  });

  test('a Procfile that is a link leads nowhere outside the container', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile': 'echo "web: inside" > /tmp/real',
    });
    await mkdir(join(builds.folder, 'x'));
    const { tree } = await builds.build({ '.buildpacks': 'null', Procfile: '-> /tmp/real' });
    expect(tree.processTypes).toEqual({ web: 'inside' });
  });

  test('a build that puts a link in the place of its folder fails', async () => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile': 'rm -rf $1; ln -s /etc $1',
      'null/release': web,
    });
    expect((await builds.failure({ '.buildpacks': 'null' })).message).toContain('left no folder');
  });

  test.each([
    [{ 'procfile.txt': 'web: x' }, /Found "procfile.txt"; the file must be called exactly "Procfile"/, 'E16'],
    [
      { 'old/service/Procfile': 'web: x', 'back/Procfile': 'web: x', 'node_modules/a/Procfile': 'web: x' },
      /^Found "back\/Procfile"; the file must be called exactly "Procfile" and be in the root\. Run: git mv back\/Procfile Procfile\. If the app lives in back\/: twelve config:set PROJECT_PATH=back$/,
      'E16',
    ],
    [{ Procfile: 'web: x\nweb: y\n' }, /Procfile line 2: the type "web" is declared twice/, 'E16'],
    [{ Procfile: 'web: x\n<<<<<<< HEAD\n' }, /Procfile line 2: "<<<<<<< HEAD" is not/, 'E16'],
    [{ Procfile: `web: x\n${'# x\n'.repeat(65_536)}` }, /The Procfile has more than 256 KB\./, 'E16'],
    [{}, /nothing says how to start the app/, 'E11'],
  ])('source %# cannot be started', async (files, why, id) => {
    builds = await startPurposeMade({ 'null/detect': 'true' });
    const failure = await builds.failure({ '.buildpacks': 'null', ...(files as Record<string, string>) });
    expect(failure.message).toMatch(why);
    expect(failure.id).toBe(id);
  });
});
