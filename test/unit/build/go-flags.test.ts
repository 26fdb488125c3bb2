// GOFLAGS as the go buildpack reads it, field by field as the go command does.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../engine/build/builds.ts';
import { runParts } from './buildpack-parts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-goflags-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const go = (goflags: string, script: string, files: Files = {}): Promise<string> =>
  runParts(
    folder,
    'go',
    ['say', 'facts', 'goflags', 'packages'],
    { 'env/GOFLAGS': goflags, ...files },
    `import_config\n${script}`,
  );

it.each<[string, string[]]>([
  ['', []],
  ['  -v\t-x\n', ['-v', '-x']],
  [`'-ldflags=-s -w' -v`, ['-ldflags=-s -w', '-v']],
  [`"-ldflags=-X 'main.a=b c'" -v`, ["-ldflags=-X 'main.a=b c'", '-v']],
  // Quotes further in do not count, and one without its end neither.
  [`-tags='a b'`, ["-tags='a", "b'"]],
  [`'-v -x`, ["'-v", '-x']],
  [`-a="$(touch owned)" *`, ['-a="$(touch', 'owned)"', '*']],
  [`''`, ['']],
])('%j has the fields %j', async (goflags, fields) => {
  const said = await go(
    goflags,
    `split_quoted "$GOFLAGS"; [ \${#fields[@]} -eq 0 ] || printf "<%s>\\n" "\${fields[@]}"`,
  );
  expect(said).toBe(fields.map((field) => `<${field}>\n`).join(''));
});

describe('the flags of go install', () => {
  const flags = (goflags: string, files: Files = {}): Promise<string> =>
    go(goflags, `list_mains() { :; }; find_packages >/dev/null 2>&1; printf "<%s>" "\${flags[@]}"`, {
      'build/go.mod': 'module a.example/b\n',
      ...files,
    });
  it.each([
    ['', '<-tags><heroku><-trimpath>'],
    ['-tags=a,b', '<-tags><heroku,a,b><-trimpath>'],
    ['--tags=a', '<-tags><heroku,a><-trimpath>'],
    ['-tags=,a,,b,', '<-tags><heroku,a,b><-trimpath>'],
    ['-tags=', '<-tags><heroku><-trimpath>'],
    // The last one counts.
    ['-tags=a -v -tags=b', '<-tags><heroku,b><-trimpath>'],
    [`'-tags=a b' -v`, '<-tags><heroku,a,b><-trimpath>'],
    [`"-tags='a' b"`, '<-tags><heroku,a,b><-trimpath>'],
    // No flag of its own, whatever it looks like.
    [`'-ldflags=-X main.x=-tags=z -s'`, '<-tags><heroku><-trimpath>'],
    ['-trimpath=false', '<-tags><heroku>'],
  ])('with GOFLAGS %j: %s', async (goflags, expected) => {
    expect(await flags(goflags)).toBe(expected);
  });

  it('vendor/ is used unless GOFLAGS has another word on it', async () => {
    const vendored = { 'build/vendor/modules.txt': '', 'build/go.sum': '' };
    expect(await flags('-v', vendored)).toContain('<-mod=vendor>');
    expect(await flags('-mod=mod', vendored)).not.toContain('vendor');
  });
});
