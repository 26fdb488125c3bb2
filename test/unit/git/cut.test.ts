// Pushes that lose their pusher, their server or their app half way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Push } from '../../../platform/git/git.ts';
import {
  client,
  gitProcesses,
  must,
  repositoryWith,
  startClient,
  startServer,
  type TestServer,
  until,
} from './support.ts';

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** A push that was interrupted, as by Ctrl-C in a terminal, once the deploy had begun. */
async function interruptedPush(server: TestServer): Promise<void> {
  const push = startClient(await repositoryWith(server), ['push', server.remote(), 'main']);
  const closed = once(push, 'close');
  await until(() => server.pushes.length === 1);
  process.kill(-push.pid!, 'SIGINT');
  await closed;
}

describe('a push that is cut', () => {
  it('is cancelled before it is kept, and can be pushed again', async () => {
    let reason: unknown;
    await using server = await startServer(async ({ signal }: Push) => {
      if (server.pushes.length > 1) return;
      await aborted(signal).catch((error) => {
        reason = error;
        throw error;
      });
    });
    await interruptedPush(server);
    await until(() => reason !== undefined);
    expect(reason).toMatchObject({ code: 'cancelled', message: 'The connection to git was lost.' });
    expect(() => server.pushes[0]!.keep()).toThrow('The connection to git was lost.');
    await until(async () => (await gitProcesses(server)).length === 0);
    expect(await server.git.head('id-of-hello')).toBeNull();
    const repository = await server.git.ensureRepository('id-of-hello');
    await until(
      async () => !(await readdir(join(repository, 'objects'))).some((name) => name.startsWith('tmp')),
    );
    await must(await repositoryWith(server), 'push', server.remote(), 'main');
    expect(server.problems).toEqual([]);
  });

  it('goes on to its end once it is kept', async () => {
    let finish = (): void => {};
    await using server = await startServer(async ({ keep, write, signal }: Push) => {
      keep();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      // More than a pipe holds, to nobody.
      for (let count = 0; count < 5000; count += 1) write(`a line that nobody reads any more ${count}`);
      expect(signal.aborted).toBe(false);
    });
    await interruptedPush(server);
    finish();
    await until(async () => (await server.git.head('id-of-hello')) !== null);
    expect((await server.git.head('id-of-hello'))?.commit).toBe(server.pushes[0]?.update.to);
    await until(async () => (await gitProcesses(server)).length === 0);
    expect(server.problems).toEqual([]);
  });

  it('is not stored when the deploy ends well after the loss without having kept it', async () => {
    await using server = await startServer(({ signal }) => aborted(signal).catch(() => {}));
    await interruptedPush(server);
    await until(async () => (await gitProcesses(server)).length === 0);
    expect(await server.git.head('id-of-hello')).toBeNull();
  });

  it('is told when the server stops, but not when it is kept', async () => {
    await using server = await startServer(async ({ app, signal, keep }: Push) => {
      if (app.name === 'hello') await aborted(signal);
      keep();
      await until(() => closing);
    });
    let closing = false;
    const work = await repositoryWith(server);
    const cancelled = client(work, ['push', server.remote('hello'), 'main']);
    const kept = client(work, ['push', server.remote('other'), 'main']);
    await until(() => server.pushes.length === 2);
    closing = true;
    await server.git.close();
    expect((await cancelled).shown).toContain(' !     The server is stopping. Try again in a moment.');
    expect((await kept).status).toBe(0);
    const late = await client(work, ['push', server.remote('hello'), 'main']);
    expect(late.shown).toContain('remote: The server is stopping.');
  });

  it('ends with its app', async () => {
    await using server = await startServer(({ signal }) => aborted(signal));
    const pushed = client(await repositoryWith(server), ['push', server.remote(), 'main']);
    await until(() => server.pushes.length === 1);
    await server.git.removeRepository('id-of-hello');
    expect((await pushed).shown).toContain(' !     The app was destroyed.');
    expect(await server.git.head('id-of-hello')).toBeNull();
  });

  it('is refused by the hook when the server is killed', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const repository = await server.git.ensureRepository('id-of-hello');
    // git receive-pack as the server starts it, with nobody at the other end of the hook's descriptors.
    const hooks = join(import.meta.dirname, '../../../platform/git/hooks');
    const program = join(server.folder, 'receive-pack');
    const command = `exec git -c core.hooksPath=${hooks} receive-pack "$1" 3>/dev/null 4</dev/null 5</dev/null`;
    await writeFile(program, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    const pushed = await client(work, ['push', `--receive-pack=${program}`, `file://${repository}`, 'main']);
    expect(pushed.shown).toContain(' !     The server stopped before this push was decided.');
    expect(await server.git.head('id-of-hello')).toBeNull();
  });

  it('leaves nothing behind when the server is killed in the middle of a deploy', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const program = join(import.meta.dirname, 'stuck-server.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, server.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let port = '';
    child.stdout.on('data', (chunk) => {
      port += chunk;
    });
    await until(() => port.endsWith('\n'));
    const push = client(work, ['push', `http://x:y@127.0.0.1:${port.trim()}/hello.git`, 'main']);
    await until(() => port.includes('deploying'));
    expect((await gitProcesses(server)).length).toBeGreaterThan(1);
    child.kill('SIGKILL');
    expect((await push).status).not.toBe(0);
    await until(async () => (await gitProcesses(server)).length === 0);
    expect(await server.git.head('id-of-hello')).toBeNull();
    await must(await server.git.ensureRepository('id-of-hello'), 'fsck', '--strict');
  });
});
