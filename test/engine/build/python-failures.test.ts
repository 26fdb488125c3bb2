// What the python buildpack refuses or warns of, caused for real: the id and the sentence the pusher sees.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { textsOf } from './stack.ts';

const sample = (name: string) => textsOf(join(ourBuildpacks, 'python', 'test', name));
const app = 'app';
/** Nothing may be downloaded: an index that nobody answers at. */
const nowhere = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_RETRIES: '0' };
const web = { Procfile: 'web: python app.py\n' };

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe('what can be read from files is refused before anything is downloaded', () => {
  const pyproject = (range: string) => ({ 'pyproject.toml': `[project]\nrequires-python = "${range}"\n` });
  test.each<[string, Files, RegExp]>([
    [
      'E5',
      { 'requirements.txt': '', 'poetry.lock': '', 'pyproject.toml': '' },
      /^Found poetry\.lock and requirements\.txt; only one package manager .* To keep poetry: git rm requirements\.txt && git commit -m "Use poetry only"\.$/,
    ],
    [
      'E5',
      { 'uv.lock': '', 'Pipfile.lock': '{}', Pipfile: '' },
      /^Found uv\.lock and Pipfile\.lock; .* To keep uv: git rm Pipfile\.lock Pipfile && git commit/,
    ],
    [
      'E6',
      { Pipfile: '[packages]\n' },
      /^Found Pipfile without Pipfile\.lock: .* Run pipenv lock, commit Pipfile\.lock\.$/,
    ],
    [
      'E6',
      { 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.13"\nflask = "*"\n' },
      /^pyproject\.toml names packages for Poetry, but there is no poetry\.lock: .* Run poetry lock/,
    ],
    ['E6', { 'uv.lock': '' }, /^Found uv\.lock without pyproject\.toml\./],
    ['E4', { 'pyproject.toml': 'name = \n' }, /^pyproject\.toml cannot be read: .*line 1/],
    ['E4', { Pipfile: '', 'Pipfile.lock': '{"_meta":' }, /^Pipfile\.lock cannot be read: .*line 1/],
    [
      'E17',
      { 'Requirements.txt': '' },
      /^"requirements\.txt" does not exist, but "Requirements\.txt" does\. .* git mv Requirements\.txt requirements\.txt$/,
    ],
    [
      'E17',
      { 'requirements.txt': '', '.Python-version': '3.13' },
      /git mv \.Python-version \.python-version$/,
    ],
    ['E17', { 'app.py': '', '.heroku/python/bin/python': '' }, /\.heroku\/python is committed/],
    [
      'E8',
      { '.python-version': '3.12\n' },
      /^\.python-version asks for Python "3\.12", which this stack does not have\. It has: 3\.13 \(3\.13\.\d+\)\. Run: echo 3\.13 > \.python-version$/,
    ],
    [
      'E8',
      { '.python-version': '3.13.999\n' },
      /asks for Python "3\.13\.999", which this stack does not have/,
    ],
    [
      'E8',
      { '.python-version': '"3.13"\n' },
      /^\.python-version is ""3\.13"": the quotes do not belong there\. This stack has: 3\.13/,
    ],
    ['E8', { '.python-version': 'python-3.13\n' }, /the "python-" does not belong there/],
    ['E8', { '.python-version': '\uFEFF3.13\n' }, /^\.python-version: it begins with a byte order mark/],
    ['E8', { '.python-version': '# none\n' }, /^\.python-version: no version is in it/],
    ['E8', { '.python-version': '3.13\n3.12\n' }, /is "3\.13, 3\.12": it names several versions/],
    [
      'E8',
      { 'runtime.txt': 'python-3.11.9\n' },
      /^runtime\.txt asks for Python "3\.11\.9".* && git rm runtime\.txt$/,
    ],
    ['E8', { 'runtime.txt': '3.13\n' }, /^runtime\.txt is "3\.13": that is not a version/],
    [
      'E8',
      pyproject('<3.13'),
      /^requires-python in pyproject\.toml asks for Python "<3\.13".* Set for example requires-python = ">=3\.13"\.$/,
    ],
    ['E8', pyproject('banana'), /is "banana": that is not a range of versions/],
    [
      'E8',
      { 'pyproject.toml': '[tool.poetry.dependencies]\npython = "~3.11 || ^2.7"\n', 'poetry.lock': '' },
      /^the python of pyproject\.toml asks for Python "~3\.11 \|\| \^2\.7".* python = "\^3\.13"\.$/,
    ],
    [
      'E8',
      { Pipfile: '', 'Pipfile.lock': '{"_meta":{"requires":{"python_version":"3.9"}},"default":{}}' },
      /^Pipfile\.lock asks for Python "3\.9".* Set python_version = "3\.13" in Pipfile and run pipenv lock\.$/,
    ],
  ])('%s', async (id, files, sentence) => {
    const failure = await builds.failure({ ...files, ...web }, { app: 'files', config: nowhere });
    expect(failure).toMatchObject({ id, message: expect.stringMatching(sentence) });
  });

  test('versions that the stack has are taken, wherever they stand', async () => {
    for (const files of [
      { 'runtime.txt': 'python-3.13' },
      pyproject('>=3.9,<4'),
      pyproject('~=3.13.0'),
      { '.python-version': '# ours\n3.13 # the stack\n' },
    ] satisfies Files[]) {
      const { lines } = await builds.build({ ...files, ...web }, { app: 'files', config: nowhere });
      expect(lines.join('\n')).toMatch(/ {7}Python 3\.13\.\d+ \((runtime|requires-python|\.python-version)/);
    }
  });
});

describe('warnings', () => {
  test('a committed virtual environment, versions left open, a deprecated file, nothing that says how to start', async () => {
    const failure = await builds.failure(
      {
        'requirements.txt': 'iniconfig>=2\n',
        'runtime.txt': 'python-3.13',
        'venv/pyvenv.cfg': 'home = /usr/bin\n',
      },
      { app: 'warnings' },
    );
    const log = failure.lines.join('\n');
    expect(log).toContain('The virtual environment venv is committed');
    expect(log).toContain('git rm -r --cached venv && echo venv/ >> .gitignore');
    expect(log).toContain('"iniconfig>=2" in requirements.txt has no exact version');
    expect(log).toContain('runtime.txt is deprecated. Use .python-version');
    expect(log).toContain('a line such as "web: gunicorn app:app"');
    expect(failure.id).toBe('E11');
  });

  test('packages that only pyproject.toml names are installed, with a hint to lock them', async () => {
    const files = {
      'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["iniconfig"]\n',
      ...web,
    };
    const { lines } = await builds.build(files, { app: 'warnings' });
    expect(lines.join('\n')).toMatch(
      /No lockfile: [\s\S]*Run uv lock, commit uv\.lock\.[\s\S]*Successfully installed iniconfig/,
    );
  });
});

describe('what the package managers find out', () => {
  test.each<[string, string, string, (text: string) => string]>([
    [
      'uv',
      'fastapi',
      'pyproject.toml',
      (text) => text.replace('"uvicorn>=0.38"', '"uvicorn>=0.38", "iniconfig"'),
    ],
    [
      'poetry',
      'poetry',
      'pyproject.toml',
      (text) => text.replace('"gunicorn (>=23,<24)"', '"gunicorn (>=22,<24)"'),
    ],
    ['pipenv', 'pipenv', 'Pipfile', (text) => text.replace('flask = "~=3.1"', 'flask = "~=3.0"')],
  ])('a lockfile of %s that does not match is E7', async (manager, name, file, change) => {
    const files = await sample(name);
    const failure = await builds.failure({ ...files, [file]: change(files[file]!) }, { app: manager });
    expect(failure).toMatchObject({
      id: 'E7',
      message: expect.stringMatching(
        new RegExp(
          `\\.lock does not match ${file} \\(.*\\)\\. Run ${manager} lock locally and commit .*lock\\.$`,
        ),
      ),
    });
  });

  test('a package or a version that does not exist is E10', async () => {
    const missing = await builds.failure(
      { 'requirements.txt': 'twelve-no-such-package-here==1.0\n', ...web },
      { app },
    );
    expect(missing).toMatchObject({
      id: 'E10',
      message: expect.stringMatching(
        /^twelve-no-such-package-here==1\.0, required by requirements\.txt, is not in the registry\./,
      ),
    });
    const version = await builds.failure({ 'requirements.txt': 'iniconfig==99.0\n', ...web }, { app });
    expect(version.message).toContain('iniconfig==99.0, required by requirements.txt');
  });

  test.each(['flask', 'fastapi'])('an index that does not answer is E9 (%s)', async (name) => {
    // pip tells of a connection only when it tries again.
    const config = { ...nowhere, PIP_RETRIES: '1' };
    const failure = await builds.failure(await sample(name), { app: `offline-${name}`, config });
    expect(failure).toMatchObject({
      id: 'E9',
      message: expect.stringMatching(
        /^The build could not talk to the package registry \(connection refused\)\. Your app is fine\./,
      ),
    });
  });

  test('requirements that cannot be read are E4, with the line', async () => {
    const bad = await builds.failure(
      { 'requirements.txt': 'iniconfig==2.1.0\n<<<<<<< HEAD\n', ...web },
      { app },
    );
    expect(bad).toMatchObject({
      id: 'E4',
      message: expect.stringMatching(/^requirements\.txt: Invalid requirement: .*<<<<<<< HEAD/),
    });
    const included = await builds.failure({ 'requirements.txt': '-r other.txt\n', ...web }, { app });
    expect(included.message).toContain("No such file or directory: 'other.txt'");
  });

  test('a native part that cannot be compiled is E14, with what is missing', async () => {
    const files = {
      'requirements.txt': './hello\n',
      'hello/setup.py':
        'from setuptools import Extension, setup\nsetup(name="hello", version="1", ext_modules=[Extension("hello", ["hello.c"])])\n',
      'hello/hello.c': '#include <not_there.h>\n',
      ...web,
    };
    expect(await builds.failure(files, { app })).toMatchObject({
      id: 'E14',
      message: expect.stringMatching(
        /^hello has a native part that could not be compiled: missing: header not_there\.h\./,
      ),
    });
  });

  test('a failing hook is E13', async () => {
    const files = { 'app.py': '', 'bin/post_compile': '#!/bin/bash\nexit 3\n', ...web };
    expect(await builds.failure(files, { app })).toMatchObject({
      id: 'E13',
      message: expect.stringMatching(/^bin\/post_compile failed with exit code 3\./),
    });
  });
});

describe('programs of the Procfile that would not be there (E12)', () => {
  test.each([
    [
      'uv run gunicorn app:app',
      /^Procfile runs "uv", which is there only during the build.*: write "gunicorn app:app"\.$/,
    ],
    [
      'PORT=1 exec gunicorn app:app',
      /^Procfile runs "gunicorn", which no package of this app brings.* Add gunicorn to requirements\.txt\.$/,
    ],
  ])('%s', async (command, sentence) => {
    const files = { 'requirements.txt': 'iniconfig==2.1.0\n', Procfile: `web: ${command}\n` };
    expect(await builds.failure(files, { app })).toMatchObject({
      id: 'E12',
      message: expect.stringMatching(sentence),
    });
  });
});
