// Half a million lines from a process that ends with its last one: what the log has of them.
import { createInterface } from 'node:readline';
import type { Bench } from '../bench.ts';
import { createBurstCount } from '../burst-count.ts';
import { type BenchPlatform, benchPlatform } from '../platform.ts';
import { type Row, rounds } from '../row.ts';
import { amount, type Round } from '../verdict.ts';

const lines = 500_000;
const app = 'bench-burst';

export const burst: Row = {
  name: 'burst',
  about: `lines kept once and in order / ${lines} lines printed by a process that exits right after the last`,
  unit: 'lines',
  bar: { value: 1, kind: 'exactly' },
  async measure(bench: Bench) {
    const platform = await benchPlatform(bench);
    await platform.deploy(app, 'misbehaving');
    await platform.cli('config:set', `BURST=${lines}`, '--app', app);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      const kept = await oneBurst(bench, platform);
      bench.say(`round ${round}: ${amount(kept, 'lines')} of ${lines}`);
      measured.push({ ours: kept, reference: lines });
    }
    return measured;
  },
};

/** Reads the log as a user does, from before the process starts until the platform says that it has ended. */
async function oneBurst(bench: Bench, platform: BenchPlatform): Promise<number> {
  const count = createBurstCount('worker.1');
  const tail = platform.startCli('logs', '--tail', '--num', '1', '--app', app);
  const read = createInterface({ input: tail.stdout! });
  const said: string[] = [];
  tail.stderr!.on('data', (text) => said.push(String(text)));
  let started: Promise<unknown> | undefined;
  try {
    for await (const line of read) {
      bench.signal.throwIfAborted();
      // The newest line of before: the tail is there, nothing will pass it by.
      started ??= platform.cli('ps:scale', 'worker=1', '--app', app).catch(() => undefined);
      if (count.take(line)) return count.kept();
    }
    throw new Error(`The log ended before the burst did. ${said.join('')}`);
  } finally {
    tail.kill();
    await started;
    await stop(platform);
  }
}

/** Or it would be started again, and again. */
async function stop(platform: BenchPlatform): Promise<void> {
  await platform.cli('ps:scale', 'worker=0', '--app', app);
  for (;;) {
    const processes = JSON.parse(await platform.cli('ps', 'worker', '--json', '--app', app)) as unknown[];
    if (processes.length === 0) return;
  }
}
