// Pushes that are kept before git stores them: the branch can follow a deploy whatever ended the push.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  client,
  commit,
  gitProcesses,
  must,
  repositoryWith,
  startServer,
  type TestServer,
  until,
} from './support.ts';

const app = 'id-of-hello';

/** A push to a server of its own on the same folder, which keeps it and is killed before it ends. */
async function killedPush(server: TestServer, work: string, refs = 'main'): Promise<void> {
  const program = join(import.meta.dirname, 'stuck-server.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, server.folder, 'store'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await until(() => printed.endsWith('\n'));
  const push = client(work, ['push', '-f', `http://x:y@127.0.0.1:${printed.trim()}/hello.git`, refs]);
  await until(() => printed.includes('deploying'));
  child.kill('SIGKILL');
  expect((await push).status).not.toBe(0);
  await until(async () => (await gitProcesses(server)).length === 0);
}

const notes = async (server: TestServer): Promise<string[]> =>
  (await readdir(await server.git.ensureRepository(app))).filter((name) => name.startsWith('deploying-'));

describe('a push that is kept', () => {
  it('outlives the server and git: its branch can be moved to it', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    await must(work, 'push', server.remote(), 'main');
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`folder/${n}.txt`, `${n}\n`]));
    const deployed = await commit(work, files);
    await killedPush(server, work);
    expect((await server.git.head(app))?.commit).not.toBe(deployed);

    const [push, ...others] = await server.git.unfinished(app);
    expect(others).toEqual([]);
    expect(push).toMatchObject({ branch: 'main', commit: deployed });
    await server.git.moveBranch(app, push!);
    await push!.forget();
    expect(await server.git.unfinished(app)).toEqual([]);
    expect(await server.git.head(app)).toEqual({ branch: 'main', commit: deployed });
    await must(await server.git.ensureRepository(app), 'fsck', '--strict');
    await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
    expect(await must(join(server.folder, 'cloned'), 'rev-parse', 'HEAD')).toBe(deployed);
  });

  it('may be the first one, and to master', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const first = await must(work, 'rev-parse', 'HEAD');
    await killedPush(server, work, 'main:master');
    const [push] = await server.git.unfinished(app);
    expect(push).toMatchObject({ branch: 'master', commit: first });
    await server.git.moveBranch(app, push!);
    expect(await server.git.head(app)).toEqual({ branch: 'master', commit: first });
    const repository = await server.git.ensureRepository(app);
    expect(await must(repository, 'symbolic-ref', 'HEAD')).toBe('refs/heads/master');
  });

  it('can be pushed again when nobody moved its branch, and stays one pack', async () => {
    await using server = await startServer(async ({ store }) => store());
    const work = await repositoryWith(server);
    await killedPush(server, work);
    await must(work, 'push', server.remote(), 'main');
    expect((await server.git.head(app))?.commit).toBe(await must(work, 'rev-parse', 'HEAD'));
    const packs = join(await server.git.ensureRepository(app), 'objects', 'pack');
    expect((await readdir(packs)).filter((name) => name.endsWith('.pack'))).toHaveLength(1);
    expect((await readdir(packs)).filter((name) => name.endsWith('.keep'))).toEqual([]);
    expect(server.problems).toEqual([]);
  });

  it('leaves no note when it ends by itself, well or not', async () => {
    let works = true;
    await using server = await startServer(async ({ store }) => {
      await store();
      expect(await notes(server)).toHaveLength(1);
      if (!works) throw new Error('on purpose');
    });
    const work = await repositoryWith(server);
    await must(work, 'push', server.remote(), 'main');
    expect(await notes(server)).toEqual([]);
    works = false;
    await commit(work, { 'b.js': 'b' });
    expect((await client(work, ['push', server.remote(), 'main'])).status).not.toBe(0);
    expect(await notes(server)).toEqual([]);
  });

  it('leaves no note either when the deploy fails while its objects are being kept', async () => {
    await using server = await startServer(async ({ store }) => {
      store().catch(() => undefined);
      throw new Error('on purpose');
    });
    const work = await repositoryWith(server);
    expect((await client(work, ['push', server.remote(), 'main'])).status).not.toBe(0);
    expect(await notes(server)).toEqual([]);
  });

  it('from a shallow clone leaves the repository whole', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    for (const n of [1, 2, 3]) await commit(work, { 'a.txt': `${n}` });
    await must(server.folder, 'clone', '-q', '--depth=1', `file://${work}`, 'shallow');
    await killedPush(server, join(server.folder, 'shallow'));
    expect(await server.git.unfinished(app)).toEqual([]);
    await must(await server.git.ensureRepository(app), 'fsck', '--strict');
  });
});

