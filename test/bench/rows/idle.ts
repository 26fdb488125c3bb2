// What the platform's own processes take of the processor while nothing happens to a hundred apps that run.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { count, hundredApps, running } from '../hundred-apps.ts';
import { type OwnProcess, ownProcesses } from '../own-processes.ts';
import { processorSecondsWithEnded, treeOf } from '../processes.ts';
import { type Row, rounds } from '../row.ts';
import { amount, type Round } from '../verdict.ts';

/** Several times the longest interval at which anything is looked at. */
const watchedMs = 30_000;
/** What deploys leave behind to be done has been done by then. */
const settleMs = 20_000;
/** Seconds of the processor in that time: a hundredth of a core. */
const allowed = (watchedMs / 1000) * 0.01;

export const idle: Row = {
  name: 'idle',
  about: `processor time of all our processes, without HAProxy, in ${watchedMs / 1000} s with ${count} idle apps / ${allowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const { platform } = await hundredApps(bench);
    await sleep(settleMs);
    const before = await running(bench, platform);
    const own = await ownProcesses(bench, platform);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      bench.signal.throwIfAborted();
      const { ours, told } = await takenBy(own);
      bench.say(`round ${round}: ${told}`);
      measured.push({ ours, reference: allowed });
    }
    const after = await running(bench, platform);
    if (after.length !== count + 1 || after.join() !== before.join())
      throw new Error(`It was not idle: ${before.length} containers before, ${after.length} after.`);
    await platform.remove();
    return measured;
  },
};

async function takenBy(own: readonly OwnProcess[]): Promise<{ ours: number; told: string }> {
  const before = await clocks(own);
  const start = performance.now();
  await sleep(watchedMs);
  const after = await clocks(own);
  // The machine may have woken us late.
  const share = watchedMs / (performance.now() - start);
  const each = after.map((seconds, index) => (seconds - before[index]!) * share);
  return {
    ours: each.reduce((sum, seconds) => sum + seconds, 0),
    told: own.map(({ what }, index) => `${what} ${amount(each[index]!, 's')}`).join(', '),
  };
}

const clocks = (own: readonly OwnProcess[]): Promise<number[]> =>
  Promise.all(own.map(async ({ pid }) => processorSecondsWithEnded(await treeOf(pid))));
