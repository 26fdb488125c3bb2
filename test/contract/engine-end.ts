// Contract: how containers end, and who is told.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Bench } from './engine.ts';

export function endCases(bench: Bench): void {
  test('a stop asks first, and the program ends as it likes', async () => {
    const id = await bench.run('obeys');
    await bench.printed(id, 'ready');
    expect(await bench.engine.stop(id, { graceSeconds: 30 })).toBe('ended');
    expect(await bench.engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 3 });
    await bench.printed(id, 'asked to end');
    expect(await bench.engine.stop(id, { graceSeconds: 30 })).toBe('ended');
  });

  test('a program without a handler ends by the signal', async () => {
    const id = await bench.run('sleeps');
    await bench.engine.stop(id, { graceSeconds: 30 });
    expect(await bench.engine.wait(id)).toBe(143);
  });

  test('every process is asked, not only the first', async () => {
    const id = await bench.run('family');
    await Promise.all([bench.printed(id, 'parent'), bench.printed(id, 'child')]);
    await bench.engine.stop(id, { graceSeconds: 30 });
    expect(await bench.engine.wait(id)).toBe(0);
    await bench.printed(id, 'parent asked');
    const lines = await bench.engine.lastLines(id, 50);
    expect(lines.filter((line) => line === 'child asked')).toHaveLength(1);
    expect(lines.filter((line) => line === 'parent asked')).toHaveLength(1);
  });

  test('after the grace it is killed', async () => {
    const id = await bench.run('ignores');
    await bench.printed(id, 'ready');
    expect(await bench.engine.stop(id, { graceSeconds: 1 })).toBe('killed');
    expect(await bench.engine.inspect(id)).toMatchObject({
      state: 'exited',
      exitCode: 137,
      oomKilled: false,
    });
  });

  test('a signal reaches the program, which goes on', async () => {
    const id = await bench.run('listens');
    await bench.printed(id, 'ready');
    await bench.engine.kill(id, 'SIGUSR1');
    await bench.printed(id, 'got USR1');
    expect((await bench.engine.inspect(id)).state).toBe('running');
    await expect(bench.engine.kill(id, 'SIGNONE; reboot')).rejects.toMatchObject({ code: 'bad_request' });
    await bench.engine.kill(id, 'SIGKILL');
    expect(await bench.engine.wait(id)).toBe(137);
    await expect(bench.engine.kill(id, 'SIGUSR1')).rejects.toMatchObject({ code: 'conflict' });
    await expect(bench.engine.kill(id, 'SIGKILL')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a signal that ends one with a restart policy ends it for good', async () => {
    const id = await bench.run('sleeps', { restart: 'unless-stopped' });
    await bench.engine.kill(id, 'SIGUSR1');
    await bench.engine.wait(id);
    await delay(1500);
    expect((await bench.engine.inspect(id)).state).toBe('exited');
  });

  test('a wait begun before the start learns of the end, as does every other', async () => {
    const id = await bench.create('fails');
    const early = [bench.engine.wait(id), bench.engine.wait(id)];
    await bench.engine.start(id);
    expect(await Promise.all([...early, bench.engine.wait(id)])).toEqual([7, 7, 7]);
    expect(await bench.engine.wait(id)).toBe(7);
  });

  test('a wait is given up by its signal', async () => {
    const id = await bench.run('sleeps');
    const giveUp = new AbortController();
    const waiting = bench.engine.wait(id, { signal: giveUp.signal });
    giveUp.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(bench.engine.wait(id, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect((await bench.engine.inspect(id)).state).toBe('running');
  });

  test('removal ends a running one, and those who wait learn it', async () => {
    const running = await bench.run('sleeps');
    const never = await bench.create('sleeps');
    const waiting = bench.engine.wait(running);
    const hopeless = expect(bench.engine.wait(never)).rejects.toMatchObject({ code: 'not_found' });
    // The waits must be known to the engine before the removal: a container is looked at after it is waited for.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await Promise.all([bench.engine.remove(running), bench.engine.remove(running)]);
    await bench.engine.remove(never);
    expect(await waiting).toBe(137);
    await hopeless;
    expect(await bench.engine.list(bench.labels)).toEqual([]);
  });

  test('killed for memory is said', async () => {
    const id = await bench.run('hungry', { memory: 20 * 1_048_576 });
    expect(await bench.engine.wait(id)).toBe(137);
    expect(await bench.engine.inspect(id)).toMatchObject({ oomKilled: true, exitCode: 137 });
  });
}
