import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, ourBuildpacks, startBuilds } from './builds.ts';
import { environment, leftPaths, unchanged } from './python-environment.ts';
import { runInStack, textsOf } from './stack.ts';
import { listing } from './tree-listing.ts';

const sample = (name: string) => join(ourBuildpacks, 'python', 'test', name);
/** An index that nobody answers at. */
const nowhere = { 'index-url': 'http://127.0.0.1:9/simple' };

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe('requirements.txt', () => {
  const app = 'flask';
  let first: string;

  test('cold: packages are installed by pip, and the tree answers in the run stack', async () => {
    const cold = await builds.build(sample('flask'), { app });
    const log = cold.lines.join('\n');
    expect(cold.lines).toContain('-----> Using buildpack: python');
    expect(log).toMatch(/ {7}Python 3\.13\.\d+ \(\.python-version "3\.13"\)/);
    expect(log).toMatch(/Successfully installed .*Flask-3\.1\.2/i);
    expect(cold.tree.processTypes).toEqual({ web: 'gunicorn app:app' });
    expect(cold.tree.created).toEqual(['.heroku', '.profile.d']);
    expect(await leftPaths(cold.app)).toEqual([]);
    // Compiled once, after pip: it writes down what it compiles itself.
    const site = join(cold.app, environment, 'lib/python3.13/site-packages');
    expect(await readFile(join(site, 'flask-3.1.2.dist-info/RECORD'), 'utf8')).not.toContain('.pyc');
    expect(existsSync(join(site, 'flask/__pycache__/app.cpython-313.pyc'))).toBe(true);
    expect(await readFile(join(cold.app, environment, 'bin/gunicorn'), 'utf8')).toMatch(
      /^#!\/app\/\.heroku\/python\/bin\/python/,
    );
    expect(await runInStack(builds, cold.app, 'gunicorn app:app', { web: true })).toBe(
      'hello from Flask on Python 3.13\n',
    );
    first = await listing(join(cold.app, environment));
  });

  test('warm: nothing is installed, no index is asked, and the layer is the same and unread', async () => {
    await using offline = await startBuilds({
      pipConfig: nowhere,
      cacheFolder: join(builds.folder, 'cache'),
    });
    const warm = await offline.build(sample('flask'), { app, config: { GREETING: 'hi' } });
    expect(warm.lines).toContain('       Build cache: restored');
    expect(warm.lines).toContain(unchanged);
    expect(warm.lines.join('\n')).not.toContain('Successfully installed');
    expect(await listing(join(warm.app, environment))).toBe(first);
    // Files of another owner: the platform knows such a layer without reading it.
    const owned = await runInStack(offline, warm.app, `find ${environment} -type f -uid 20012 | wc -l`);
    expect(owned).toBe('0\n');
    expect(await runInStack(offline, warm.app, 'gunicorn app:app', { web: true })).toContain('hello');
  });

  test('a file that requirements.txt includes decides too, and so does a config var that pip reads', async () => {
    const files = await textsOf(sample('flask'));
    const changed = await builds.build({ ...files, 'base.txt': 'Flask==3.1.1\n' }, { app });
    expect(changed.lines).not.toContain(unchanged);
    expect(changed.lines.join('\n')).toMatch(/Successfully installed .*Flask-3\.1\.1/i);
    const again = await builds.build({ ...files, 'base.txt': 'Flask==3.1.1\n' }, { app });
    expect(again.lines).toContain(unchanged);
    const setting = await builds.build(
      { ...files, 'base.txt': 'Flask==3.1.1\n' },
      { app, config: { PIP_NO_DEPS: '0' } },
    );
    expect(setting.lines).not.toContain(unchanged);
  });

  test('PYTHON_PACKAGES_CACHE=false installs anew', async () => {
    const { lines } = await builds.build(sample('flask'), {
      app,
      config: { PYTHON_PACKAGES_CACHE: 'false' },
    });
    expect(lines.join('\n')).toContain('Successfully installed');
  });

  test('at run time: output at once, workers by cores and memory, tools on the PATH', async () => {
    const { app: tree } = await builds.build(sample('flask'), { app: 'profile' });
    const command =
      'echo "$PYTHONUNBUFFERED $PYTHONPATH $FORWARDED_ALLOW_IPS $GUNICORN_CMD_ARGS $WEB_CONCURRENCY"; command -v python pip';
    const said = await runInStack(builds, tree, command, { env: { MEMORY_AVAILABLE: '512' } });
    expect(said.split('\n')).toEqual([
      '1 /app * --access-logfile - 2',
      '/app/.heroku/python/bin/python',
      '/app/.heroku/python/bin/pip',
      '',
    ]);
    const own = await runInStack(builds, tree, command, {
      env: {
        WEB_CONCURRENCY: '7',
        PYTHONPATH: '/app/src',
        GUNICORN_CMD_ARGS: '-w 1',
        MEMORY_AVAILABLE: '64',
      },
    });
    expect(own.split('\n')[0]).toBe('1 /app/src * -w 1 7');
    expect(await runInStack(builds, tree, 'pip --version')).toMatch(/^pip \d.* from \/app\/\.heroku\/python/);
  });

  test('what is compiled serves although a release keeps no file times', async () => {
    const { app: tree } = await builds.build(sample('flask'), { app: 'profile' });
    const script =
      'import os,flask;os.utime(flask.__file__) if os.access(flask.__file__,os.W_OK) else None;' +
      'data=open(flask.__cached__,"rb").read(8);print(int.from_bytes(data[4:8],"little"))';
    // 3: recognised by the hash of its source, which is checked.
    expect(await runInStack(builds, tree, `python -c '${script}'`)).toBe('3\n');
  });

  test('a package out of the tree itself is installed in every build, with paths of the running app', async () => {
    const files = (text: string) => ({
      'requirements.txt': '-e ./greeting\n',
      'greeting/setup.py':
        'from setuptools import setup\nsetup(name="greeting", version="1", py_modules=["greeting"])\n',
      'greeting/greeting.py': `text = "${text}"\n`,
      Procfile: 'web: python -m greeting\n',
    });
    for (const text of ['first', 'second']) {
      const built = await builds.build(files(text), { app: 'editable' });
      expect(built.lines).not.toContain(unchanged);
      expect(await leftPaths(built.app)).toEqual([]);
      const said = await runInStack(
        builds,
        built.app,
        'cd /tmp; PYTHONPATH= python -c "import greeting; print(greeting.text)"',
      );
      expect(said).toBe(`${text}\n`);
    }
  });
});

