// The go buildpack on the real engine: programs are built, restored and run; the right Go is found; failures say what to do.
import { execFile } from 'node:child_process';
import { appendFile, cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { languageImage } from '../../../platform/build/first-party.ts';
import { createImages, imagesFolder } from '../../../platform/engine/images.ts';
import { type Builds, commit, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

const run = promisify(execFile);
const sample = (name: string) => join(ourBuildpacks, 'go', 'test', name);
/** One for most: what Go compiled of its own library comes from its cache. */
const app = 'app';
/** A module proxy that nobody answers at. */
const nowhere = { GOPROXY: 'http://127.0.0.1:9' };
const noSum = 'h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const program = 'package main\n\nfunc main() { println("runs") }\n';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
  await builds.images.ensure('build-go');
}, 300_000);
afterAll(() => builds[Symbol.asyncDispose]());

const sumOf = async (path: string) => (await run('sha256sum', [path])).stdout.split(' ')[0];

describe('an app with a module', () => {
  let first: string | undefined;

  test('cold: modules are fetched, the program answers, and nothing of Go is in the slug', async () => {
    const { app: tree, lines, tree: built } = await builds.build(sample('hello'), { app });
    expect(lines.join('\n')).toMatch(/ {7}Go 1\.24\.\d+ \("go" in go\.mod\)/);
    expect(lines).toContain('       Main packages (every main package): example.com/hello');
    expect(lines.join('\n')).toContain('go: downloading github.com/google/uuid v1.6.0');
    expect(built.processTypes).toEqual({ web: 'bin/hello' });
    expect(built.created).toEqual(['.profile.d', 'bin']);
    expect(await runInStack(builds, tree, 'bin/hello', { web: true })).toMatch(
      /^hello from go1\.24\.\d+, [0-9a-f-]{36}, version unset\n$/,
    );
    first = await sumOf(join(tree, 'bin/hello'));
  });

  test('warm: no proxy is asked, and the program is the same', async () => {
    await using offline = await startBuilds({
      goConfig: nowhere,
      cacheFolder: join(builds.folder, 'cache'),
    });
    const { app: tree, lines } = await offline.build(sample('hello'), { app });
    expect(lines).toContain('       Build cache: restored');
    expect(lines.join('\n')).not.toContain('downloading');
    expect(await sumOf(join(tree, 'bin/hello'))).toBe(first);
    // What was restored goes on being kept, and compiled packages are added to it.
    const changed = { ...(await textsOf(sample('hello'))), 'extra/extra.go': 'package extra\n' };
    for (const round of [1, 2]) {
      const again = await offline.build({ ...changed, 'note.txt': String(round) }, { app });
      expect(await runInStack(builds, again.app, 'bin/hello', { web: true })).toMatch(/^hello from go1\.24/);
    }
  });

  test('a linker symbol gets the commit, or what a config var says', async () => {
    const config = { GO_LINKER_SYMBOL: 'main.version' };
    const { app: tree } = await builds.build(sample('hello'), { app, config });
    expect(await runInStack(builds, tree, 'bin/hello', { web: true })).toContain(`version ${commit}\n`);
    const named = await builds.build(sample('hello'), { app, config: { ...config, GO_LINKER_VALUE: 'v 7' } });
    expect(await runInStack(builds, named.app, 'bin/hello', { web: true })).toContain('version v 7\n');
  });
});

test('the first build of all waits for its image, and says so', async () => {
  const folder = join(builds.folder, 'images');
  await cp(imagesFolder, folder, { recursive: true });
  // Another definition of the same image: the engine knows every step of it.
  await appendFile(join(folder, 'build-go/Dockerfile'), `# ${builds.instance}\n`);
  const images = createImages({ engine: builds.engine, folder });
  const reference = await images.reference('build-go');
  try {
    await using first = await startBuilds({
      image: async (language, making) => (await images.ensure(languageImage[language], making)).reference,
    });
    const lines = async () => (await first.build({ 'main.go': program }, { app: 'one' })).lines;
    const preparing = '-----> Preparing Go for the first time, about half a minute';
    expect(await lines()).toContain(preparing);
    expect(await lines()).not.toContain(preparing);
  } finally {
    await images.close();
    await builds.engine.removeImage(reference);
  }
});

