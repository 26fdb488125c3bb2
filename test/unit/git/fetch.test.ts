// Reading: protocol versions, packed request bodies, and requests that are not git's.
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { client, commit, must, repositoryWith, startServer, token, until } from './support.ts';

describe('reading', () => {
  it.each(['0', '1', '2'])('speaks protocol version %s', async (version) => {
    await using server = await startServer();
    await must(await repositoryWith(server), 'push', server.remote(), 'main');
    const trace = { GIT_TRACE_PACKET: '1' };
    const args = ['-c', `protocol.version=${version}`, 'clone', server.remote(), 'cloned'];
    const cloned = await client(server.folder, args, trace);
    expect(cloned.status).toBe(0);
    if (version !== '0') expect(cloned.shown).toContain(`< version ${version}`);
    const push = ['-c', `protocol.version=${version}`, 'push', server.remote(), 'main:other'];
    expect((await client(join(server.folder, 'cloned'), push)).status).toBe(0);
  });

  it('clones an app that was never pushed as empty, with main to begin on', async () => {
    await using server = await startServer();
    const cloned = await client(server.folder, ['clone', server.remote(), 'cloned']);
    expect(cloned.shown).toContain('You appear to have cloned an empty repository');
    expect(await must(join(server.folder, 'cloned'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
  });

  it('unpacks the request of a client with much to tell', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    // Each branch that a clone wants is a line of its request; git packs requests of more than 1024 bytes.
    for (let count = 0; count < 30; count += 1) {
      await commit(work, {}, `Own ${count}`);
      await must(work, 'branch', `b${count}`);
    }
    await must(work, 'push', '-q', '--all', server.remote());
    await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
    const encodings = server.requests.map(({ headers }) => headers['content-encoding']);
    expect(encodings).toContain('gzip');
    expect((await must(join(server.folder, 'cloned'), 'branch', '-r')).split('\n')).toHaveLength(32);
  });

  it('answers others in plain words', async () => {
    await using server = await startServer();
    const dumb = await fetch(`${server.url}/hello.git/info/refs`);
    expect([dumb.status, await dumb.text()]).toEqual([403, expect.stringContaining('smart HTTP')]);
    const asked = await fetch(`${server.url}/hello.git/info/refs?service=git-upload-pack`);
    expect(asked.status).toBe(401);
    expect(asked.headers.get('www-authenticate')).toMatch(/^Basic /);
    expect((await fetch(`${server.url}/apps`)).status).toBe(418);
    const broken = await fetch(`${server.url}/hello.git/git-upload-pack`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`:${token}`)}`,
        'content-type': 'application/x-git-upload-pack-request',
        'content-encoding': 'gzip',
      },
      body: 'not packed at all',
    });
    expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('cannot be read')]);
    expect(server.problems).toEqual([]);
  });

  it('says continue to a client that asks before it sends', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const args = ['-c', 'http.postBuffer=65536', '-c', `http.extraHeader=Expect: 100-continue`];
    await must(work, ...args, 'push', server.remote(), 'main');
    const posts = server.requests.filter(({ method }) => method === 'POST');
    expect(posts.at(-1)?.headers.expect).toBe('100-continue');
  });

  it('cuts a connection that is silent for too long', async () => {
    await using server = await startServer(undefined, { idleMs: 100 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      `POST /hello.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(`:${token}`)}\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 100\r\n\r\n00`,
    );
    socket.on('error', () => {});
    await once(socket, 'close');
    await until(() => server.requests[0]?.destroyed === true);
    expect(server.pushes).toEqual([]);
  });
});
