// What an app says of its Go build: a version in a comment, packages, build tags, flags, cgo.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { runInStack } from './stack.ts';

const app = 'app';
let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
  await builds.images.ensure('build-go');
}, 300_000);
afterAll(() => builds[Symbol.asyncDispose]());

const program = (body: string, imports: string[] = []): string =>
  `package main\n\n${imports.map((name) => `import "${name}"\n`).join('')}\nfunc main() { ${body} }\n`;
const module = (...lines: string[]): string => ['module a.example/said', '', ...lines, ''].join('\n');
const version = program('println(runtime.Version())', ['runtime']);

describe('// +heroku goVersion', () => {
  const commented = (asked: string, go = '1.20'): Files => ({
    'go.mod': module(`// +heroku goVersion ${asked}`, `go ${go}`),
    'main.go': version,
  });

  test.each(['1.24', 'go1.24'])('%s is that line, as the stack has it', async (asked) => {
    const { app: tree, lines } = await builds.build(commented(asked), { app });
    expect(lines.join('\n')).toMatch(/ {7}Go 1\.24\.\d+ \("\+heroku goVersion" in go\.mod\)/);
    expect(await runInStack(builds, tree, 'bin/said')).toMatch(/^go1\.24\.\d+\n$/);
  });

  test('is exactly that version, also an older one than the stack has; the config var GOVERSION comes before it', async () => {
    const { app: tree, lines } = await builds.build(commented('1.23.4'), { app });
    expect(lines.join('\n')).toContain('       Go 1.23.4 ("+heroku goVersion" in go.mod)');
    expect(await runInStack(builds, tree, 'bin/said')).toBe('go1.23.4\n');
    const named = await builds.build(commented('1.23.4'), { app, config: { GOVERSION: '1.24' } });
    expect(named.lines.join('\n')).toMatch(/ {7}Go 1\.24\.\d+ \(config var GOVERSION\)/);
  });

  test('one that holds back what go.mod wants, or is none, is refused (E8)', async () => {
    expect(await builds.failure(commented('1.24', '1.25'), { app })).toMatchObject({
      id: 'E8',
      message: expect.stringMatching(
        /^go\.mod wants Go 1\.25(\.0)? or newer, and this build has 1\.24\.\d+ \("\+heroku goVersion" in go\.mod\)\./,
      ),
    });
    expect(await builds.failure(commented('newest'), { app })).toMatchObject({
      id: 'E8',
      message:
        '"+heroku goVersion" in go.mod asks for Go "newest", which is no version. Write it like "1.25" or "1.25.3".',
    });
  });
});

describe('packages and tags', () => {
  const files: Files = {
    'go.mod': module('// +heroku install ./cmd/one ./cmd/two', 'go 1.24'),
    'cmd/one/main.go': program('println("one", where)'),
    'cmd/one/here.go': '//go:build heroku\n\npackage main\n\nconst where = "as on heroku"\n',
    'cmd/one/there.go': '//go:build !heroku\n\npackage main\n\nconst where = "elsewhere"\n',
    'cmd/two/main.go': program('println("two")'),
    'cmd/three/main.go': program('println("three")'),
  };

  test('several packages in a comment or a config var are what is built, with the tag heroku', async () => {
    const commented = await builds.build(files, { app });
    expect(commented.tree.processTypes).toEqual({ one: 'bin/one', two: 'bin/two' });
    expect(await runInStack(builds, commented.app, 'one')).toBe('one as on heroku\n');
    const config = { GO_INSTALL_PACKAGE_SPEC: './cmd/two ./cmd/three' };
    const named = await builds.build(files, { app, config });
    expect(named.tree.processTypes).toEqual({ two: 'bin/two', three: 'bin/three' });
    expect(named.lines).toContain(
      '       Main packages (config var GO_INSTALL_PACKAGE_SPEC): a.example/said/cmd/two a.example/said/cmd/three',
    );
  });

  test('one that is not there is told with what was asked for', async () => {
    const config = { GO_INSTALL_PACKAGE_SPEC: './cmd/four' };
    const failure = await builds.failure(files, { app, config });
    expect(failure.message).toContain('"go list ./cmd/four" failed');
    expect(failure.lines.join('\n')).toContain('cmd/four: directory not found');
  });
});

describe('flags', () => {
  test('GOFLAGS of a config var count beside ours', async () => {
    const files: Files = {
      'go.mod': module('go 1.24'),
      'main.go': program('println("main", lang())'),
      'a.go': '//go:build danish\n\npackage main\n\nfunc lang() string { return "dansk" }\n',
      'b.go': '//go:build !danish\n\npackage main\n\nfunc lang() string { return "english" }\n',
    };
    const usual = await builds.build(files, { app });
    expect(await runInStack(builds, usual.app, 'said')).toBe('main english\n');
    const flagged = await builds.build(files, { app, config: { GOFLAGS: '-v -tags=danish,other' } });
    expect(flagged.lines).toContain('-----> Running go install -tags heroku,danish,other -trimpath');
    // What -v prints.
    expect(flagged.lines).toContain('       a.example/said');
    expect(await runInStack(builds, flagged.app, 'said')).toBe('main dansk\n');
  });

  test('GOFLAGS with quotes and a flag twice: all of it is as the go command has it', async () => {
    const files: Files = {
      'go.mod': module('go 1.24'),
      'main.go': `package main\n\nvar a, b string\n\nfunc main() { println(a, b, lang) }\n`,
      'a.go': '//go:build danish && formal\n\npackage main\n\nconst lang = "dansk"\n',
      'b.go': '//go:build other\n\npackage main\n\nconst lang = "other"\n',
    };
    const config = {
      GOFLAGS: `-tags=other "-ldflags=-s -X 'main.a=one two'" '-tags=danish formal'`,
      GO_LINKER_SYMBOL: 'main.b',
      GO_LINKER_VALUE: 'three',
    };
    const { app: tree } = await builds.build(files, { app, config });
    expect(await runInStack(builds, tree, 'said')).toBe('one two three dansk\n');
  });

  test('cgo: CGO_CFLAGS reach the compiler, and with CGO_ENABLED=0 nothing is linked in', async () => {
    const files: Files = {
      'go.mod': module('go 1.24'),
      'main.go': program('println("with", which())'),
      'c.go':
        '//go:build cgo\n\npackage main\n\n// const char *word(void) { return WORD; }\nimport "C"\n\nfunc which() string { return C.GoString(C.word()) }\n',
      'pure.go': '//go:build !cgo\n\npackage main\n\nfunc which() string { return "no C" }\n',
    };
    const config = { CGO_CFLAGS: `-O2 '-DWORD="flags"'` };
    const compiled = await builds.build(files, { app, config });
    expect(await runInStack(builds, compiled.app, 'said')).toBe('with flags\n');
    const pure = await builds.build(files, { app, config: { CGO_ENABLED: '0' } });
    expect(await runInStack(builds, pure.app, 'said; file bin/said')).toMatch(
      /^with no C\n.*statically linked/,
    );
    expect(await builds.failure(files, { app })).toMatchObject({ id: 'E13' });
  });
});