describe('which programs', () => {
  test('of several each has a process type; server is web', async () => {
    const { app: tree, tree: built } = await builds.build(sample('several'), { app });
    expect(built.processTypes).toEqual({ web: 'bin/server', worker: 'bin/worker' });
    expect(await runInStack(builds, tree, 'bin/server', { web: true })).toBe('hello from the server\n');
    expect(await runInStack(builds, tree, 'worker')).toBe('hello from the worker\n');
  });

  test('go.mod or a config var names those to build, and the app has its hooks', async () => {
    const files = await textsOf(sample('several'));
    const commented = {
      ...files,
      'go.mod': `${files['go.mod']}\n// +heroku install ./cmd/worker\n`,
      'bin/go-pre-compile': '#!/bin/bash\necho "package greeting" >greeting/extra.go\n',
      'bin/go-post-compile': '#!/bin/bash\nls bin\n',
    };
    const { tree, lines } = await builds.build(commented, { app });
    expect(tree.processTypes).toEqual({ web: 'bin/worker' });
    expect(lines).toContain('       worker');
    const config = { GO_INSTALL_PACKAGE_SPEC: './cmd/server' };
    expect((await builds.build(commented, { app, config })).tree.processTypes).toEqual({
      web: 'bin/server',
    });
    const failing = { ...files, 'bin/go-post-compile': '#!/bin/bash\nexit 4\n' };
    expect(await builds.failure(failing, { app })).toMatchObject({
      id: 'E13',
      message: 'bin/go-post-compile failed with exit code 4. Its output is above.',
    });
  });

  test('a lone main.go is built, with a hint', async () => {
    const { app: tree, lines } = await builds.build({ 'main.go': program }, { app });
    expect(lines.join('\n')).toContain('Run go mod init app && go mod tidy');
    expect(await runInStack(builds, tree, 'bin/app')).toBe('runs\n');
  });

  test('a module without a program is told (E11)', async () => {
    const failure = await builds.failure({ 'go.mod': 'module a.example/b\n', 'b.go': 'package b\n' });
    expect(failure.id).toBe('E11');
    expect(failure.message).toContain('There is no main package in ./...');
  });

  test('C is compiled and its library found in the run stack; a missing header is E14', async () => {
    const uses = (header: string, call: string): Files => ({
      'go.mod': 'module a.example/c\n\ngo 1.24\n',
      'main.go': `package main\n\n// #cgo LDFLAGS: -lz\n// #include <${header}>\nimport "C"\n\nfunc main() { println(C.GoString(${call})) }\n`,
    });
    const { app: tree } = await builds.build(uses('zlib.h', 'C.zlibVersion()'), { app });
    expect(await runInStack(builds, tree, 'bin/c')).toMatch(/^1\.\d/);
    expect(await builds.failure(uses('not_there.h', 'C.nothing()'), { app })).toMatchObject({
      id: 'E14',
      message: expect.stringContaining('fatal error: not_there.h: No such file'),
    });
  });
});

