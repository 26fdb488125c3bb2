// What the log router holds in memory while processes flood it.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver } from '../../unit/logs/drains/receiver.ts';
import type { Bench } from '../bench.ts';
import { app, ownBurstPlatform, printing, runDetached, watchBursts } from '../bursts.ts';
import type { BenchPlatform } from '../platform.ts';
import { proportionalBytes } from '../processes.ts';
import { type Row, rounds } from '../row.ts';
import { packageRoot } from '../server.ts';
import { amount, type Round } from '../verdict.ts';

const megabyte = 1_000_000;
const allowed = 100;
const processes = 20;
const each = 100_000;
/** What a start leaves behind to be done has been done by then. */
const settleMs = 10_000;
const lookMs = 200;

export const logsMemory: Row = {
  name: 'logs-memory',
  group: 'logs',
  about: `memory of the log router while ${processes} processes print ${each} lines each, with a tail and a drain / ${allowed} MB`,
  unit: 'MB',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    // A file of its own: with the same one, its pages would count in part for other programs, as ourselves.
    const node = join(bench.folder, 'node-of-logs');
    await copyFile(process.execPath, node);
    const resting = await restingRouter(bench, node);
    const platform = await ownBurstPlatform(
      bench,
      { TWELVE_LOG_BUDGET: '400', TWELVE_DRAIN_ADDRESSES: '127.0.0.1' },
      { node },
    );
    await using receiver = await startReceiver({ accept: () => () => {} });
    await platform.cli('drains:add', `syslog://127.0.0.1:${receiver.port}`, '--app', app);
    // What the deploy took would else count as there before the flood.
    await platform.server.stop();
    await platform.server.start();
    await sleep(settleMs);
    const before = await proportionalBytes(platform.server.pid());
    bench.say(`at rest: the server ${inMegabytes(before)}, of which a log router ${inMegabytes(resting)}`);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      const most = await mostInFlood(bench, platform);
      bench.say(`round ${round}: the server ${inMegabytes(most)}`);
      measured.push({ ours: (most - before + resting) / megabyte, reference: allowed });
    }
    await platform.remove();
    return measured;
  },
};

const inMegabytes = (bytes: number): string => amount(bytes / megabyte, 'MB');

/** What a program holds more when it has a log router, thread and all, that does nothing. */
async function restingRouter(bench: Bench, node: string): Promise<number> {
  const { stdout } = await bench.programs.run(node, [
    join(packageRoot, 'test', 'bench', 'resting-router.mjs'),
    join(packageRoot, 'dist', 'logs', 'logs.js'),
    join(bench.folder, 'resting-router'),
  ]);
  return Number(stdout);
}

/** From the first line to the last one's being stored and shown. */
async function mostInFlood(bench: Bench, platform: BenchPlatform): Promise<number> {
  const watch = await watchBursts(bench, platform, processes);
  let flooding = true;
  let most = 0;
  const looking = (async () => {
    for (; flooding; await sleep(lookMs))
      most = Math.max(most, await proportionalBytes(platform.server.pid()));
  })();
  try {
    await Promise.all(Array.from({ length: processes }, () => runDetached(platform, printing(each))));
    const kept = await watch.kept;
    if (kept !== processes * each) throw new Error(`${kept} lines were kept of ${processes * each}`);
  } finally {
    flooding = false;
    watch.end();
    await looking;
  }
  return most;
}
