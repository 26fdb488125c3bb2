// Counting the lines of bursts in an app's log (pure).

export interface BurstCount {
  /** @returns true at the line with which the platform says that the process has ended */
  take(line: string): boolean;
  /** Lines kept once and in order: each that is out of its place, or there again, counts against them. */
  kept(): number;
}

/** @param process `worker.1`, whose lines are `burst 1`, `burst 2`, … */
export function createBurstCount(process: string): BurstCount {
  const name = process.replace('.', '\\.');
  const own = new RegExp(`^\\S+ app\\[${name}\\]: burst (\\d+)$`);
  const ended = new RegExp(`^\\S+ twelve\\[${name}\\]: Process exited `);
  let last = 0;
  let inPlace = 0;
  let others = 0;
  return {
    take(line) {
      const number = Number(own.exec(line)?.[1]);
      if (number > last) {
        inPlace += 1;
        last = number;
      } else if (number <= last) others += 1;
      return last + others > 0 && ended.test(line);
    },
    kept: () => inPlace - others,
  };
}

export interface BurstCounts {
  /** @returns true at the line with which the platform says that one of the processes has ended */
  take(line: string): boolean;
  /** As of one burst: of the process of that name, or of all. */
  kept(process?: string): number;
}

/** Of all one-off processes, whose lines come mixed. */
export function createBurstCounts(): BurstCounts {
  const counts = new Map<string, BurstCount>();
  return {
    take(line) {
      const process = /^\S+ \w+\[(run\.\d+)\]: /.exec(line)?.[1];
      if (process === undefined) return false;
      const count = counts.get(process) ?? createBurstCount(process);
      counts.set(process, count);
      return count.take(line);
    },
    kept(process) {
      if (process !== undefined) return counts.get(process)?.kept() ?? 0;
      return [...counts.values()].reduce((sum, each) => sum + each.kept(), 0);
    },
  };
}
