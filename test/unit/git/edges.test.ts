// Pushes at the edges, by a real git client: what the pusher reads, and that what was there before is there after.
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { client, commit, must, repositoryWith, startServer, type TestServer } from './support.ts';

/** A server that checks out what is deployed, as a build does. */
async function startWithCheckout(): Promise<TestServer & { trees: string[] }> {
  const trees: string[] = [];
  const server: TestServer = await startServer(async ({ repository, gitEnv, update, signal, write }) => {
    const into = await mkdtemp(join(server.folder, 'into-'));
    const { warnings } = await server.git.checkout({ repository, gitEnv, commit: update.to, into, signal });
    for (const warning of warnings) write(` !     ${warning}`);
    trees.push(into);
  });
  return Object.assign(server, { trees });
}

async function writeRandom(file: string, megabytes: number): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'w');
  const chunk = Buffer.alloc(1024 * 1024);
  for (let count = 0; count < megabytes; count += 1) {
    hash.update(randomFillSync(chunk));
    await handle.write(chunk);
  }
  await handle.close();
  return hash.digest('hex');
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

describe('a push', () => {
  it('of a 200 MB file arrives whole', async () => {
    await using server = await startWithCheckout();
    const work = await repositoryWith(server);
    const sum = await writeRandom(join(work, 'blob'), 200);
    for (const [key, value] of [
      ['core.compression', '0'],
      ['core.bigFileThreshold', '1m'],
    ])
      await must(work, 'config', key!, value!);
    await commit(work, {});
    const pushed = await client(work, ['push', server.remote(), 'main']);
    expect(pushed.status).toBe(0);
    expect((await stat(join(server.trees[0]!, 'blob'))).size).toBe(200 * 1024 * 1024);
    expect(await hashOf(join(server.trees[0]!, 'blob'))).toBe(sum);
    expect(server.problems).toEqual([]);
  });

  it('names Git LFS pointers to the pusher', async () => {
    await using server = await startWithCheckout();
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
    const pushed = await client(await repositoryWith(server, { 'img/logo.png': pointer }), [
      'push',
      server.remote(),
      'main',
    ]);
    expect(pushed.status).toBe(0);
    expect(pushed.shown).toContain(
      'remote:  !     img/logo.png is a Git LFS pointer: the app gets the pointer',
    );
  });

  it('of names that are not UTF-8 keeps their bytes', async () => {
    await using server = await startWithCheckout();
    const work = await repositoryWith(server);
    const name = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
    await writeFile(Buffer.concat([Buffer.from(`${work}/`), name]), 'latin');
    await commit(work, {});
    expect((await client(work, ['push', server.remote(), 'main'])).status).toBe(0);
    const names = await readdir(server.trees[0]!, { encoding: 'buffer' });
    expect(names.some((one) => one.equals(name))).toBe(true);
  });

  it('of nothing is answered by git, and leaves the app without a commit', async () => {
    await using server = await startServer();
    await must(server.folder, 'init', '-q', '-b', 'main', 'empty');
    const empty = join(server.folder, 'empty');
    expect((await client(empty, ['push', server.remote(), 'main'])).shown).toContain('src refspec main does');
    expect((await client(empty, ['push', '--all', server.remote()])).shown).toContain('No refs in common');
    expect(await server.git.head('id-of-hello')).toBeNull();
    expect(server.pushes).toEqual([]);
  });

  it('of an older commit needs --force, and then deploys it', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const first = await must(work, 'rev-parse', 'HEAD');
    const second = await commit(work, { 'b.js': 'b' });
    await must(work, 'push', server.remote(), 'main');
    const plain = await client(work, ['push', server.remote(), `${first}:main`]);
    expect(plain.shown).toMatch(/rejected.*non-fast-forward/);
    expect((await server.git.head('id-of-hello'))?.commit).toBe(second);
    expect(server.pushes).toHaveLength(1);
    await must(work, 'push', '--force', server.remote(), `${first}:main`);
    expect(server.pushes[1]?.update).toMatchObject({ from: second, to: first });
    expect((await server.git.head('id-of-hello'))?.commit).toBe(first);
  });

  it('that deletes the deployed branch changes nothing, also next to what would be allowed', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const id = await must(work, 'rev-parse', 'HEAD');
    await must(work, 'push', server.remote(), 'main');
    const deleted = await client(work, ['push', server.remote(), ':main', 'main:other']);
    expect(deleted.status).toBe(1);
    expect(deleted.shown).toContain('main is the branch that is deployed and cannot be deleted');
    expect(await must(work, 'ls-remote', server.remote())).toBe(`${id}\tHEAD\n${id}\trefs/heads/main`);
  });

  it('onto a nearly full disk is refused before it is packed; reading goes on', async () => {
    let full = false;
    await using server = await startServer(undefined, {
      requireSpace: async () => {
        if (full) throw new PlatformError('service_unavailable', "The server's disk is nearly full: 3 MB.");
      },
    });
    const work = await repositoryWith(server);
    await must(work, 'push', server.remote(), 'main');
    const before = await server.git.head('id-of-hello');
    full = true;
    await commit(work, { 'b.js': 'b' });
    const refused = await client(work, ['push', server.remote(), 'main']);
    expect(refused.status).toBe(128);
    expect(refused.shown).toContain("remote: The server's disk is nearly full: 3 MB.");
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(await server.git.head('id-of-hello')).toEqual(before);
    await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
    full = false;
    await must(work, 'push', server.remote(), 'main');
    expect(server.problems).toEqual([]);
  });
});
