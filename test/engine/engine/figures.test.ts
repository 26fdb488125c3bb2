// Figures of a real container by both ways: from the kernel's files, and from the engine where those are not to be seen.
import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { connectDocker } from '../../../platform/engine/docker-connection.ts';
import { figuresOf } from '../../../platform/engine/docker-figures.ts';
import { debian } from '../../support/debian.ts';
import { engineSocket } from '../../support/engine-socket.ts';
import { eventually } from '../../support/wait.ts';

const labels = { 'twelve.test': randomBytes(6).toString('hex') };
const engine = createDockerEngine({ socketPath: engineSocket });
const connection = connectDocker(engineSocket);
const image = await debian(engine);
const mb = 1_048_576;

afterAll(async () => {
  for (const container of await engine.list(labels)) await engine.remove(container.id);
  connection.close();
  engine.close();
});

test('both say the same of memory that is held, of a core that is busy, and of the limits', async () => {
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image,
    labels,
    env: {},
    // 40 MB that stay as they are, and one core at work.
    command: ['/bin/sh', '-c', '{ head -c 40m /dev/zero; sleep 600; } | tail & while :; do :; done'],
    memory: 128 * mb,
    pids: 50,
  });
  await engine.start(id);
  const seen: (string | null)[] = [];
  const kernel = figuresOf(connection);
  const asked = figuresOf(connection, (_pid, container) => {
    seen.push(container);
    return null;
  });
  await eventually(
    () => kernel.stats(id),
    (stats) => stats.memory > 40 * mb,
  );
  const from = Date.now();
  const first = [await kernel.stats(id), await asked.stats(id)];
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const second = [await kernel.stats(id), await asked.stats(id)];
  const seconds = (Date.now() - from) / 1000;
  for (const [index, stats] of second.entries()) {
    expect(stats.memory).toBeGreaterThan(40 * mb);
    expect(stats.memory).toBeLessThan(60 * mb);
    expect(stats.memoryLimit).toBe(128 * mb);
    expect(stats.pids).toBeGreaterThanOrEqual(4);
    const used = stats.cpuSeconds - first[index]!.cpuSeconds;
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(seconds * 1.1);
  }
  expect(Math.abs(second[0]!.memory - second[1]!.memory)).toBeLessThan(2 * mb);
  expect(Math.abs(second[0]!.cpuSeconds - second[1]!.cpuSeconds)).toBeLessThan(1);
  // Where nothing is to be seen it is not looked for again.
  expect(seen).toEqual([id]);
  await engine.kill(id, 'SIGKILL');
  await engine.wait(id);
  for (const way of [kernel, asked]) await expect(way.stats(id)).rejects.toMatchObject({ code: 'conflict' });
});
