// Python packages that cannot be had as they are asked for: each is caused for real, with every package manager that can be.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

const sample = (name: string) => textsOf(join(ourBuildpacks, 'python', 'test', name));
const app = 'app';
const web = { Procfile: 'web: python app.py\n' };
const noHash = '0'.repeat(64);
const iniconfigHash = '9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

/** Both hashes of a package in a lock file are others. */
const forged = (text: string, name: string): string => {
  const from = text.indexOf(name);
  const changed = text
    .slice(from)
    .replace(/sha256:[0-9a-f]{64}([\s\S]*?)sha256:[0-9a-f]{64}/, `sha256:${noHash}$1sha256:${noHash}`);
  return text.slice(0, from) + changed;
};

describe('hashes', () => {
  test('a file that is not the one of requirements.txt is E7, with what it is', async () => {
    const files = { 'requirements.txt': `iniconfig==2.1.0 --hash=sha256:${noHash}\n`, ...web };
    expect(await builds.failure(files, { app })).toMatchObject({
      id: 'E7',
      message: `iniconfig==2.1.0 from the registry is not the file whose hash requirements.txt has (it is sha256:${iniconfigHash}). If its version was changed by hand, the hash is out of date. Make requirements.txt anew (pip-compile --generate-hashes), commit it. If not, find out who changed the file before you install it anywhere.`,
    });
  });

  test('hashes for some packages only are E7; the right ones install', async () => {
    const right = `iniconfig==2.1.0 --hash=sha256:${iniconfigHash}\n`;
    const some = { 'requirements.txt': `${right}click==8.1.7\n`, ...web };
    expect(await builds.failure(some, { app })).toMatchObject({
      id: 'E7',
      message: expect.stringMatching(
        /^requirements\.txt has hashes for some packages, and none for click==8\.1\.7: with hashes every package needs one\./,
      ),
    });
    const { lines } = await builds.build({ 'requirements.txt': right, ...web }, { app });
    expect(lines.join('\n')).toContain('Successfully installed iniconfig-2.1.0');
  });

  test.each([
    ['uv', 'fastapi', 'uv.lock', 'name = "h11"', /^h11==0\.\d+\.\d+ from .* Run rm uv\.lock && uv lock/],
    [
      'poetry',
      'poetry',
      'poetry.lock',
      'name = "blinker"',
      /^blinker==1\.\d+\.\d+ from .* Run poetry lock --no-cache --regenerate/,
    ],
    [
      'pipenv',
      'pipenv',
      'Pipfile.lock',
      '"blinker"',
      /^blinker==1\.\d+\.\d+ from .* Run pipenv lock --clear/,
    ],
  ])('one in the lock file of %s too', async (manager, name, lockfile, entry, sentence) => {
    const files = await sample(name);
    const changed = { ...files, [lockfile]: forged(files[lockfile]!, entry) };
    const failure = await builds.failure(changed, { app: manager });
    expect(failure).toMatchObject({ id: 'E7', message: expect.stringMatching(sentence) });
    expect(failure.message).toContain(`is not the file whose hash ${lockfile} has`);
  });
});

describe('a package or a version that is not in the registry is E10', () => {
  test('pip: with the newest that are', async () => {
    const files = { 'requirements.txt': 'iniconfig==99.0\n', ...web };
    expect(await builds.failure(files, { app })).toMatchObject({
      id: 'E10',
      message: expect.stringMatching(
        /^iniconfig==99\.0, required by requirements\.txt, is not in the registry, which has: (\S+, ){4}[2-9]\.\d+(\.\d+)?\. Check the spelling/,
      ),
    });
  });

  test.each<[string, string, string, string, (text: string) => string]>([
    [
      'uv',
      'fastapi',
      'h11==99.0.0, required by uv.lock,',
      'uv.lock',
      (text) =>
        text
          .replace(/(name = "h11"\nversion = ")[^"]*/, '$199.0.0')
          .replaceAll(/h11-\d[\d.]*\d/g, 'h11-99.0.0'),
    ],
    [
      'uv',
      'fastapi',
      'twelve-no-such-package-here, required by pyproject.toml,',
      'pyproject.toml',
      (text) => text.replace('"uvicorn>=0.38"', '"uvicorn>=0.38", "twelve-no-such-package-here"'),
    ],
    [
      'poetry',
      'poetry',
      'blinker==99.0.0, required by poetry.lock,',
      'poetry.lock',
      (text) =>
        text
          .replace(/(name = "blinker"\nversion = ")[^"]*/, '$199.0.0')
          .replaceAll(/blinker-\d[\d.]*\d/g, 'blinker-99.0.0'),
    ],
    [
      'pipenv',
      'pipenv',
      'blinker==99.0.0, required by Pipfile.lock,',
      'Pipfile.lock',
      (text) => text.replace(/("blinker"[\s\S]*?"version": "==)[^"]*/, '$199.0.0'),
    ],
  ])('%s (%s): %s', async (manager, name, beginning, file, change) => {
    const files = await sample(name);
    const failure = await builds.failure({ ...files, [file]: change(files[file]!) }, { app: manager });
    expect(failure.id).toBe('E10');
    expect(failure.message).toContain(`${beginning} is not in the registry`);
  });
});

