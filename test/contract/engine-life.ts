// Contract: a container from creation to removal, looked at from every side.
import { expect, test } from 'vitest';
import type { Bench } from './engine.ts';
import { inside } from './programs.ts';

export function lifeCases(bench: Bench): void {
  test('created, running, ended: each shown as what it is', async () => {
    const spec = bench.spec('fails', { labels: { ...bench.labels, 'twelve.role': 'life' } });
    const id = await bench.engine.create(spec);
    const image = await bench.engine.image(bench.image);
    expect(await bench.engine.inspect(id)).toMatchObject({
      id,
      name: spec.name,
      labels: spec.labels,
      imageId: image?.id,
      state: 'created',
      startedAt: null,
      finishedAt: null,
      exitCode: null,
      pid: null,
      addresses: {},
    });
    await bench.engine.start(id);
    expect(await bench.engine.wait(id)).toBe(7);
    const ended = await bench.engine.inspect(id);
    expect(ended).toMatchObject({ state: 'exited', exitCode: 7, pid: null, oomKilled: false, addresses: {} });
    expect(Date.parse(ended.finishedAt!)).toBeGreaterThanOrEqual(Date.parse(ended.startedAt!));
  });

  test('what runs is not lost, whoever started it', async () => {
    const running = await bench.run('sleeps');
    const created = await bench.create('sleeps');
    const other = bench.connect();
    await other.endLost(bench.labels);
    expect((await other.inspect(running)).state).toBe('running');
    await other.start(created);
    await other.endLost(bench.labels);
    expect((await other.inspect(created)).state).toBe('running');
  });

  test('starting a running container does nothing', async () => {
    const id = await bench.run('sleeps');
    const before = await bench.engine.inspect(id);
    await bench.engine.start(id);
    const after = await bench.engine.inspect(id);
    expect(before).toMatchObject({ state: 'running', exitCode: null, finishedAt: null });
    expect(before.pid).toBeGreaterThan(0);
    expect(after).toEqual(before);
  });

  test('a name is used once', async () => {
    const spec = bench.spec('sleeps');
    await bench.engine.create(spec);
    await expect(bench.engine.create(spec)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('an image that is not there is said', async () => {
    const spec = bench.spec('sleeps', { image: `${bench.name()}:none` });
    await expect(bench.engine.create(spec)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a program that is not there fails the start and leaves the reason', async () => {
    const id = await bench.create('missing', { init: false });
    await expect(bench.engine.start(id)).rejects.toMatchObject({ code: 'engine_failed' });
    const details = await bench.engine.inspect(id);
    expect(details.state).not.toBe('running');
    expect(details.error).toContain('/no/such/program');
    await expect(bench.engine.wait(id)).rejects.toMatchObject({ code: 'engine_failed' });
  });

  test('a list holds what carries all the labels, ended ones too', async () => {
    const role = (value: string) => ({ labels: { ...bench.labels, 'twelve.role': value } });
    const [running, ended] = [await bench.run('sleeps', role('a')), await bench.run('succeeds', role('a'))];
    const other = await bench.create('sleeps', role('b'));
    await bench.engine.wait(ended);
    const found = await bench.engine.list(role('a').labels);
    expect(new Map(found.map((container) => [container.id, container.state]))).toEqual(
      new Map([
        [running, 'running'],
        [ended, 'exited'],
      ]),
    );
    const all = await bench.engine.list(bench.labels);
    expect(new Set(all.map((container) => container.id))).toEqual(new Set([running, ended, other]));
    expect(all.find((container) => container.id === other)).toMatchObject({
      state: 'created',
      addresses: {},
      labels: role('b').labels,
    });
  });

  test('a program runs inside a running container only', async () => {
    const id = await bench.run('sleeps');
    expect(await bench.engine.exec(id, inside)).toEqual({ exitCode: 5, output: 'from inside\n' });
    await bench.engine.kill(id, 'SIGKILL');
    await bench.engine.wait(id);
    await expect(bench.engine.exec(id, inside)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('the last lines are kept after the end, in order', async () => {
    const id = await bench.run('prints');
    await bench.engine.wait(id);
    await bench.printed(id, 'three');
    expect(await bench.engine.lastLines(id, 2)).toEqual(['two', 'three']);
    expect(await bench.engine.lastLines(id, 10)).toEqual(['one', 'two', 'three']);
  });

  test('figures of a running container', async () => {
    const id = await bench.run('sleeps', { memory: 64 * 1_048_576 });
    const stats = await bench.engine.stats(id);
    expect(stats.memory).toBeGreaterThan(0);
    expect(stats.memoryLimit).toBe(64 * 1_048_576);
    expect(stats.pids).toBeGreaterThan(0);
    expect(stats.cpuSeconds).toBeGreaterThanOrEqual(0);
    expect((await bench.engine.stats(id)).cpuSeconds).toBeGreaterThanOrEqual(stats.cpuSeconds);
    await bench.engine.kill(id, 'SIGKILL');
    await bench.engine.wait(id);
    await expect(bench.engine.stats(id)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('what is gone is not found; ending it again does nothing', async () => {
    const id = await bench.create('sleeps');
    await bench.engine.remove(id);
    const { engine } = bench;
    for (const attempt of [
      () => engine.inspect(id),
      () => engine.start(id),
      () => engine.kill(id, 'SIGTERM'),
      () => engine.kill(id, 'SIGKILL'),
      () => engine.wait(id),
      () => engine.attach(id, { stdin: false, tty: false }),
      () => engine.exec(id, inside),
      () => engine.stats(id),
      () => engine.lastLines(id, 1),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found' });
    }
    await engine.remove(id);
    await engine.stop(id, { graceSeconds: 1 });
    await engine.removeNetwork(bench.name());
    await engine.removeImage(`${bench.name()}:none`);
  });

  test('another client sees, waits for and ends what this one started', async () => {
    const id = await bench.run('obeys');
    await bench.printed(id, 'ready');
    const later = bench.connect();
    expect((await later.list(bench.labels)).map((container) => container.id)).toEqual([id]);
    expect(await later.inspect(id)).toEqual(await bench.engine.inspect(id));
    const code = later.wait(id);
    await later.stop(id, { graceSeconds: 10 });
    expect(await code).toBe(3);
    expect(await bench.engine.wait(id)).toBe(3);
  });
}