it('what a killed server left of a push is cleared away at the next start', async () => {
  await using server = await startServer();
  const objects = join(await server.git.ensureRepository(app), 'objects');
  await killedPush(server, await repositoryWith(server));
  await mkdir(join(objects, 'tmp_objdir-incoming-A1b2C3', 'pack'), { recursive: true });
  // A note and a repository that it was about to make.
  await writeFile(join(objects, '..', `deploying-${randomUUID()}.new`), 'main');
  const folder = join(server.folder, 'data');
  await mkdir(join(folder, 'id-of-new.git.new-Ab12_x', 'refs'), { recursive: true });
  await using next = await startServer(undefined, { folder });
  expect((await readdir(objects)).filter((name) => name.startsWith('tmp'))).toEqual([]);
  expect((await notes(next)).filter((name) => name.endsWith('.new'))).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual(['fetching', `${app}.git`]);
  expect(await next.git.unfinished(app)).toHaveLength(1);
});

describe('a lock that a killed git left', () => {
  const names = ['HEAD.lock', 'packed-refs.lock', 'refs/heads/main.lock', 'refs/tags/deep/v1.lock'];
  const leave = async (repository: string): Promise<void> => {
    await mkdir(join(repository, 'refs/tags/deep'), { recursive: true });
    for (const name of names) await writeFile(join(repository, name), '');
  };
  const locks = async (repository: string): Promise<string[]> =>
    (await readdir(repository, { recursive: true })).filter((name) => name.endsWith('.lock')).sort();

  it('is gone after the next start, and the branch moves again', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    await must(work, 'push', server.remote(), 'main');
    const repository = await server.git.ensureRepository(app);
    const next = await commit(work, { 'b.js': 'b' });
    await killedPush(server, work);
    await leave(repository);
    const [push] = await server.git.unfinished(app);
    await expect(server.git.moveBranch(app, push!)).rejects.toThrow('File exists');
    await using again = await startServer(undefined, { folder: join(server.folder, 'data') });
    expect(await locks(repository)).toEqual([]);
    await again.git.moveBranch(app, push!);
    expect((await again.git.head(app))?.commit).toBe(next);
    expect(again.problems).toEqual([]);
  });

  it('is its own while that git still runs', async () => {
    await using server = await startServer();
    const repository = await server.git.ensureRepository(app);
    await leave(repository);
    const living = spawn('git', ['cat-file', '--batch'], { env: { ...process.env, GIT_DIR: repository } });
    await using _next = await startServer(undefined, { folder: join(server.folder, 'data') });
    expect(await locks(repository)).toEqual([...names].sort());
    living.stdin.end();
    await new Promise((resolve) => living.once('close', resolve));
    await using _last = await startServer(undefined, { folder: join(server.folder, 'data') });
    expect(await locks(repository)).toEqual([]);
  });
});

it('a branch that moved during a deploy is the last commit that was deployed all the same', async () => {
  let other: string | undefined;
  await using server = await startServer(async ({ store }) => {
    await store();
    if (other) await server.git.moveBranch(app, { branch: 'main', commit: other });
  });
  const work = await repositoryWith(server);
  for (const name of ['b.js', 'c.js']) {
    await must(work, 'push', server.remote(), 'main');
    other = name === 'c.js' ? await must(work, 'rev-parse', 'HEAD~1') : undefined;
    await commit(work, { [name]: 'text' });
  }
  const pushed = await client(work, ['push', server.remote(), 'main']);
  expect(pushed.shown).toMatch(/remote rejected.*main -> main/);
  expect(server.problems.join()).toMatch(/git did not update refs\/heads\/main .* so it was moved to/s);
  expect((await server.git.head(app))?.commit).toBe(await must(work, 'rev-parse', 'HEAD'));
  expect(await notes(server)).toEqual([]);
});

it('a push that began before another one moved the branch is refused before anything is deployed', async () => {
  await using server = await startServer();
  const work = await repositoryWith(server);
  const first = await must(work, 'rev-parse', 'HEAD');
  await must(work, 'push', server.remote(), 'main');
  await commit(work, { 'b.js': 'b' });
  await must(work, 'push', server.remote(), 'main');
  // git runs this hook when it has been told where the branch is, and has sent nothing yet.
  const repository = await server.git.ensureRepository(app);
  const move = `exec git --git-dir='${repository}' update-ref refs/heads/main ${first}`;
  const hooks = join(work, '.git', 'hooks');
  await mkdir(hooks, { recursive: true });
  await writeFile(join(hooks, 'pre-push'), `#!/bin/sh\n${move}\n`, { mode: 0o755 });
  await commit(work, { 'c.js': 'c' });
  const pushed = await client(work, ['push', server.remote(), 'main']);
  expect(pushed.shown).toContain(
    ` !     main was moved to ${first.slice(0, 10)} by another push since this one began. Nothing was deployed: push again.`,
  );
  expect(server.pushes).toHaveLength(2);
  expect((await server.git.head(app))?.commit).toBe(first);
});
