// Functions of our buildpacks in a shell of their own: what names the kept packages, and which config vars a build imports.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Files, ourBuildpacks } from '../../engine/build/builds.ts';
import { runParts } from './buildpack-parts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-shell-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (pack: string, parts: string[], files: Files, script: string): Promise<string> =>
  runParts(folder, pack, parts, files, script);

describe("the name of node's kept packages", () => {
  const root = { name: 'x', private: true, workspaces: ['packages/*'] };
  const files = { 'build/package.json': JSON.stringify(root), 'build/yarn.lock': '# yarn lockfile v1\n' };
  const nameOf = (more: Files): Promise<string> =>
    shell(
      'node',
      ['say', 'config', 'facts', 'modules'],
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
    const said = await shell('node', ['say', 'config'], { [`env/${name}`]: 'x' }, script);
    expect(said.includes(`${name}=x`)).toBe(decides);
  });
});

/** Every word of a buildpack's scripts: all its variables are among them, and much else. */
function wordsOf(pack: string): string[] {
  const folder = join(ourBuildpacks, pack);
  const files = ['bin/compile', ...readdirSync(join(folder, 'lib')).map((name) => `lib/${name}`)];
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  return [...new Set(text.match(/[A-Za-z_][A-Za-z0-9_]*/g))];
}

/** What bash keeps for itself, or does something by. */
const ofBash =
  'BASH BASHOPTS BASHPID BASH_ENV BASH_VERSINFO BASH_XTRACEFD CDPATH COMP_WORDS DIRSTACK ENV EUID EXECIGNORE FUNCNAME FUNCNEST GLOBIGNORE GROUPS HISTCMD HOSTTYPE LC_ALL LINENO MACHTYPE MAPFILE OPTARG OPTIND POSIXLY_CORRECT PPID PROMPT_COMMAND PS4 RANDOM READLINE_LINE REPLY SECONDS SHELLOPTS SRANDOM TAR_OPTIONS TIMEFORMAT TMOUT UID __proto';

describe.each([
  ['node', ['say', 'config', 'facts', 'modules', 'npm']],
  ['python', ['say', 'versions', 'config', 'packages']],
])('config vars of %s apps', (pack, parts) => {
  // Of the build's own, see lib/config.sh.
  const left =
    /^(PATH|HOME|GIT_DIR|CPATH|CPPATH|LD_PRELOAD|LD_LIBRARY_PATH|LIBRARY_PATH|LANG|IFS|STACK|REQUEST_ID|BUILD_DIR|CACHE_DIR|ENV_DIR|PWD|OLDPWD|SHLVL|_|PYTHONHOME|VIRTUAL_ENV)$/;
  // Both are what the variables have before, so that a name that changes one is seen.
  const ownVariables = 'build_dir cache_dir config_dir pack_dir part run_command'.split(' ');

  it("reach the app's programs as they are, whatever they are called, and no variable of the buildpack", async () => {
    const names = [...wordsOf(pack), ...ofBash.split(' ')].filter((name) => name !== 'BUILDPACK_XTRACE');
    expect(names.length).toBeGreaterThan(400);
    for (const name of [...ownVariables, 'name', 'file', 'value', 'held', 'manager', 'imported'])
      if (name !== 'run_command' || pack === 'node') expect(names).toContain(name);
    const textOf = (name: string): string => `"${name}"\n$(false) \n`;
    const config = Object.fromEntries(names.map((name) => [`env/${name}`, textOf(name)]));
    const script = [
      'own() { declare -p build_dir cache_dir config_dir pack_dir part run_command 2>/dev/null; }',
      'own >"$build_dir/before"',
      'import_config',
      'own >"$build_dir/after"',
      // What runs is in a function, with variables of its own.
      'app() { local name=own value=own file=own; as_app /usr/bin/env -0; }',
      'app',
    ].join('\n');
    const said = await shell(pack, parts, config, script);
    const got = Object.fromEntries(
      said.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const wrong = names.filter((name) => !left.test(name) && got[name] !== textOf(name));
    expect(wrong).toEqual([]);
    for (const name of names.filter((one) => left.test(one))) expect(got[name]).not.toBe(textOf(name));
    const read = (file: string): string => readFileSync(join(folder, 'place', 'build', file), 'utf8');
    expect(read('after')).toBe(read('before'));
  });

  it('come before what an earlier buildpack exported, and after what this one has set since', async () => {
    const config = { 'env/name': 'config', 'env/LATER': 'config', 'env/EARLIER': 'config' };
    const script = [
      'export name=earlier EARLIER=earlier',
      'import_config',
      'export LATER=ours',
      'as_app printenv name EARLIER LATER',
      'ENV_OF_ONE=one as_app printenv ENV_OF_ONE',
      'value_of EARLIER; echo; value_of LATER; echo; ! value_of pack_dir || echo wrong',
    ].join('\n');
    expect(await shell(pack, parts, config, script)).toBe('config\nconfig\nours\none\nconfig\nconfig\n');
  });

  it('a program that is not there ends with 127 and says so', async () => {
    const script = 'import_config\nas_app /nowhere/to-be-found 2>&1\necho "status $?"';
    expect(await shell(pack, parts, { 'env/GREETING': 'x' }, script)).toMatch(
      /^\/nowhere\/to-be-found: .+\nstatus 127\n$/,
    );
  });
});
