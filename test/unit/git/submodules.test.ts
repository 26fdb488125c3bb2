// Submodules in a push: fetched over https from checked addresses, or refused with a sentence that names them.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { warningsOf } from '../../../platform/build/warnings.ts';
import type { GitNeeds } from '../../../platform/git/git.ts';
import { type HttpsServer, resolve, startHttpsServer } from './https-server.ts';
import { client, commit, must, repositoryWith, startServer, type TestServer, until } from './support.ts';

let remote: HttpsServer;
beforeAll(async () => {
  remote = await startHttpsServer();
});
afterEach(() => {
  remote.before = () => false;
});
afterAll(() => remote[Symbol.asyncDispose]());

interface Checking extends TestServer {
  /** Where pushes were checked out to. */
  trees: string[];
}

async function start(more: Partial<GitNeeds> = {}): Promise<Checking> {
  const trees: string[] = [];
  const server: TestServer = await startServer(
    async ({ repository, gitEnv, update, signal, write }) => {
      const into = await mkdtemp(join(server.folder, 'into-'));
      const from = { repository, gitEnv, commit: update.to, into, signal, note: write };
      const { warnings } = await server.git.checkout(from);
      for (const warning of warnings) write(` !     ${warning}`);
      trees.push(into);
    },
    { resolve, caFile: remote.caFile, ...more },
  );
  return Object.assign(server, { trees });
}

const link = async (work: string, path: string, id: string): Promise<void> => {
  await must(work, 'update-index', '--add', '--cacheinfo', `160000,${id},${path}`);
};

async function withSubmodule(
  work: string,
  path: string,
  url: string | null,
  id: string,
  more = '',
): Promise<void> {
  if (url !== null) {
    const before = await readFile(join(work, '.gitmodules'), 'utf8').catch(() => '');
    const entry = `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n${more}`;
    await writeFile(join(work, '.gitmodules'), before + entry);
    await must(work, 'add', '.gitmodules');
  }
  await link(work, path, id);
  await must(work, 'commit', '-q', '-m', `Add ${path}`);
}

const headOf = (work: string): Promise<string> => must(work, 'rev-parse', 'HEAD');
const push = async (server: TestServer, work: string) => {
  const ran = await client(work, ['push', server.remote(), 'main']);
  return { ...ran, shown: ran.shown.replace(/^remote: /gm, '') };
};

/** What a checkout of the commit there is refused with. */
async function refused(work: string, server: TestServer): Promise<string> {
  const into = await mkdtemp(join(server.folder, 'into-'));
  const from = { repository: join(work, '.git'), commit: await headOf(work), into };
  const error = await server.git.checkout(from).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'PlatformError', code: 'build_failed' });
  expect(await readdir(join(server.folder, 'data/fetching'))).toEqual([]);
  return (error as Error).message;
}

