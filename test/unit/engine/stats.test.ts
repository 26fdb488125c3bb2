// Figures from what engines answer under both cgroup versions.
import { expect, test } from 'vitest';
import { decodeStats, type StatsAnswer } from '../../../platform/engine/docker-stats.ts';

/** As engine 20.10.24 answered on cgroup v1 for a loop that kept one core busy. */
const versionOne: StatsAnswer = {
  read: '2026-11-23T23:17:19.706040428Z',
  preread: '2026-11-23T23:17:18.70098806Z',
  pids_stats: { current: 1 },
  cpu_stats: {
    cpu_usage: { total_usage: 3_034_413_217 },
    system_cpu_usage: 4_987_180_000_000,
    online_cpus: 2,
  },
  precpu_stats: {
    cpu_usage: { total_usage: 2_033_231_191 },
    system_cpu_usage: 4_985_180_000_000,
    online_cpus: 2,
  },
  memory_stats: {
    usage: 6_037_504,
    stats: { cache: 5_054_464, rss: 143_360, inactive_file: 884_736, total_inactive_file: 884_736 },
    limit: 67_108_864,
  },
};

/** The form of cgroup v2: no `total_…`, no per-core figures, times with fewer digits. */
const versionTwo: StatsAnswer = {
  read: '2026-11-23T23:17:20.5Z',
  preread: '2026-11-23T23:17:18.5Z',
  pids_stats: { current: 12 },
  cpu_stats: { cpu_usage: { total_usage: 1_500_000_000 }, system_cpu_usage: 9_000_000_000, online_cpus: 4 },
  precpu_stats: {
    cpu_usage: { total_usage: 1_000_000_000 },
    system_cpu_usage: 1_000_000_000,
    online_cpus: 4,
  },
  memory_stats: {
    usage: 12_746_752,
    stats: { anon: 11_309_056, file: 884_736, inactive_file: 815_104, active_file: 69_632 },
    limit: 536_870_912,
  },
};

test('cgroup v1: memory without droppable cache, and one busy core', () => {
  const stats = decodeStats(versionOne)!;
  expect(stats).toMatchObject({ memory: 6_037_504 - 884_736, memoryLimit: 67_108_864, pids: 1 });
  expect(stats.cpu).toBeCloseTo(1_001_182_026 / 1_005_052_368, 6);
});

test('cgroup v1: the children count, under `total_…`', () => {
  const stats = { inactive_file: 10, total_inactive_file: 3000 };
  const answer = { ...versionOne, memory_stats: { usage: 10_000, limit: 1, stats } };
  expect(decodeStats(answer)?.memory).toBe(7000);
});

test('cgroup v2: a quarter of a core over two seconds', () => {
  expect(decodeStats(versionTwo)).toEqual({
    memory: 12_746_752 - 815_104,
    memoryLimit: 536_870_912,
    cpu: 0.25,
    pids: 12,
  });
});

test('without an earlier reading there is no rate', () => {
  const first = {
    ...versionTwo,
    preread: '0001-01-01T00:00:00Z',
    precpu_stats: { cpu_usage: { total_usage: 0 } },
  };
  expect(decodeStats(first)?.cpu).toBe(0);
});

test('a counter that began anew gives no negative rate', () => {
  const restarted = { ...versionTwo, cpu_stats: { cpu_usage: { total_usage: 5 } } };
  expect(decodeStats(restarted)?.cpu).toBe(0);
});

test('a container that is not running has none', () => {
  expect(decodeStats({ read: '0001-01-01T00:00:00Z', memory_stats: {}, pids_stats: {} })).toBeNull();
});
