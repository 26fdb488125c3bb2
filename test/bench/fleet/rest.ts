// How long this process is busy with something that it was given to do: until its event loop has nothing left to carry out.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const windowMs = 10;
/** So long it has to be idle: longer than any pause of what is measured. */
const quietMs = 600;

/** @returns seconds from the begin of the work to the end of the last stretch in which the loop was busy for half of the time */
export async function untilRest(work: () => Promise<unknown> = async () => undefined): Promise<number> {
  const start = performance.now();
  let last = start;
  let before = performance.eventLoopUtilization();
  const done = work().then(() => {
    last = performance.now();
  });
  for (let over = false; !over || performance.now() - last < quietMs; ) {
    await sleep(windowMs);
    const now = performance.eventLoopUtilization();
    const { active } = performance.eventLoopUtilization(now, before);
    before = now;
    if (active > windowMs / 2) last = performance.now();
    over ||= await Promise.race([done.then(() => true), false]);
  }
  return (last - start) / 1000;
}
