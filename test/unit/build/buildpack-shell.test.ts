// Functions of our buildpacks in a shell of their own: what names the kept packages, and which config vars a build imports.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Files, ourBuildpacks, writeTree } from '../../engine/build/builds.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-shell-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the script prints when the buildpack's parts are read in as its compile does. */
async function shell(pack: string, parts: string[], files: Files, script: string): Promise<string> {
  const place = join(folder, 'place');
  rmSync(place, { recursive: true, force: true });
  await writeTree(place, { 'build/.keep': '', 'env/.keep': '', ...files });
  const lines = [
    'build_dir=$1/build cache_dir=$1/cache config_dir=$1/env pack_dir=$PWD',
    `for part in ${parts.join(' ')}; do source "$pack_dir/lib/$part.sh"; done`,
    script,
  ];
  return execFileSync('/bin/bash', ['-c', lines.join('\n'), 'compile', place], {
    cwd: join(ourBuildpacks, pack),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
}

describe("the name of node's kept packages", () => {
  const root = { name: 'x', private: true, workspaces: ['packages/*'] };
  const files = { 'build/package.json': JSON.stringify(root), 'build/yarn.lock': '# yarn lockfile v1\n' };
  const nameOf = (more: Files): Promise<string> =>
    shell(
      'node',
      ['say', 'facts', 'modules'],
      { ...files, ...more },
      'local_packages=() key_files=() imported=() has_workspaces=true lockfile=yarn.lock manager=yarn\nmodules_key\nbasename "$modules"',
    );
  const member = JSON.stringify({ name: 'member', version: '1.0.0' });

  it('is another one when the folder of a workspace has another name, and the same when nothing has changed', async () => {
    const before = await nameOf({ 'build/packages/a/package.json': member });
    expect(before).toMatch(/^modules-[0-9a-f]{40}\n$/);
    expect(await nameOf({ 'build/packages/a/package.json': member })).toBe(before);
    expect(await nameOf({ 'build/packages/b/package.json': member })).not.toBe(before);
  });

  it('is another one when text moves from one file into the next', async () => {
    const a = 'build/patches/a.patch';
    const b = 'build/patches/b.patch';
    expect(await nameOf({ [a]: 'one\ntwo\n', [b]: 'three\n' })).not.toBe(
      await nameOf({ [a]: 'one\n', [b]: 'two\nthree\n' }),
    );
  });

  it.each([
    ['SHARP_FORCE_GLOBAL_LIBVIPS', true],
    ['GYP_DEFINES', true],
    ['CPPFLAGS', true],
    ['PKG_CONFIG_PATH', true],
    ['ELECTRON_MIRROR', true],
    ['npm_config_sharp_binary_host', true],
    ['DATABASE_URL', false],
    ['GREETING', false],
  ])('%s is among what decides about it: %s', async (name, decides) => {
    const script = 'import_config\ndeclare -p imported';
    const said = await shell('node', ['say', 'facts'], { [`env/${name}`]: 'x' }, script);
    expect(said.includes(`${name}=x`)).toBe(decides);
  });
});

describe.each([
  ['node', ['say', 'facts', 'modules', 'npm']],
  ['python', ['say', 'config', 'packages']],
])('config vars of %s apps', (pack, parts) => {
  const names = ['build_dir', 'cache_dir', 'pack_dir', 'config_dir', 'part', 'own', 'name', 'file', 'value'];
  const taken = Object.fromEntries(
    [...names, 'CDPATH', 'TMOUT', 'PATH'].map((name) => [`env/${name}`, '/nowhere']),
  );

  it("that are called like the buildpack's own variables are left out; all others are there", async () => {
    const others = { 'env/GREETING': 'hello', 'env/my_setting': 'two', 'env/http_proxy': 'http://proxy' };
    const script = [
      'import_config',
      'echo "$build_dir|$cache_dir|$config_dir"',
      `for one in ${names.join(' ')} CDPATH TMOUT; do printenv "$one"; done`,
      'printenv GREETING my_setting http_proxy',
    ].join('\n');
    const place = join(folder, 'place');
    expect(await shell(pack, parts, { ...taken, ...others }, script)).toBe(
      `${place}/build|${place}/cache|${place}/env\nhello\ntwo\nhttp://proxy\n`,
    );
  });
});