describe('a submodule over https', () => {
  it('is fetched at its commit, with those inside it, and says so', async () => {
    await using started = await start();
    await remote.repository('org/inner.git', { 'inner.txt': 'inner' });
    const inner = await headOf(join(remote.caFile, '../work/org/inner.git'));
    const thing = await remote.repository('org/thing.git', { 'lib/a.js': 'old' });
    await withSubmodule(thing, 'deep/inner', '../inner.git', inner);
    const wanted = await headOf(thing);
    await commit(thing, { 'lib/a.js': 'newer' });
    await remote.publish('org/thing.git');
    const work = await repositoryWith(started, { 'index.js': 'app' });
    await withSubmodule(work, 'vendor/thing', remote.url('org/thing.git'), wanted);
    const pushed = await push(started, work);
    expect(pushed.shown).toContain(
      `-----> Fetching submodule vendor/thing: ${remote.url('org/thing.git')} at ${wanted.slice(0, 10)}\n`,
    );
    expect(pushed.shown).toContain(
      `-----> Fetching submodule vendor/thing/deep/inner: ${remote.url('org/inner.git')} at`,
    );
    expect(pushed.status).toBe(0);
    const [tree] = started.trees;
    expect(await readFile(join(tree!, 'vendor/thing/lib/a.js'), 'utf8')).toBe('old');
    expect(await readFile(join(tree!, 'vendor/thing/deep/inner/inner.txt'), 'utf8')).toBe('inner');
    expect((await readdir(tree!, { recursive: true })).filter((name) => name.endsWith('.git'))).toEqual([]);
    expect(await readdir(join(started.folder, 'data/fetching'))).toEqual([]);
  });

  it('is looked through for secrets like the rest of the source', async () => {
    const into: string[] = [];
    const warnings: string[] = [];
    await using started: TestServer = await startServer(
      async ({ repository, gitEnv, update, signal, write }) => {
        into.push(await mkdtemp(join(started.folder, 'into-')));
        const from = { repository, gitEnv, commit: update.to, into: into[0]!, signal, note: write };
        const { paths } = await started.git.checkout(from);
        warnings.push(...(await warningsOf(into[0]!, paths)));
      },
      { resolve, caFile: remote.caFile },
    );
    const thing = await remote.repository('secretive.git', { '.env': 'API_TOKEN=hunter2secret\n', a: 'a' });
    const work = await repositoryWith(started, { 'index.js': 'app' });
    await withSubmodule(work, 'lib/thing', remote.url('secretive.git'), await headOf(thing));
    expect((await push(started, work)).status).toBe(0);
    expect(warnings).toEqual([expect.stringMatching(/^lib\/thing\/\.env looks like a secret/)]);
  });

  it('is asked for with the login in its URL, which nobody reads', async () => {
    await using started = await start();
    const thing = await remote.repository('private.git', { a: 'a' });
    const expected = `Basic ${Buffer.from('ada:s3cr@t100%é').toString('base64')}`;
    remote.before = (request, response) => {
      if (request.headers.authorization === expected) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const work = await repositoryWith(started);
    const id = await headOf(thing);
    await withSubmodule(work, 'private', remote.url('private.git').replace('//', '//ada:s3cr%40t100%é@'), id);
    const pushed = await push(started, work);
    expect(pushed.status).toBe(0);
    expect(await readFile(join(started.trees[0]!, 'private/a'), 'utf8')).toBe('a');
    const other = await repositoryWith(started);
    await withSubmodule(other, 'private', remote.url('private.git').replace('//', '//ada:wr0ng@'), id);
    const refused = await client(other, ['push', '-f', started.remote(), 'main']);
    expect(refused.shown).toMatch(
      / ! {5}The submodule private \(https:\/\/git\.test:\d+\/private\.git\) was not fetched\. Its server asks for a login/,
    );
    expect(`${pushed.shown}${refused.shown}${started.problems}`).not.toMatch(/s3cr|wr0ng/);
  });

  it('names its Git LFS pointers, and stays empty when it is meant to', async () => {
    await using started = await start();
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
    const thing = await remote.repository('lfs.git', { 'logo.png': pointer });
    const work = await repositoryWith(started);
    await withSubmodule(work, 'assets', remote.url('lfs.git'), await headOf(thing));
    await withSubmodule(work, 'docs', 'ssh://git@nowhere/docs', await headOf(thing), '\tupdate = none\n');
    const pushed = await push(started, work);
    expect(pushed.status).toBe(0);
    expect(pushed.shown).toContain(' !     assets/logo.png is a Git LFS pointer: ');
    expect(pushed.shown).toContain(' !     docs stays empty: .gitmodules says update = none');
    expect(await readdir(join(started.trees[0]!, 'docs'))).toEqual([]);
  });

  it('is had from a server that gives only what branches name', async () => {
    await using started = await start();
    const thing = await remote.repository('old.git', { a: 'first' });
    const wanted = await headOf(thing);
    await commit(thing, { a: 'second' });
    await remote.publish('old.git');
    // Without the newer protocol git's server gives tips only.
    remote.before = (request) => {
      delete request.headers['git-protocol'];
      return false;
    };
    const work = await repositoryWith(started);
    await withSubmodule(work, 'old', remote.url('old.git'), wanted);
    expect((await push(started, work)).status).toBe(0);
    expect(await readFile(join(started.trees[0]!, 'old/a'), 'utf8')).toBe('first');
  });
});

describe('a submodule that is not fetched', () => {
  let shared: TestServer;
  beforeAll(async () => {
    shared = await start();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  it.each([
    ['file:///srv/thing.git', /It is a file of the server's own machine\. Only https:\/\//],
    ['/srv/thing.git', /"\/srv\/thing\.git" is a path and not an https:\/\/ URL/],
    ['http://example.com/x.git', /It is reached over http\. .* Try https:\/\/example\.com\/x\.git/],
    ['git://example.com/x.git', /It is reached over git\. /],
    ['ssh://git@example.com/x.git', /It is reached over ssh\. /],
    ['git@example.com:ada/x.git', /It is reached over ssh\. .* Try https:\/\/example\.com\/ada\/x\.git/],
    [
      '../other.git',
      /Its URL "\.\.\/other\.git" is relative .* Write the whole https:\/\/ URL into \.gitmodules/,
    ],
    [
      'https://127.0.0.1/x.git',
      /\(https:\/\/127\.0\.0\.1\/x\.git\) was not fetched\. 127\.0\.0\.1 is a loopback address/,
    ],
    ['https://2130706433/x.git', /127\.0\.0\.1 is a loopback address/],
    ['https://[::1]/x.git', /::1 is a loopback address/],
    ['https://localhost.test/x.git', /localhost\.test leads to 127\.0\.0\.1, a loopback address/],
    ['https://169.254.169.254/latest', /169\.254\.169\.254 is a metadata address/],
    ['https://app.test/x.git', /app\.test leads to 10\.213\.0\.5, an address of the platform's own/],
    ['https://ada:s3cret@127.0.0.1/x.git?a=s3cret', /was not fetched\./],
    [null, /It has no URL in \.gitmodules\. Add it \(git submodule add <url> vendor\/thing\)/],
  ])('because of its URL: %s', async (url, sentence) => {
    const work = await repositoryWith(shared);
    await withSubmodule(work, 'vendor/thing', url, await headOf(work));
    const refusal = await refused(work, shared);
    expect(refusal).toMatch(/^The submodule vendor\/thing .*was not fetched\. /);
    expect(refusal).toMatch(sentence);
    expect(refusal).not.toContain('s3cret');
  });

  it('refuses the push, which changes nothing', async () => {
    const work = await repositoryWith(shared);
    await withSubmodule(work, 'vendor/thing', 'https://127.0.0.1/thing.git', await headOf(work));
    const pushed = await push(shared, work);
    expect(pushed.status).toBe(1);
    expect(pushed.shown).toContain(
      ' !     The submodule vendor/thing (https://127.0.0.1/thing.git) was not fetched. 127.0.0.1 is a loopback address, and nothing is fetched from there.\n',
    );
    expect(await shared.git.head('id-of-hello')).toBeNull();
    expect(shared.problems).toEqual([]);
  });

  const answers: [string, (url: string) => HttpsServer['before'], RegExp][] = [
    [
      'redirects, even to itself',
      (url) => (request, response) => {
        if (!request.url!.startsWith('/moved')) return false;
        const location = request.url!.replace(/^\/moved/, url.replace(/\/moved.*/, '/thing'));
        response.writeHead(301, { location }).end();
        return true;
      },
      /redirects are not followed\. Write the URL it leads to into \.gitmodules/,
    ],
    ['knows no such repository', () => () => false, /There is no repository at that URL\./],
    [
      'speaks the old protocol',
      () => (_, response) => {
        response.end(`${'1'.repeat(40)}\trefs/heads/main\n`);
        return true;
      },
      /Its server speaks git's old protocol only/,
    ],
    [
      'answers with an error',
      () => (_, response) => {
        response.writeHead(500).end();
        return true;
      },
      /git says: .*500/,
    ],
  ];
  it.each(answers)('because its server %s', async (_name, before, sentence) => {
    await remote.repository('thing.git', { a: 'a' });
    const work = await repositoryWith(shared);
    const url = remote.url('moved.git');
    await withSubmodule(work, 'vendor/thing', url, await headOf(work));
    remote.before = before(url);
    const refusal = await refused(work, shared);
    expect(refusal).toMatch(
      /^The submodule vendor\/thing \(https:\/\/git\.test:\d+\/moved\.git\) was not fetched\. /,
    );
    expect(refusal).toMatch(sentence);
  });

  it('because of its commit, its certificate, its size, its depth', async () => {
    const thing = await remote.repository('big.git', {
      a: 'a',
      ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, 'same content'.repeat(4000)])),
    });
    const id = await headOf(thing);
    const cases: [Partial<GitNeeds>, string, RegExp][] = [
      [{}, 'f'.repeat(40), /does not have the commit ffffffffff\. Push that commit there/],
      [{ caFile: null }, id, /The certificate of its server is not trusted \(.*TWELVE_CA_FILE/],
      [{ submoduleLimits: { bytes: 100 } }, id, /It is larger than the 0 MB left for submodules/],
      [{ submoduleLimits: { bytes: 1_500_000 } }, id, /The files of all submodules are more than 1 MB/],
      [{ submoduleLimits: { depth: 0 } }, id, /Submodules may be 0 deep inside each other/],
      [{ submoduleLimits: { count: 0 } }, id, /There are more than 0 submodules/],
    ];
    for (const [more, wanted, sentence] of cases) {
      await using started = await start(more);
      const work = await repositoryWith(started);
      await withSubmodule(work, 'big', remote.url('big.git'), wanted);
      expect(await refused(work, started)).toMatch(sentence);
    }
  });

  it('because its server is silent, and nothing stays behind', async () => {
    await using started = await start({ submoduleLimits: { timeoutMs: 700 } });
    const work = await repositoryWith(started);
    await withSubmodule(work, 'slow', remote.url('slow.git'), await headOf(work));
    remote.before = () => true;
    const pushed = await push(started, work);
    expect(pushed.shown).toContain(' !     The submodules were not fetched within 1 min.');
    await until(() => !execFileSync('ps', ['-eo', 'args']).toString().includes(remote.url('slow.git')));
    expect(await readdir(join(started.folder, 'data/fetching'))).toEqual([]);
  });

  it('because the way to its place leads through a link of another submodule', async () => {
    const linking = await remote.repository('linking.git', { a: 'a' });
    await symlink(shared.folder, join(linking, 'b'));
    await commit(linking, {});
    await remote.publish('linking.git');
    const thing = await remote.repository('thing.git', { escaped: 'x' });
    const work = await repositoryWith(shared);
    const tree = (...lines: string[]): string =>
      execFileSync('git', ['mktree'], { cwd: work, input: lines.join('\n') })
        .toString()
        .trim();
    const declared = ['a', 'a/b'].map((path, index) => {
      const url = remote.url(index === 0 ? 'linking.git' : 'thing.git');
      return `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`;
    });
    await commit(work, { '.gitmodules': declared.join('') });
    const inner = tree(`160000 commit ${await headOf(thing)}\tb`);
    const root = tree(
      `100644 blob ${await must(work, 'rev-parse', 'HEAD:.gitmodules')}\t.gitmodules`,
      `160000 commit ${await headOf(linking)}\ta`,
      `040000 tree ${inner}\ta`,
    );
    await must(work, 'reset', '-q', '--soft', await must(work, 'commit-tree', '-m', 'Evil', root));
    const into = await mkdtemp(join(shared.folder, 'into-'));
    const from = { repository: join(work, '.git'), commit: await headOf(work), into };
    await expect(shared.git.checkout(from)).rejects.toThrow(
      /^The submodule a\/b .* The way to its place leads through a symbolic link\.$/,
    );
    expect(await readdir(shared.folder)).not.toContain('escaped');
  });
});