describe('Django', () => {
  const app = 'django';
  const config = { SECRET_KEY: 'correct horse battery' };

  test('collects static files and starts by gunicorn without a Procfile', async () => {
    const built = await builds.build(sample('django'), { app, config });
    expect(built.lines.join('\n')).toMatch(
      /-----> Collecting static files\n(?: {7})?\n {7}1 static file copied to/,
    );
    expect(existsSync(join(built.app, 'staticfiles/pages/style.css'))).toBe(true);
    expect(existsSync(join(built.app, 'mysite/__pycache__'))).toBe(false);
    expect(built.tree.processTypes).toEqual({ web: 'gunicorn mysite.wsgi' });
    const answer = await runInStack(builds, built.app, 'gunicorn mysite.wsgi', { web: true, env: config });
    expect(answer).toBe('hello from Django 5, style at /static/pages/style.css\n');
  });

  test('settings that need a config var which is not there: the error and the way out are named', async () => {
    const failure = await builds.failure(sample('django'), { app });
    expect(failure).toMatchObject({
      id: 'E13',
      message: expect.stringMatching(
        /^python manage\.py collectstatic --noinput failed: KeyError: 'SECRET_KEY'\. .*DISABLE_COLLECTSTATIC=1\.$/,
      ),
    });
    const skipped = await builds.build(sample('django'), { app, config: { DISABLE_COLLECTSTATIC: '1' } });
    expect(skipped.lines).toContain('       Static files are not collected: DISABLE_COLLECTSTATIC is set.');
    expect(existsSync(join(skipped.app, 'staticfiles'))).toBe(false);
  });

  test('in a folder of its own, without the app that collects', async () => {
    const files = await textsOf(sample('django'));
    const { 'requirements.txt': requirements, ...rest } = files;
    const inside = Object.fromEntries(Object.entries(rest).map(([path, text]) => [`site/${path}`, text]));
    inside['site/mysite/settings.py'] = rest['mysite/settings.py']!.replace(
      '"django.contrib.staticfiles", ',
      '',
    );
    const built = await builds.build({ ...inside, 'requirements.txt': requirements! }, { app, config });
    expect(built.lines.join('\n')).toContain('there is nothing to collect');
    expect(built.tree.processTypes).toEqual({ web: 'gunicorn --chdir site mysite.wsgi' });
  });
});

describe('hooks and neighbours', () => {
  test('bin/pre_compile may write requirements.txt, bin/post_compile may change packages of its own build', async () => {
    const files = {
      '.python-version': '3.13\n',
      Procfile: 'web: python -c ""\n',
      'bin/pre_compile': '#!/bin/bash\necho iniconfig==2.1.0 > requirements.txt\n',
      'bin/post_compile':
        '#!/bin/bash\necho "stamps = globals().get(\'stamps\', 0) + 1" >> "$VIRTUAL_ENV"/lib/python3*/site-packages/iniconfig/__init__.py\n',
    };
    for (const from of ['index', 'cache', 'cache']) {
      const built = await builds.build(files, { app: 'hooks' });
      expect(built.lines.includes(unchanged)).toBe(from === 'cache');
      expect(
        await runInStack(builds, built.app, 'python -c "import iniconfig; print(iniconfig.stamps)"'),
      ).toBe('1\n');
    }
  });

  test('a buildpack that follows finds Python, and an app without packages needs nothing', async () => {
    const built = await builds.build(
      {
        'main.py': 'print("no packages")\n',
        Procfile: 'web: python main.py\n',
        '.buildpacks': 'python\nprocfile\n',
      },
      { app: 'neighbours' },
    );
    expect(await runInStack(builds, built.app, 'python main.py')).toBe('no packages\n');
  });
});
