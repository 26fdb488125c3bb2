// How long this process is busy with something that it was given to do: until it takes hardly any processor time.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const windowMs = 10;
/** So long it has to be idle: longer than any pause of what is measured. */
const quietMs = 600;

/** @returns seconds from the begin of the work to the end of the last stretch that took a quarter of a processor */
export async function untilRest(work: () => Promise<unknown> = async () => undefined): Promise<number> {
  const start = performance.now();
  let last = start;
  let before = process.cpuUsage();
  let since = start;
  let over = false;
  const done = work().finally(() => {
    over = true;
    last = performance.now();
  });
  done.catch(() => undefined);
  while (!over || performance.now() - last < quietMs) {
    await sleep(windowMs);
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const now = performance.now();
    if ((user + system) / 1000 > (now - since) / 4) last = now;
    since = now;
  }
  await done;
  return (last - start) / 1000;
}
