// A container's figures as the kernel keeps them, of both cgroup hierarchies. Where they are to be seen, they cost next to nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { droppable } from './docker-stats.ts';
import type { ContainerStats } from './engine.ts';

export interface CgroupFiles {
  memory: string;
  memoryLimit: string;
  memoryStat: string;
  /** Nanoseconds (version 1), or lines of which one has microseconds. */
  cpu: string;
  pids: string;
}

const hierarchies = '/sys/fs/cgroup';

/**
 * Where the kernel counts for a container; null when that is not to be seen from here: from inside a container of our own
 * another process has this pid, and its cgroup does not bear the container's id.
 * @param root for tests
 */
export function cgroupOf(pid: number, containerId: string, root = '/'): CgroupFiles | null {
  const paths = pathsOf(readText(join(root, 'proc', String(pid), 'cgroup')) ?? '');
  const memory = paths.get('memory');
  const files = memory === undefined ? versionTwo(paths.get('') ?? '') : versionOne(paths, memory);
  const absolute = Object.fromEntries(
    Object.entries(files).map(([key, path]) => [key, join(root, hierarchies, path)]),
  ) as unknown as CgroupFiles;
  const ours = Object.values(absolute).every((path) => path.includes(containerId) && existsSync(path));
  return ours ? absolute : null;
}

/** `4:cpu,cpuacct:/docker/1f…` → by controller; the unified hierarchy has none: `0::/…`. */
function pathsOf(text: string): Map<string, string> {
  const lines = text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers, path }];
  });
  return new Map(
    lines.flatMap(({ controllers, path }) => controllers.split(',').map((one) => [one, path] as const)),
  );
}

function versionOne(paths: ReadonlyMap<string, string>, memory: string): CgroupFiles {
  return {
    memory: join('memory', memory, 'memory.usage_in_bytes'),
    memoryLimit: join('memory', memory, 'memory.limit_in_bytes'),
    memoryStat: join('memory', memory, 'memory.stat'),
    cpu: join('cpuacct', paths.get('cpuacct') ?? '', 'cpuacct.usage'),
    pids: join('pids', paths.get('pids') ?? '', 'pids.current'),
  };
}

function versionTwo(path: string): CgroupFiles {
  return {
    memory: join(path, 'memory.current'),
    memoryLimit: join(path, 'memory.max'),
    memoryStat: join(path, 'memory.stat'),
    cpu: join(path, 'cpu.stat'),
    pids: join(path, 'pids.current'),
  };
}

/** Null when the container has ended meanwhile. */
export function readCgroup(files: CgroupFiles): ContainerStats | null {
  const texts = Object.values(files).map(readText);
  const [memory, limit, stat, cpu, pids] = texts;
  if (memory == null || limit == null || stat == null || cpu == null || pids == null) return null;
  const usage = Number(memory);
  return {
    memory: Math.max(0, usage - droppable(numbers(stat), usage)),
    // `max` and other words for "none" as the engine says it.
    memoryLimit: Number.isFinite(Number(limit)) ? Number(limit) : 0,
    cpuSeconds: cpu.includes('usage_usec') ? (numbers(cpu)['usage_usec'] ?? 0) / 1e6 : Number(cpu) / 1e9,
    pids: Number(pids),
  };
}

function numbers(text: string): Record<string, number> {
  const pairs = text.split('\n').map((line) => line.split(' '));
  return Object.fromEntries(pairs.map(([name = '', value]) => [name, Number(value)]));
}

/** At once: the kernel answers from its memory, in less time than it takes to hand the work to a thread. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return null;
  }
}
