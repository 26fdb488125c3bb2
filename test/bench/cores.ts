// Which programs run on which cores: what is measured has one of its own, all else the others.
import { availableParallelism } from 'node:os';
import type { Bench } from './bench.ts';

export interface Cores {
  /** In the form of taskset and of cpusets: `0`, `1-3`. */
  measured: string;
  others: string;
}

/** @throws Error on a machine of one core, where the load would be measured and not what it is put on */
export function divideCores(count = availableParallelism()): Cores {
  if (count < 2)
    throw new Error('It takes two cores: one for what is measured, another for what puts load on it.');
  return { measured: '0', others: count === 2 ? '1' : `1-${count - 1}` };
}

/** Moves a running program with all its threads, and what they start from now on. */
export async function moveProgram(bench: Bench, pid: number, cores: string): Promise<void> {
  await bench.programs.run('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)]);
}
