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

const rounds = { atLeast: 3, atMost: 12, requests: 80 };

export interface Loudness {
  /** Until it is at work. */
  start(): Promise<void>;
  /** While it is. */
  look(): Promise<void>;
  /** Until it is gone. */
  stop(): Promise<void>;
}

/**
 * How many times as long visits take beside it as right before it, in as many rounds as it takes to tell what the machine does
 * besides. Of each round's visits the middle one counts, and of the rounds the middle one: what comes now and then moves neither.
 * What the slowest wait is for `scripts/bench neighbour`, on a machine that does nothing else.
 */
export async function beside(
  { start, look, stop }: Loudness,
  visit: () => Promise<void>,
  enough: number,
): Promise<number> {
  const ratios: number[] = [];
  for (let round = 1; ; round++) {
    const quiet = quantile(await waits(visit, rounds.requests), 0.5);
    await start();
    const loud = quantile(await waits(visit, rounds.requests), 0.5);
    await look();
    await stop();
    ratios.push(loud / quiet);
    const ratio = quantile(ratios, 0.5);
    if (round >= rounds.atMost || (round >= rounds.atLeast && ratio <= enough)) return ratio;
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
