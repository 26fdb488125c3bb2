// More of the classic contract: what is kept by stack, how a compile may end, export at run time, isolation, the trace.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Builds, startPurposeMade } from './builds.ts';
import { poisoned } from './poisoned.ts';
import { runInStack } from './stack.ts';

let builds: Builds;
afterEach(() => builds[Symbol.asyncDispose]());

const web = 'echo "default_process_types: {web: run}"';
const only = { '.buildpacks': 'null' };

test('the cache of one stack is not the cache of the next', async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'twelve-cache-'));
  // When the builders, which save it in the background, have ended.
  onTestFinished(() => rm(cacheFolder, { recursive: true }));
  const scripts = {
    'null/detect': 'true',
    'null/compile': 'cat $2/n 2>/dev/null; echo "stack $STACK" > $2/n',
    'null/release': web,
  };
  const once = async (stackName: string, last = false) => {
    builds = await startPurposeMade(scripts, { cacheFolder, stackName });
    const { lines } = await builds.build(only, { app: 'one' });
    // The last one is ended where those of all tests are.
    if (!last) await builds[Symbol.asyncDispose]();
    return lines.filter((line) => /^stack|Build cache/.test(line));
  };
  expect(await once('debian-13')).toEqual(['       Build cache: empty']);
  expect(await once('debian-13')).toEqual(['       Build cache: restored', 'stack heroku-24']);
  expect(await once('debian-14', true)).toEqual(['       Build cache: empty']);
});

test('a cache over its limit is thrown away with a sentence, and the build is as good', async () => {
  builds = await startPurposeMade(
    {
      'null/detect': 'true',
      'null/compile': 'ls $2; head -c $(cat $1/much) /dev/zero > $2/heap',
      'null/release': web,
    },
    { limits: { cacheBytes: 5 * 1_048_576 } },
  );
  const said = async (much: string) => {
    const { lines } = await builds.build({ ...only, much }, { app: 'one' });
    return lines.filter((line) => /^heap|Build cache|thrown away|Largest/.test(line));
  };
  expect(await said('2000000')).toEqual(['       Build cache: empty']);
  expect(await said('9000000')).toEqual([
    ...['       Build cache: restored', 'heap'],
    ' !     The build cache has 9 MB, limit 5 MB: it is thrown away, and the next build begins with an empty one.',
    ' !     Largest: heap 9 MB. Have the buildpacks keep less, or raise the limit (server setting TWELVE_BUILD_CACHE).',
  ]);
  expect(await said('2000000')).toEqual(['       Build cache: empty']);
});

test.each([
  [1, 'exit 1', 'Buildpack null failed with exit code 1. Its last output is above.'],
  [127, '{ no-such-program; exit; }', 'Buildpack null failed with exit code 127. Its last output is above.'],
  [137, 'kill -9 $$', 'Buildpack null failed with exit code 137 (killed). Its last output is above.'],
])(
  'compile that ends with %i fails the build, and half a cache is not kept',
  async (_code, ending, message) => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      'null/compile': `cat $2/state; echo half > $2/state; [ -f $1/good ] || ${ending}; echo whole > $2/state`,
      'null/release': web,
      'null/report': 'touch $2/reported',
    });
    await builds.build({ ...only, good: '' }, { app: 'one' });
    expect(await builds.failure(only, { app: 'one' })).toMatchObject({
      code: 'build_failed',
      id: 'compile',
      message,
    });
    const { lines } = await builds.build({ ...only, good: '' }, { app: 'one' });
    expect(lines).toContain('whole');
  },
);

test.each(['---\n', '--- {}\n', 'addons:\n  - heroku-postgresql\n', null])(
  'a release that says %j leaves the Procfile alone to say what runs',
  async (text) => {
    builds = await startPurposeMade({
      'null/detect': 'true',
      ...(text === null ? {} : { 'null/release': `printf '%b' '${text.replaceAll('\n', '\\n')}'` }),
    });
    const { tree } = await builds.build({ ...only, Procfile: 'web: mine' });
    expect([tree.processTypes, tree.configDefaults]).toEqual([{ web: 'mine' }, {}]);
  },
);

test('the add-ons that a release suggests are told once, with the first release, and nothing is made', async () => {
  builds = await startPurposeMade({
    'null/detect': 'echo Null',
    'null/release': `printf 'addons:\\n  - heroku-postgresql\\n  - redis:small\\n'`,
  });
  const files = { ...only, Procfile: 'web: mine' };
  const first = await builds.build(files, { isFirst: true });
  expect(first.lines.filter((line) => line.includes('suggests'))).toEqual([
    '       Null suggests heroku-postgresql, redis:small: nothing of that is set up; give its address as a config var',
  ]);
  expect(first.tree.configDefaults).toEqual({});
  expect((await builds.build(files)).lines.join('\n')).not.toContain('suggests');
});

test.each([
  ['exit', 'exit 3'],
  ['a variable that has to be set', `: \${NEVER_SET:?is missing}`],
  ['an EXIT trap of its own', "trap 'exit 9' EXIT"],
])(
  'an export that ends its shell by %s fails nobody; what it exported before is there',
  async (_how, ending) => {
    builds = await startPurposeMade({
      'node/detect': 'true',
      'node/compile': `cat > export <<'END'
export FROM_FIRST="two words
\\$two 'lines'" GONE=1
f() { echo from a function; }
export -f f
unset GONE SOURCE_VERSION
set -- other arguments
${ending}
export AFTER=1
END`,
      'procfile/detect': '[ -n "$FROM_FIRST" ]',
      'procfile/compile': `echo "$FROM_FIRST\${GONE-}\${SOURCE_VERSION-}" > $1/said; f >> $1/said; echo "export FROM_SECOND=2" > export`,
      'null/detect': 'true',
      'null/compile': `echo "$FROM_SECOND \${FROM_FIRST%% *} $#" >> $1/said`,
      'null/release': web,
    });
    const { app } = await builds.build({ '.buildpacks': 'node\nprocfile\nnull\n' });
    expect(await readFile(join(app, 'said'), 'utf8')).toBe(
      "two words\n$two 'lines'\nfrom a function\n2 two 3\n",
    );
  },
);

