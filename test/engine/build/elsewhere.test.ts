// Builds with buildpacks from elsewhere: git repositories and archives, fixed or not, as third parties write them.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Elsewhere, startElsewhere } from '../../support/elsewhere.ts';
import { commit, must } from '../../unit/git/support.ts';
import { type Builds, startBuilds } from './builds.ts';

let elsewhere: Elsewhere;
let builds: Builds;
beforeAll(async () => {
  elsewhere = await startElsewhere();
});
afterAll(() => elsewhere[Symbol.asyncDispose]());
afterEach(() => builds[Symbol.asyncDispose]());

const start = async () => {
  builds = await startBuilds({ fetchers: elsewhere.fetchers });
};
const url = (name: string): string => elsewhere.remote.url(name);
const web = '#!/bin/sh\necho "default_process_types: {web: run}"\n';
/** Says by a file of the app which one it was, and uses what came with it by a path relative to its root. */
const saying = (what: string) => ({
  'bin/detect': '#!/bin/sh\necho Foreign\n',
  'bin/compile': `#!/bin/sh\necho ${what} >> $1/said\ncat words >> $1/said\n`,
  'bin/release': web,
  words: 'its words\n',
});
const said = (app: string): Promise<string> => readFile(join(app, 'said'), 'utf8');

describe('a buildpack from elsewhere', () => {
  test('has no exec bits, writes into its own folder, and finds itself untouched in the next build', async () => {
    await elsewhere.remote.repository('writing.git', {
      'bin/detect': '#!/bin/sh\ncat notes 2>/dev/null\necho Writing\n',
      'bin/compile':
        '#!/bin/sh\nls > $1/said; echo noted > notes; bin/tool >> $1/said; echo "#" > bin/compile\n',
      'bin/tool': '#!/bin/sh\necho tool\n',
      'bin/release': web,
      'test/data': 'kept, since it is not ours to leave out',
    });
    await start();
    const { app, lines, tree } = await builds.build({ '.buildpacks': url('writing.git') });
    expect(await said(app)).toBe('bin\ntest\ntool\n');
    const again = await builds.build({ '.buildpacks': url('writing.git') });
    expect(await said(again.app)).toBe('bin\ntest\ntool\n');
    const [one] = tree.buildpacks;
    expect(one).toEqual({
      name: url('writing.git'),
      url: url('writing.git'),
      displayName: 'Writing',
      pin: expect.any(String),
    });
    expect(lines.slice(0, 3)).toEqual([
      '-----> Building on the debian-13 stack',
      `-----> Fetching buildpack ${url('writing.git')} at ${one!.pin!.slice(0, 10)}`,
      '       Build cache: empty',
    ]);
    expect(lines).toContain(`-----> Using buildpack: ${url('writing.git')} at ${one!.pin!.slice(0, 10)}`);
    // Kept: not fetched again.
    expect(again.lines.some((line) => line.includes('Fetching'))).toBe(false);
  });

  test('is used at the commit of the list, by branch and tag at what they mean now, and as an archive', async () => {
    const work = await elsewhere.remote.repository('refs.git', saying('first'));
    const first = await must(work, 'rev-parse', 'HEAD');
    await must(work, 'tag', 'v1');
    await commit(work, { 'bin/compile': '#!/bin/sh\necho second >> $1/said\n' });
    await elsewhere.remote.publish('refs.git');
    elsewhere.archive('refs.tgz', await elsewhere.pack(saying('packed')));
    await start();
    const list = async (...references: string[]) =>
      said((await builds.build({ '.buildpacks': references.join('\n') })).app);
    expect(await list(url('refs.git#v1'), url('refs.git#main'), url('refs.tgz'))).toBe(
      'first\nits words\nsecond\npacked\nits words\n',
    );
    // The list of the app comes before the file, and stays where it was fixed though the branch went on.
    const fixed = { buildpacks: [{ reference: url('refs.git#main'), pin: first }] };
    const { app, tree } = await builds.build({ '.buildpacks': url('refs.tgz') }, fixed);
    expect(await said(app)).toBe('first\nits words\n');
    expect(tree.buildpacks).toMatchObject([{ name: url('refs.git#main'), pin: first }]);
  });

  test('brings its submodules; ours beside it; export passes between them', async () => {
    const inner = await elsewhere.remote.repository('inner.git', { 'say.sh': 'echo from the submodule' });
    const work = await elsewhere.remote.repository('outer.git', {
      'bin/detect': '#!/bin/sh\necho Outer\n',
      'bin/compile': '#!/bin/bash\nsource inner/say.sh > $1/said\necho "export OUTER=yes" > export\n',
    });
    await writeFile(join(work, '.gitmodules'), '[submodule "inner"]\n\tpath = inner\n\turl = ../inner.git\n');
    const id = await must(inner, 'rev-parse', 'HEAD');
    await must(work, 'update-index', '--add', '--cacheinfo', `160000,${id},inner`);
    await must(work, 'add', '.gitmodules');
    await must(work, 'commit', '-q', '-m', 'inner');
    await elsewhere.remote.publish('outer.git');
    await start();
    const { app } = await builds.build({
      '.buildpacks': `${url('outer.git')}\ninline\n`,
      'bin/compile': '#!/bin/sh\necho "OUTER=$OUTER" >> $1/said\n',
      Procfile: 'web: x',
    });
    expect(await said(app)).toBe('from the submodule\nOUTER=yes\n');
  });

  test('keeps its cache while it is the same list', async () => {
    elsewhere.archive(
      'counting.tgz',
      await elsewhere.pack({ ...saying('x'), 'bin/compile': '#!/bin/sh\necho x >> $2/n; cp $2/n $1/said\n' }),
    );
    await start();
    const count = async (reference: string) =>
      (await said((await builds.build({ '.buildpacks': reference }, { app: 'one' })).app)).length / 2;
    expect([await count(url('counting.tgz')), await count(url('counting.tgz'))]).toEqual([1, 2]);
    expect(await count(url('counting.tgz?other'))).toBe(3);
    elsewhere.archive(
      'other.tgz',
      await elsewhere.pack({
        ...saying('x'),
        'bin/compile': '#!/bin/sh\ncp $2/n $1/said || echo > $1/said\n',
      }),
    );
    expect(await count(url('other.tgz'))).toBe(0.5);
  });

  test('that cannot be had fails the build (E3), with no container made for it', async () => {
    await start();
    const failure = await builds.failure({ '.buildpacks': url('nowhere.git#v9') });
    expect(failure).toMatchObject({
      code: 'build_failed',
      id: 'E3',
      message: `Could not get buildpack ${url('nowhere.git#v9')}: repository '${url('nowhere.git/')}' not found. There is no repository at that URL.`,
    });
    expect((await builds.failure({ '.buildpacks': 'https://127.0.0.1/x.git' })).message).toMatch(
      /127\.0\.0\.1 is a loopback address, and nothing is fetched from there/,
    );
    expect(await builds.containers()).toEqual([]);
  });

  test('named in BUILDPACK_URL with a login that nobody reads', async () => {
    await elsewhere.remote.repository('private.git', saying('private'));
    const { before } = elsewhere.remote;
    elsewhere.remote.before = (request, response) => {
      if (request.headers.authorization) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    await start();
    const BUILDPACK_URL = url('private.git').replace('//', '//ada:s3cret-login@');
    const { app, lines, tree } = await builds.build({ a: 'a' }, { config: { BUILDPACK_URL } });
    elsewhere.remote.before = before;
    expect(await said(app)).toBe('private\nits words\n');
    expect(lines.join('\n') + JSON.stringify(tree.buildpacks)).not.toContain('s3cret-login');
  });
});
