// The engine's statistics answer → our figures, for cgroup v1 and v2. Pure.
import type { ContainerStats } from './engine.ts';

/** The part of `GET /containers/{id}/stats` that we read. */
export interface StatsAnswer {
  read?: string;
  preread?: string;
  cpu_stats?: CpuStats;
  precpu_stats?: CpuStats;
  memory_stats?: { usage?: number; limit?: number; stats?: Record<string, number> };
  pids_stats?: { current?: number };
}

interface CpuStats {
  cpu_usage?: { total_usage?: number };
  system_cpu_usage?: number;
  online_cpus?: number;
}

/** Null when the container was not running: the engine then answers with everything left out. */
export function decodeStats(answer: StatsAnswer): ContainerStats | null {
  const memory = answer.memory_stats;
  if (memory?.usage === undefined) return null;
  return {
    memory: Math.max(0, memory.usage - droppable(memory.stats ?? {}, memory.usage)),
    memoryLimit: memory.limit ?? 0,
    cpu: cores(answer),
    pids: answer.pids_stats?.current ?? 0,
  };
}

/** Page cache that the kernel gives back before it kills: named apart in the two hierarchies. */
function droppable(stats: Readonly<Record<string, number>>, usage: number): number {
  const cache = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  return cache <= usage ? cache : 0;
}

function cores(answer: StatsAnswer): number {
  const now = answer.cpu_stats?.cpu_usage?.total_usage;
  const before = answer.precpu_stats?.cpu_usage?.total_usage;
  if (now === undefined || before === undefined || now < before) return 0;
  const elapsed = nanoseconds(answer.read) - nanoseconds(answer.preread);
  // Without an earlier reading the engine fills in the year 1.
  if (!(elapsed > 0) || before === 0) return 0;
  return (now - before) / elapsed;
}

function nanoseconds(time: string | undefined): number {
  const milliseconds = Date.parse(time ?? '');
  if (Number.isNaN(milliseconds) || milliseconds < 0) return Number.NaN;
  const fraction = /\.(\d+)/.exec(time ?? '')?.[1] ?? '';
  const belowMilliseconds = Number(fraction.padEnd(9, '0').slice(3, 9));
  return Math.floor(milliseconds) * 1e6 + belowMilliseconds;
}
