// Programs that take all they can get, and how long a neighbour's visitors wait beside them.
import { ask } from './engine-socket.ts';

/** Of a one-off process of the usual size. */
export const hogLimits = { pids: 256, memory: 512 * 1_048_576 };

export interface Figures {
  pids_stats: { current?: number };
  memory_stats: { usage?: number };
  /** Nanoseconds. */
  cpu_stats: { cpu_usage: { total_usage: number } };
}

export const figuresOf = (container: string): Promise<Figures> =>
  ask('GET', `/containers/${container}/stats?stream=false&one-shot=true`);

interface Hog {
  name: string;
  /** For the stack's shell. */
  command: string;
  /** Whether it has come to what it is about. */
  atWork(now: Figures, before: Figures): boolean;
}

const fork = 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass';
export const hogs: readonly Hog[] = [
  {
    name: 'a memory hog',
    command: `while :; do python3 -c 'x = b"x" * 2_000_000_000'; done`,
    atWork: ({ memory_stats }) => memory_stats.usage! > hogLimits.memory / 2,
  },
  {
    name: 'a fork bomb',
    command: `python3 -c '${fork}'`,
    atWork: ({ pids_stats }) => pids_stats.current! > hogLimits.pids - 8,
  },
  {
    name: 'a spinner',
    command: `for n in 1 2 3 4; do python3 -c 'while True: pass' & done; wait`,
    atWork: (now, before) =>
      now.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage > 5e8,
  },
];

const rounds = { atLeast: 2, atMost: 6, requests: 100 };

export interface Loudness {
  /** Until it is at work. */
  start(): Promise<void>;
  /** While it is. */
  look(): Promise<void>;
  /** Until it is gone. */
  stop(): Promise<void>;
}

/**
 * How long visits take without it and beside it, in turns: as often as it takes to tell what the machine does besides, which
 * comes to both in the long run. Of all visits the middle one, which that moves least; what the slowest wait is for
 * `scripts/bench neighbour`, on a machine that does nothing else.
 */
export async function beside(
  { start, look, stop }: Loudness,
  visit: () => Promise<void>,
): Promise<{ quiet: number; loud: number }> {
  const times: { quiet: number[]; loud: number[] } = { quiet: [], loud: [] };
  for (let round = 1; ; round++) {
    times.quiet.push(...(await waits(visit, rounds.requests)));
    await start();
    times.loud.push(...(await waits(visit, rounds.requests)));
    await look();
    await stop();
    const told = { quiet: quantile(times.quiet, 0.5), loud: quantile(times.loud, 0.5) };
    if (round >= rounds.atMost || (round >= rounds.atLeast && told.loud <= 2 * told.quiet)) return told;
  }
}

/** @returns milliseconds of each request, one after another */
export async function waits(visit: () => Promise<void>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const from = performance.now();
    await visit();
    times.push(performance.now() - from);
  }
  return times;
}

/** @param share 0.95: what 95 of 100 do not exceed */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.ceil(sorted.length * share) - 1];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}
