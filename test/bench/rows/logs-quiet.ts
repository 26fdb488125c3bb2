// What following processes costs that print nothing.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogs } from '../../../platform/logs/logs.ts';
import type { Bench } from '../bench.ts';
import { type Row, rounds } from '../row.ts';
import { amount, type Round } from '../verdict.ts';

const processes = 300;
const watchedMs = 10_000;
/** Longer than what has printed counts as busy. */
const settleMs = 5000;
/** Seconds of the processor in that time: a fiftieth of a core. */
const allowed = (watchedMs / 1000) * 0.02;

export const logsQuiet: Row = {
  name: 'logs-quiet',
  group: 'logs',
  about: `processor time of a log router that follows ${processes} quiet processes, in ${watchedMs / 1000} s / ${allowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  /** The log router runs in this very process, with files as the engine writes them: containers would cost the engine, not us. */
  async measure(bench: Bench) {
    const folder = join(bench.folder, 'quiet');
    const problems: string[] = [];
    const logs = await createLogs({
      folder: join(folder, 'logs'),
      budgetBytes: 50 << 20,
      onProblem: (problem) => problems.push(problem),
    });
    try {
      for (let number = 0; number < processes; number++) follow(logs, folder, number);
      await sleep(settleMs);
      const measured: Round[] = [];
      for (let round = 1; round <= rounds; round++) {
        bench.signal.throwIfAborted();
        const ours = await takenInAWhile();
        bench.say(`round ${round}: ${amount(ours, 's')}`);
        measured.push({ ours, reference: allowed });
      }
      const [line] = await logs.read(`app${processes - 1}`, { lines: 1, filter: {} });
      if (line?.text !== 'up' || problems.length > 0) throw new Error(`They were not followed. ${problems}`);
      return measured;
    } finally {
      await logs.close();
    }
  },
};

function follow(logs: Awaited<ReturnType<typeof createLogs>>, folder: string, number: number): void {
  const own = join(folder, `c${number}`);
  const logPath = join(own, `c${number}-json.log`);
  mkdirSync(own, { recursive: true });
  writeFileSync(logPath, '{"log":"up\\n","stream":"stdout","time":"2026-11-23T04:00:00.123456789Z"}\n');
  logs.follow({ id: `c${number}`, appId: `app${number}`, process: 'web.1', logPath, release: 1 });
}

/** Of all threads. */
async function takenInAWhile(): Promise<number> {
  const before = process.cpuUsage();
  await sleep(watchedMs);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
