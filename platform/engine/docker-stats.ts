// The engine's statistics answer → our figures, for cgroup v1 and v2. Pure.
import type { ContainerStats } from './engine.ts';

/** The part of `GET /containers/{id}/stats` that we read. */
export interface StatsAnswer {
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; limit?: number; stats?: Record<string, number> };
  pids_stats?: { current?: number };
}

/** Null when the container was not running: the engine then answers with everything left out. */
export function decodeStats(answer: StatsAnswer): ContainerStats | null {
  const memory = answer.memory_stats;
  if (memory?.usage === undefined) return null;
  return {
    memory: Math.max(0, memory.usage - droppable(memory.stats ?? {}, memory.usage)),
    memoryLimit: memory.limit ?? 0,
    cpuSeconds: (answer.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e9,
    pids: answer.pids_stats?.current ?? 0,
  };
}

/** Page cache that the kernel gives back before it kills: named apart in the two hierarchies. */
export function droppable(stats: Readonly<Record<string, number>>, usage: number): number {
  const cache = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  return cache <= usage ? cache : 0;
}
