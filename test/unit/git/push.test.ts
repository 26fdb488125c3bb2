// Pushes by a real git client: what is stored, what is refused, and what the pusher reads.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { client, commit, must, repositoryWith, startClient, startServer, until } from './support.ts';

describe('a push', () => {
  it('deploys, and can be cloned, fetched and pushed again', async () => {
    await using server = await startServer(async (push) => push.write('-----> Built'));
    const work = await repositoryWith(server);
    const first = await must(work, 'rev-parse', 'HEAD');
    expect(await server.git.head('id-of-hello')).toBeNull();
    const pushed = await client(work, ['push', server.remote(), 'main']);
    expect(pushed.shown).toContain('remote: -----> Built');
    expect(pushed.status).toBe(0);
    expect(server.pushes[0]).toMatchObject({
      app: { id: 'id-of-hello', name: 'hello' },
      user: { id: 'user-1', email: 'ada@example.com' },
      branch: 'main',
      update: { ref: 'refs/heads/main', from: '0'.repeat(40), to: first },
    });
    expect(await server.git.head('id-of-hello')).toEqual({ branch: 'main', commit: first });

    await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
    const cloned = join(server.folder, 'cloned');
    const second = await commit(work, { 'b.js': 'b' });
    await must(work, 'push', server.remote(), 'main');
    await must(cloned, 'fetch', '-q');
    expect(await must(cloned, 'rev-parse', 'origin/main')).toBe(second);
    expect(server.pushes[1]?.update).toEqual({ ref: 'refs/heads/main', from: first, to: second });

    expect((await client(work, ['push', server.remote(), 'main'])).shown).toContain('Everything up-to-date');
    await must(work, 'commit', '-q', '--amend', '-m', 'Rewritten');
    await must(work, 'push', '--force', server.remote(), 'main');
    expect(server.pushes).toHaveLength(3);
    expect(server.problems).toEqual([]);
  });

  it('shows each line as it is written', async () => {
    const steps: (() => void)[] = [];
    await using server = await startServer(async (push) => {
      for (const line of ['one', 'two', 'three']) {
        push.write(line);
        await new Promise<void>((resolve) => steps.push(resolve));
      }
    });
    const work = await repositoryWith(server);
    const push = startClient(work, ['push', server.remote(), 'main']);
    let shown = '';
    push.stderr!.on('data', (chunk) => {
      shown += chunk;
    });
    for (const [index, line] of ['one', 'two', 'three'].entries()) {
      await until(() => shown.includes(`remote: ${line}`));
      expect(steps).toHaveLength(index + 1);
      steps[index]!();
    }
    expect(await new Promise((resolve) => push.once('close', resolve))).toBe(0);
  });

  it('is refused with the sentence of the deploy', async () => {
    await using server = await startServer(async () => {
      throw new PlatformError('build_failed', 'There is no package.json.\nAdd one.');
    });
    const pushed = await client(await repositoryWith(server), ['push', server.remote(), 'main']);
    expect(pushed.status).toBe(1);
    expect(pushed.shown).toContain('remote:  !     There is no package.json.\nremote:  !     Add one.\n');
    expect(pushed.shown).toContain('[remote rejected] main -> main (pre-receive hook declined)');
    expect(await server.git.head('id-of-hello')).toBeNull();
  });

  it('does not repeat what was shown, and hides what is not for the user', async () => {
    let error: Error = new PlatformError('build_failed', 'Said before.', { shown: true });
    await using server = await startServer(async () => {
      throw error;
    });
    const work = await repositoryWith(server);
    expect((await client(work, ['push', server.remote(), 'main'])).shown).not.toContain('Said before');
    error = new Error('stack and secrets');
    const pushed = await client(work, ['push', server.remote(), 'main']);
    expect(pushed.shown).toContain(' !     The platform failed while it handled this push');
    expect(pushed.shown).not.toContain('secrets');
    expect(server.problems.join()).toContain('stack and secrets');
  });

  it('stores other branches and tags with a notice', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    await must(work, 'tag', '-a', 'v1', '-m', 'one');
    const branch = await client(work, ['push', server.remote(), 'main:feature']);
    expect(branch.shown).toContain('remote:  !     Pushed to feature, which is not deployed: push to main');
    const tag = await client(work, ['push', server.remote(), 'v1']);
    expect(tag.status).toBe(0);
    expect(tag.shown).toContain('remote:  !     v1 is a tag, and is stored without being deployed.');
    expect(server.pushes).toEqual([]);
    expect(await must(work, 'ls-remote', server.remote())).toMatch(/refs\/heads\/feature\n.*refs\/tags\/v1/);
    await must(work, 'push', '-q', server.remote(), ':feature');
    expect(await must(work, 'ls-remote', server.remote())).not.toContain('feature');
  });

  it('of master makes master what a clone checks out', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    await must(work, 'push', server.remote(), 'main:master');
    expect((await server.git.head('id-of-hello'))?.branch).toBe('master');
    await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
    expect(await must(join(server.folder, 'cloned'), 'branch', '--show-current')).toBe('master');
  });

  it('may not delete main, update main and master at once, or deploy a tag', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    await must(work, 'tag', '-a', 'v1', '-m', 'one');
    const tag = await client(work, ['push', server.remote(), 'v1:refs/heads/main']);
    expect(tag.shown).toMatch(/ ! {5}What was pushed to main is a tag, and only a commit can be deployed/);
    const both = await client(work, ['push', server.remote(), 'main', 'main:master']);
    expect(both.shown).toMatch(/ ! {5}This push updates both main and master/);
    expect(await server.git.head('id-of-hello')).toBeNull();
    expect(server.pushes).toEqual([]);
    await must(work, 'push', server.remote(), 'main');
    const deleted = await client(work, ['push', server.remote(), ':main']);
    expect(deleted.shown).toMatch(/ ! {5}main is the branch that is deployed and cannot be deleted/);
    expect((await server.git.head('id-of-hello'))?.branch).toBe('main');
  });

  it('of an empty repository is answered by git itself', async () => {
    await using server = await startServer();
    await must(server.folder, 'init', '-q', '-b', 'main', 'empty');
    const pushed = await client(join(server.folder, 'empty'), ['push', server.remote(), 'main']);
    expect(pushed.shown).toContain('src refspec main does not match any');
  });

  it('needs a valid token and an app that exists', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const wrong = await client(work, ['push', server.remote('hello', 'wrong'), 'main']);
    expect(wrong.status).toBe(128);
    expect(wrong.shown).toMatch(/remote: This token is not valid here\. Log in again with: twelve login/);
    const none = await client(work, ['push', `${server.url}/hello.git`, 'main']);
    expect(none.shown).toMatch(/could not read Username|terminal prompts disabled/);
    const unknown = await client(work, ['push', server.remote('nowhere'), 'main']);
    expect(unknown.shown).toContain('remote: There is no app "nowhere", or you have no access to it.');
    const misspelt = await client(work, ['push', server.remote().replace('.git', ''), 'main']);
    expect(misspelt.shown).toContain('remote: Repositories end in .git here: use hello.git');
  });

  it('from a shallow clone works, and so does all that follows', async () => {
    await using server = await startServer(async (push) => {
      const described = await server.git.describeCommit({ ...push, commit: push.update.to });
      push.write(`deploying ${described.subject} by ${described.author}`);
    });
    const work = await repositoryWith(server);
    for (const name of ['a', 'b', 'c']) await commit(work, { [name]: name }, `Add ${name}`);
    await must(server.folder, 'clone', '-q', '--depth=1', `file://${work}`, 'shallow');
    const shallow = join(server.folder, 'shallow');
    const first = await client(shallow, ['push', server.remote(), 'main']);
    expect(first.shown).toContain('remote: deploying Add c by Ada <ada@example.com>');
    expect(first.status).toBe(0);
    await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
    await commit(shallow, { d: 'd' });
    await must(shallow, 'push', server.remote(), 'main');
    await must(shallow, 'fetch', '-q', '--unshallow');
    const tip = await commit(shallow, { e: 'e' });
    await must(shallow, 'push', server.remote(), 'main');
    expect(await server.git.head('id-of-hello')).toEqual({ branch: 'main', commit: tip });
    await must(join(server.folder, 'cloned'), 'pull', '-q');
    expect(await must(join(server.folder, 'cloned'), 'rev-parse', 'HEAD')).toBe(tip);
    await must(server.folder, 'clone', '-q', server.remote(), 'again');
    expect(server.problems).toEqual([]);
  });

  it('streams large packs in chunks, within the limit', async () => {
    await using server = await startServer(undefined, { maxPushBytes: 6_000_000 });
    const work = await repositoryWith(server);
    await writeFile(join(work, 'blob'), randomBytes(4_000_000));
    await commit(work, {});
    expect((await client(work, ['push', server.remote(), 'main'])).status).toBe(0);
    const posts = server.requests.filter(({ method, url }) => method === 'POST' && url?.includes('receive'));
    expect(posts.at(-1)?.headers['transfer-encoding']).toBe('chunked');
    await writeFile(join(work, 'blob'), randomBytes(8_000_000));
    await commit(work, {});
    const refused = await client(work, ['push', server.remote(), 'main']);
    expect(refused.status).not.toBe(0);
    expect(refused.shown).toContain('pack exceeds maximum allowed size');
    expect(server.pushes).toHaveLength(1);
  });

  it('next to others at the same time harms none of them', async () => {
    let running = 0;
    await using server = await startServer(async () => {
      if (running > 0) throw new PlatformError('conflict', 'ada@example.com is deploying since 12:00.');
      running += 1;
      await until(() => server.pushes.length === 3);
      running -= 1;
    });
    const works = await Promise.all([1, 2, 3].map((n) => repositoryWith(server, { name: `${n}` })));
    const ran = await Promise.all(works.map((work) => client(work, ['push', '-f', server.remote(), 'main'])));
    expect(ran.filter(({ status }) => status === 0)).toHaveLength(1);
    const refused = ran.filter(({ shown }) => shown.includes(' !     ada@example.com is deploying since'));
    expect(refused).toHaveLength(2);
    const winner = works[ran.findIndex(({ status }) => status === 0)]!;
    expect((await server.git.head('id-of-hello'))?.commit).toBe(await must(winner, 'rev-parse', 'HEAD'));
    await must(await server.git.ensureRepository('id-of-hello'), 'fsck', '--strict');
  });
});
