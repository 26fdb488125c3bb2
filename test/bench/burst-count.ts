// Counting the lines of one burst in an app's log (pure).

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
