// Figures from what engines answered under both cgroup versions (stats/README.md says how they were recorded).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { decodeStats, type StatsAnswer } from '../../../platform/engine/docker-stats.ts';

interface Recorded {
  from: string;
  cgroup: 1 | 2;
  cli: { cpu: string; memory: string; limit: string; pids: number };
  kernel: Record<string, number>;
  /** With the reading before it. */
  running: StatsAnswer & { read: string; preread: string; precpu_stats: StatsAnswer['cpu_stats'] };
  stopped: StatsAnswer;
}

const folder = join(import.meta.dirname, 'stats');
const recorded = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Recorded);
const mib = 1_048_576;

test('both versions are there, from an old and a new engine', () => {
  const kinds = recorded.map(({ from, cgroup }) => `${/ (\d+)\./.exec(from)?.[1]} v${cgroup}`);
  expect(kinds.sort()).toEqual(['20 v1', '20 v2', '28 v1', '28 v2']);
});

describe.each(recorded)('$from, cgroup v$cgroup', ({ cgroup, cli, kernel, running, stopped }) => {
  const stats = decodeStats(running)!;
  const before = decodeStats({ ...running, cpu_stats: running.precpu_stats! })!;
  const elapsed = (Date.parse(running.read) - Date.parse(running.preread)) / 1000;
  const cores = (stats.cpuSeconds - before.cpuSeconds) / elapsed;

  it('memory is what the kernel counts without the file it can drop', () => {
    const used = kernel[cgroup === 1 ? 'memory.usage_in_bytes' : 'memory.current']!;
    const file = kernel[cgroup === 1 ? 'memory.stat total_inactive_file' : 'memory.stat inactive_file']!;
    expect(file).toBeGreaterThanOrEqual(20 * mib);
    expect(Math.abs(stats.memory - (used - file))).toBeLessThan(mib / 4);
    expect(stats.memory).toBeGreaterThan(40_000_000);
    expect(stats.memory).toBeLessThan(48_000_000);
    expect(stats.memoryLimit).toBe(kernel[cgroup === 1 ? 'memory.limit_in_bytes' : 'memory.max']);
  });

  it('one core is busy, two processes run', () => {
    expect(cores).toBeGreaterThan(0.9);
    expect(cores).toBeLessThan(1.1);
    expect(stats.pids).toBe(2);
  });

  it("the engine's own command line says the same", () => {
    expect(cli).toMatchObject({ limit: `${stats.memoryLimit / mib}MiB`, pids: stats.pids });
    expect(Math.abs(stats.memory / mib - Number.parseFloat(cli.memory))).toBeLessThan(0.5);
    // Of another moment, and measured by the machine's ticks instead of its clock.
    expect(Math.abs(cores * 100 - Number.parseFloat(cli.cpu))).toBeLessThan(15);
  });

  it('a container that does not run has none', () => {
    expect(decodeStats(stopped)).toBeNull();
  });
});

test('of version 1 the children count, under `total_…`', () => {
  const [{ running }] = recorded.filter(({ cgroup }) => cgroup === 1) as [Recorded];
  const stats = { inactive_file: 10, total_inactive_file: 3000 };
  expect(decodeStats({ ...running, memory_stats: { usage: 10_000, limit: 1, stats } })?.memory).toBe(7000);
});
