// What a thousand tails cost that have nothing to show.
import { setTimeout as sleep } from 'node:timers/promises';
import { readEvents } from '../../../platform/cli/event-stream.ts';
import { eventually } from '../../support/wait.ts';
import type { Bench } from '../bench.ts';
import { app, logSession, ownBurstPlatform, runDetached } from '../bursts.ts';
import type { BenchPlatform } from '../platform.ts';
import { processorSeconds } from '../processes.ts';
import { type Row, rounds } from '../row.ts';
import { amount, type Round } from '../verdict.ts';

const count = 1000;
/** The time in which each of them is sent a sign of life once. */
const watchedMs = 20_000;
/** What opening them leaves behind to be done has been done by then. */
const settleMs = 10_000;
/** Seconds of the processor in that time: a twentieth of a core. */
const allowed = (watchedMs / 1000) * 0.05;
const sign = 'a line for all of them';

export const logsTails: Row = {
  name: 'logs-tails',
  group: 'logs',
  about: `processor time of the server with ${count} idle tails, in ${watchedMs / 1000} s / ${allowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await ownBurstPlatform(bench, {});
    await platform.cli('ps:scale', 'web=0', '--app', app);
    const tails = await openTails(bench, platform);
    try {
      bench.say(`${count} tails are open`);
      await sleep(settleMs);
      const measured: Round[] = [];
      for (let round = 1; round <= rounds; round++) {
        bench.signal.throwIfAborted();
        const ours = await takenInAWhile(platform.server.pid());
        bench.say(`round ${round}: ${amount(ours, 's')}`);
        measured.push({ ours, reference: allowed });
      }
      // They were tails, all the time.
      await runDetached(platform, `echo ${sign}`);
      await eventually(tails.reached, (reached) => reached === count);
      return measured;
    } finally {
      tails.close();
      await platform.remove();
    }
  },
};

interface Tails {
  /** How many were shown the sign. */
  reached(): number;
  close(): void;
}

/** A connection each. */
async function openTails(bench: Bench, platform: BenchPlatform): Promise<Tails> {
  const life = new AbortController();
  const { signal } = life;
  let reached = 0;
  const follow = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const { lines } of readEvents(body)) if (lines.some((line) => line.endsWith(sign))) reached++;
  };
  for (let opened = 0; opened < count; opened++) {
    bench.signal.throwIfAborted();
    const url = await logSession(platform, { lines: 0, tail: true, source: 'app' });
    const { body } = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal });
    // One that ends sooner is not reached.
    follow(body as unknown as AsyncIterable<Uint8Array>).catch(() => undefined);
  }
  return { reached: () => reached, close: () => life.abort() };
}

async function takenInAWhile(pid: number): Promise<number> {
  const before = await processorSeconds([pid]);
  const start = performance.now();
  await sleep(watchedMs);
  const after = await processorSeconds([pid]);
  // The machine may have woken us late.
  return (after - before) * (watchedMs / (performance.now() - start));
}