describe('packages that are for another Python (E8)', () => {
  const local = (setup: string): Files => ({
    'requirements.txt': './old\n',
    'old/setup.py': `from setuptools import setup\n${setup}\n`,
    ...web,
  });

  test.each<[string, Files, RegExp]>([
    [
      'what a package says of itself',
      local('setup(name="old", version="1", python_requires="<3.13")'),
      /^Package 'old' requires a different Python: 3\.13\.\d+ not in '<3\.13'\. This stack has: 3\.13 /,
    ],
    [
      'what its setup.py says when it runs',
      local(
        'raise RuntimeError("Cannot install on Python version 3.13.0; only versions >=3.8,<3.12 are supported.")',
      ),
      /^Cannot install on Python version 3\.13\.0; only versions >=3\.8,<3\.12 are supported\. This stack has: 3\.13 /,
    ],
    [
      'what the registry says of a version',
      { 'requirements.txt': 'scipy==1.7.0\n', ...web },
      /^scipy==1\.7\.0, required by requirements\.txt, is for Python ".*<3\.10.*"\. This stack has: 3\.13 .*Choose a version that accepts it\.$/,
    ],
  ])('%s', async (_, files, sentence) => {
    const failure = await builds.failure(files, { app });
    expect(failure).toMatchObject({ id: 'E8', message: expect.stringMatching(sentence) });
  });
});

test('a git dependency over SSH is E15, without the login in its address', async () => {
  const address = 'git+ssh://secret@127.0.0.1:9/team/thing.git';
  const files = { 'requirements.txt': `thing @ ${address}\n`, ...web };
  expect(await builds.failure(files, { app })).toMatchObject({
    id: 'E15',
    message: expect.stringMatching(
      /^A git dependency is fetched over SSH \(ssh:\/\/127\.0\.0\.1:9\/team\/thing\.git\)\. Builds have no SSH key: use an https URL with a token/,
    ),
  });
});

describe('a package that needs a C library (E14)', () => {
  const files = { 'requirements.txt': 'python-ldap==3.4.4\n', Procfile: 'web: python -c ""\n' };

  test('what is missing and the Debian package that has it are named; with that it installs and runs', async () => {
    expect(await builds.failure(files, { app: 'ldap' })).toMatchObject({
      id: 'E14',
      message:
        'python-ldap has a native part that could not be compiled: missing: header lber.h. Try a newer python-ldap that ships ready-made binaries, or add libldap-dev and libsasl2-dev to an Aptfile and name the buildpacks "apt" and "python" in .buildpacks, one per line.',
    });
    const helped = { ...files, '.buildpacks': 'apt\npython\n', Aptfile: 'libldap-dev\nlibsasl2-dev\n' };
    const { app: tree } = await builds.build(helped, { app: 'ldap' });
    expect(await runInStack(builds, tree, 'python -c "import ldap; print(ldap.__version__)"')).toBe(
      '3.4.4\n',
    );
  }, 300_000);

  test('a library that is looked for by pkg-config too', async () => {
    const mysql = { 'requirements.txt': 'mysqlclient==2.2.7\n', ...web };
    expect(await builds.failure(mysql, { app })).toMatchObject({
      id: 'E14',
      message: expect.stringMatching(
        /^mysqlclient has a native part .* missing: library mysqlclient\. .* add default-libmysqlclient-dev to an Aptfile/,
      ),
    });
  });
});

describe('apps that name no package', () => {
  test('only setup.py: the app is installed, and told how to lock', async () => {
    const setup =
      'from setuptools import setup\nsetup(name="only", version="1", py_modules=["only"], install_requires=["iniconfig"])\n';
    const files = {
      'setup.py': setup,
      'only.py': 'import iniconfig\nprint("only", iniconfig.__name__)\n',
      Procfile: 'web: python -m only\n',
    };
    const { lines, app: tree } = await builds.build(files, { app });
    expect(lines.join('\n')).toMatch(/No lockfile: .*\n.*Run pip freeze > requirements\.txt/);
    expect(await runInStack(builds, tree, 'cd /tmp && PYTHONPATH= python -m only')).toBe('only iniconfig\n');
  });

  test('only app.py and a Procfile: it runs with what Python has, and says so', async () => {
    const files = { 'app.py': 'import json, greeting\nprint(json.dumps(greeting.text))\n', ...web };
    const {
      lines,
      app: tree,
      tree: built,
    } = await builds.build({ ...files, 'greeting.py': 'text = "hello"\n' }, { app });
    expect(lines).toContain(
      '       No file names packages (requirements.txt or the like): none are installed.',
    );
    expect(lines.join('\n')).not.toContain('ModuleNotFoundError');
    expect(built.processTypes).toEqual({ web: 'python app.py' });
    expect(await runInStack(builds, tree, 'python app.py')).toBe('"hello"\n');
  });

  test('one that imports a package hears that it will not be there', async () => {
    const files = {
      'main.py': 'try:\n  import ujson\nexcept ImportError:\n  pass\nfrom flask import Flask\n',
    };
    const { lines } = await builds.build({ ...files, Procfile: 'web: python main.py\n' }, { app });
    expect(lines).toContain(
      ' !     main.py imports flask, which is no part of Python, and no file names packages: the app will end with "ModuleNotFoundError".',
    );
  });
});

test('UTF-16, as PowerShell writes it: refused for .python-version, read for requirements.txt', async () => {
  const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');
  const folder = join(builds.folder, 'utf16');
  await mkdir(folder);
  await writeFile(join(folder, 'Procfile'), web.Procfile);
  await writeFile(join(folder, 'requirements.txt'), utf16('iniconfig==2.1.0\r\n'));
  const { lines } = await builds.build(folder, { app });
  expect(lines.join('\n')).toMatch(/Successfully installed iniconfig-2\.1\.0|comes from the cache/);
  await writeFile(join(folder, '.python-version'), utf16('3.13\r\n'));
  expect(await builds.failure(folder, { app })).toMatchObject({
    id: 'E8',
    message: expect.stringMatching(
      /^\.python-version: it is written in UTF-16 and has to be UTF-8\. .* Run: echo 3\.13 > \.python-version$/,
    ),
  });
});