describe('a vendor folder', () => {
  const vendored: Files = {
    'go.mod': 'module a.example/vendored\n\ngo 1.24\n\nrequire b.example/tiny v1.0.0\n',
    'go.sum': `b.example/tiny v1.0.0 ${noSum}\nb.example/tiny v1.0.0/go.mod ${noSum}\n`,
    'main.go': 'package main\n\nimport "b.example/tiny"\n\nfunc main() { println(tiny.Word) }\n',
    'vendor/modules.txt': '# b.example/tiny v1.0.0\n## explicit; go 1.24\nb.example/tiny\n',
    'vendor/b.example/tiny/tiny.go': 'package tiny\n\nconst Word = "from vendor"\n',
  };

  test('is what is built from, without any proxy; one out of step is E7', async () => {
    await using offline = await startBuilds({
      goConfig: nowhere,
      cacheFolder: join(builds.folder, 'cache'),
    });
    const { app: tree } = await offline.build(vendored, { app });
    expect(await runInStack(offline, tree, 'bin/vendored')).toBe('from vendor\n');
    const stale = { ...vendored, 'go.mod': vendored['go.mod']!.replace('v1.0.0', 'v1.1.0') };
    expect(await offline.failure(stale, { app })).toMatchObject({
      id: 'E7',
      message: expect.stringMatching(
        /^vendor\/ does not match go\.mod \(b\.example\/tiny@v1\.1\.0: .*Run go mod vendor and commit vendor\/\.$/,
      ),
    });
  });
});

describe('messages', () => {
  const wants = (path: string, version: string): Files => ({
    'go.mod': `module a.example/wants\n\ngo 1.24\n\nrequire ${path} ${version}\n`,
    'main.go': `package main\n\nimport _ "${path}"\n\nfunc main() {}\n`,
    'go.sum': `${path} ${version} ${noSum}\n${path} ${version}/go.mod ${noSum}\n`,
  });

  test('source that does not compile is E13', async () => {
    const broken = { 'go.mod': 'module a.example/b\n', 'main.go': 'package main\n\nfunc main() { x }\n' };
    const failure = await builds.failure(broken, { app });
    expect(failure).toMatchObject({
      id: 'E13',
      message: expect.stringContaining('"go install ./..." failed'),
    });
    expect(failure.lines.join('\n')).toContain('undefined: x');
  });

  test('a go.sum that lacks something is E7', async () => {
    expect(
      await builds.failure({ ...wants('github.com/google/uuid', 'v1.6.0'), 'go.sum': '' }),
    ).toMatchObject({
      id: 'E7',
      message: expect.stringMatching(/^go\.mod and go\.sum do not match the source .*Run go mod tidy/),
    });
  });

  test('a module that is not the one of go.sum is refused, whoever changed it', async () => {
    const failure = await builds.failure(wants('github.com/google/uuid', 'v1.6.0'), { app });
    expect(failure).toMatchObject({
      id: 'E7',
      message: expect.stringMatching(
        /^github\.com\/google\/uuid@v1\.6\.0 is not what go\.sum or the checksum database says\./,
      ),
    });
  });

  test('without a proxy (GOPROXY=off) nothing can be fetched', async () => {
    const failure = await builds.failure(sample('hello'), { config: { GOPROXY: 'off' } });
    expect(failure).toMatchObject({ id: 'E9', message: expect.stringContaining('(GOPROXY is off)') });
  });

  test('a version that is not there is E10, a proxy that does not answer E9', async () => {
    const missing = wants('github.com/google/uuid', 'v1.99.0');
    expect(await builds.failure(missing)).toMatchObject({
      id: 'E10',
      message: expect.stringMatching(/^github\.com\/google\/uuid@v1\.99\.0, required by go\.mod, is not/),
    });
    await using offline = await startBuilds({ goConfig: nowhere });
    expect(await offline.failure(sample('hello'))).toMatchObject({
      id: 'E9',
      message: expect.stringContaining('could not talk to the module proxy (connection refused)'),
    });
  });

  test('a private module without a login says which config vars to set', async () => {
    const host = createServer((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    });
    await new Promise<void>((listening) => host.listen(0, '0.0.0.0', listening));
    try {
      const own = Object.values(networkInterfaces()).flat();
      const address = own.find((one) => one?.family === 'IPv4' && !one.internal)?.address;
      const failure = await builds.failure(wants('private.example/team/lib.git', 'v1.0.0'), {
        config: {
          GOPRIVATE: 'private.example',
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: `url.http://${address}:${(host.address() as AddressInfo).port}/.insteadOf`,
          GIT_CONFIG_VALUE_0: 'https://private.example/',
        },
      });
      expect(failure.id).toBe('E10');
      expect(failure.message).toMatch(
        /^private\.example\/team\/lib\.git@v1\.0\.0 is private, or there is none/,
      );
      expect(failure.message).toContain('Set the config var GOPRIVATE');
    } finally {
      await new Promise((closed) => host.close(closed));
    }
  });
});