test('what is exported reaches later buildpacks and never the app; .profile.d does', async () => {
  builds = await startPurposeMade({
    'procfile/detect': 'true',
    'procfile/compile':
      'echo "export AT_BUILD=yes" > export; mkdir -p $1/.profile.d; echo "export AT_RUN=yes" > $1/.profile.d/x.sh',
    'null/detect': 'true',
    'null/compile': 'echo "AT_BUILD=$AT_BUILD AT_RUN=$AT_RUN"',
    'null/release': web,
  });
  const { app, lines } = await builds.build({ '.buildpacks': 'procfile\nnull' });
  expect(lines).toContain('AT_BUILD=yes AT_RUN=');
  expect(await runInStack(builds, app, 'echo "AT_BUILD=$AT_BUILD AT_RUN=$AT_RUN"')).toBe(
    'AT_BUILD= AT_RUN=yes\n',
  );
});

test('a Procfile that a buildpack makes, with quotes, $PORT, comments, CRLF, BOM and no end, runs as it was written', async () => {
  builds = await startPurposeMade({
    'null/detect': 'true',
    'null/compile': `printf '\\357\\273\\277# all of it\\r\\n\\r\\nweb: echo "a  b" && echo '"'"'$PORT'"'"' $PORT # said\\r\\nother: x' > $1/Procfile`,
  });
  const { app, tree } = await builds.build(only);
  expect(tree.processTypes).toEqual({ web: `echo "a  b" && echo '$PORT' $PORT # said`, other: 'x' });
  expect(await runInStack(builds, app, tree.processTypes['web']!)).toBe('a  b\n$PORT 5006\n');
});

test('config vars called like what a build stands on are files like all others, and change nothing', async () => {
  builds = await startPurposeMade({
    'null/detect': 'env | sort > $1/env-detect',
    'null/compile': 'env | sort > $1/env-compile; cp -r $3 $1/seen',
    'null/release': `env | sort > $1/env-release; ${web}`,
  });
  const run = async (config: Record<string, string>) => {
    const id = randomUUID();
    const { app } = await builds.build(only, { id, config });
    const read = async (phase: string) =>
      (await readFile(join(app, `env-${phase}`), 'utf8')).replaceAll(id, '<id>');
    return { app, environments: await Promise.all(['detect', 'compile', 'release'].map(read)) };
  };
  const plain = await run({});
  const named = await run(poisoned);
  expect(named.environments).toEqual(plain.environments);
  expect(named.environments.join('')).not.toContain('/nowhere');
  const seen = join(named.app, 'seen');
  expect((await readdir(seen)).sort()).toEqual(Object.keys(poisoned).sort());
  for (const [name, value] of Object.entries(poisoned))
    expect(await readFile(join(seen, name), 'utf8')).toBe(value);
});

describe('a build sees nothing of others', () => {
  test('neither another app that is built at the same time, nor files of the platform; it is not root', async () => {
    const outside = join(await mkdtemp(join(tmpdir(), 'twelve-other-')), 'control-plane');
    await writeFile(outside, 'MARK-OF-PLATFORM');
    builds = await startPurposeMade({
      'null/detect': 'true',
      // The marks are put together here, so that no command line holds one.
      'null/compile': `
        mine=MARK-OF-; mine+=$(cat $3/WHO); echo $mine > $2/mark; echo "$mine built as $(id -un) $(id -u)"
        sleep 3
        cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' > $1/seen
        grep -rhaso 'MARK-OF-[A-Za-z][A-Za-z]*' /tmp /app /home /root /run /var /etc /mnt /srv >> $1/seen
        ls ${outside} >> $1/seen 2>/dev/null
        ls /var/run/docker.sock /run/docker.sock >> $1/seen 2>/dev/null
        true`,
      'null/release': web,
    });
    const seen = async (WHO: string) => {
      const { app, lines } = await builds.build(only, { app: WHO, config: { WHO } });
      const text = await readFile(join(app, 'seen'), 'utf8');
      const marks = text.match(/MARK-OF-\w+/g) ?? [];
      expect(text).not.toMatch(/docker\.sock|control-plane|TWELVE_/);
      return { marks: [...new Set(marks)], line: lines.find((line) => line.includes(' built as ')) };
    };
    const both = await Promise.all([seen('one'), seen('two')]);
    await rm(join(outside, '..'), { recursive: true });
    expect(both.map((one) => one.marks)).toEqual([['MARK-OF-one'], ['MARK-OF-two']]);
    for (const { line } of both) expect(line).toMatch(/^MARK-OF-\w+ built as \w+ 20012$/);
  });
});

test('BUILDPACK_XTRACE is the one config var that is in the environment, for detect too', async () => {
  builds = await startPurposeMade({
    'null/detect': '[ "$BUILDPACK_XTRACE" != 1 ] || set -x; : traced detect; env >&2; echo Null',
    'null/compile': '[ "$BUILDPACK_XTRACE" ] && set -o xtrace; : traced compile $OTHER.',
    'null/release': web,
  });
  const config = { BUILDPACK_XTRACE: '1', OTHER: 'x' };
  expect((await builds.build(only, { config })).lines).toContain('+ : traced compile .');
  expect((await builds.build(only)).lines.join('\n')).not.toContain('traced');
});
