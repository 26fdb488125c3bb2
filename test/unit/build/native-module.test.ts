// Whose native part was not compiled (E14), read from what package managers print: the right package, or none.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../engine/build/builds.ts';
import { runParts } from './buildpack-parts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-native-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The message of the failure; `BUILD` in the output is the folder of the build. */
async function told(pack: string, parts: string[], output: string[], files: Files, setup: string) {
  const script = `sed -i "s#BUILD#$build_dir#g" "$build_dir/../said"\n${setup}\n(explain_failure 1 'the install' "$build_dir/../said") || true`;
  const said = await runParts(folder, pack, parts, { said: `${output.join('\n')}\n`, ...files }, script);
  return said.replaceAll(/^ ! {5}/gm, '').trim();
}

const gyp = (cwd: string): string[] => [
  'gyp ERR! build error',
  'gyp ERR! stack Error: `make` failed',
  `gyp ERR! cwd ${cwd}`,
];
const header = (name: string): string =>
  `../src/addon.cc:1:10: fatal error: ${name}: No such file or directory`;

describe('node', () => {
  const node = (manager: string, output: string[], files: Files = {}): Promise<string> =>
    told(
      'node',
      [
        'say',
        'config',
        'facts',
        'scripts',
        'registry',
        manager,
        'login',
        'failures',
        'failures-native',
        'case',
      ],
      output,
      {
        'build/package.json': '{"name":"shop","scripts":{"postinstall":"node setup.js"}}',
        ...files,
      },
      `manager=${manager} lifecycle_scripts=postinstall held=()`,
    );

  it('a package of a scope has its whole name, from a folder further in too', async () => {
    const output = [header('udev.h'), ...gyp('BUILD/node_modules/@serialport/bindings-cpp/src')];
    expect(await node('pnpm', output)).toMatch(
      /^@serialport\/bindings-cpp has a native part .*: missing header udev\.h\./,
    );
  });

  it('a package of the app itself has its name, not its folder’s', async () => {
    const files = { 'build/native/package.json': '{"name":"@shop/scanner"}' };
    expect(await node('bun', [header('x.h'), ...gyp('BUILD/native')], files)).toMatch(/^@shop\/scanner has/);
    expect(await node('bun', [header('x.h'), ...gyp('BUILD')])).toMatch(/^This app has a native part/);
  });

  it('npm and Yarn say which one ended the install', async () => {
    const npm = [
      'npm error code 1',
      'npm error path BUILD/node_modules/canvas',
      `npm error ${header('cairo.h')}`,
      ...gyp('BUILD/node_modules/canvas').map((line) => `npm error ${line}`),
    ];
    expect(await node('npm', npm)).toMatch(/^canvas has a native part .*Try a newer canvas /);
    const yarn = [
      'info This module is OPTIONAL, you can safely ignore this error',
      ...gyp('BUILD/node_modules/fsevents'),
      'error BUILD/node_modules/bcrypt: Command failed.',
      header('y.h'),
      ...gyp('BUILD/node_modules/bcrypt'),
    ];
    expect(await node('yarn', yarn)).toMatch(/^bcrypt has a native part/);
  });

  it('of several that fail at once none is accused', async () => {
    const output = [
      header('a.h'),
      ...gyp('BUILD/node_modules/b'),
      ...gyp('BUILD/node_modules/.pnpm/a@1.0.0/node_modules/a'),
    ];
    expect(await node('pnpm', output)).toMatch(
      /^One of these packages \(a, b\) has a native part that could not be compiled: missing header a\.h\. Try a newer version /,
    );
  });

  it('one that may fail is not the reason why another one does', async () => {
    const output = [
      'warning Error running install script for optional dependency: "BUILD/node_modules/fsevents: Command failed."',
      ...gyp('BUILD/node_modules/fsevents'),
      'error BUILD/node_modules/other: Command failed.',
      'Exit code: 1',
    ];
    expect(await node('yarn', output)).toMatch(/^"the install" failed with exit code 1\./);
  });
});

describe('python', () => {
  const python = (manager: string, output: string[]): Promise<string> =>
    told(
      'python',
      ['say', 'config', 'login', 'failures', 'failures-packages'],
      output,
      {},
      `manager=${manager} package_files=("$build_dir/requirements.txt")`,
    );

  it('the one whose compiler says what is missing, not one that failed before it', async () => {
    const output = [
      'Collecting first',
      'Collecting second',
      "  ModuleNotFoundError: No module named 'numpy'",
      '  ERROR: Failed building wheel for first',
      `      ${header('lber.h')}`,
      "      error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1",
      '  ERROR: Failed building wheel for second',
      'ERROR: Failed to build installable wheels for some pyproject.toml based projects (first, second)',
    ];
    expect(await python('pip', output)).toMatch(/^second has a native part .*: missing: header lber\.h\./);
  });

  it('before there is a wheel the one that was fetched last, and not what that is built with', async () => {
    const output = [
      'Collecting flask==3.1',
      'Collecting psycopg2==2.9.10 (from -r requirements.txt (line 2))',
      "  Installing build dependencies: finished with status 'done'",
      '      Collecting setuptools',
      '      Error: pg_config executable not found.',
    ];
    expect(await python('pip', output)).toMatch(/^psycopg2 has a native part/);
  });

  it.each([
    ['uv', ['  × Failed to build `python-ldap==3.4.4`', `      ${header('lber.h')}`]],
    [
      'poetry',
      [
        '  - Installing python-ldap (3.4.4)',
        `    | ${header('lber.h')}`,
        'Note: This error originates from the build backend, and is likely not a problem with poetry but one of the following issues with',
        'python-ldap (3.4.4)',
      ],
    ],
  ])('%s names it in its own way', async (manager, output) => {
    expect(await python(manager, output)).toMatch(/^python-ldap has a native part/);
  });

  it('where nobody says which, no name is made up', async () => {
    expect(await python('poetry', [`    | ${header('lber.h')}`])).toMatch(/^A package has a native part/);
  });
});
