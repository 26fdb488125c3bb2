// Millions of lines from processes that end with their last one: what the log has of them, and how fast it took them.
import { createInterface } from 'node:readline';
import { type Bench, byHandLabel } from '../bench.ts';
import {
  burstPlatform,
  ownBurstPlatform,
  printing,
  runDetached,
  storedPerSecond,
  watchBursts,
} from '../bursts.ts';
import { inTurns, type Row, rounds } from '../row.ts';
import { stackImage } from '../stack.ts';
import { amount, type Round } from '../verdict.ts';

const lines = 2_000_000;
const many = 20;

export const logsBurst = keptRow('logs-burst', 1, lines);
export const logsMany = keptRow('logs-many', many, lines / many);

function keptRow(name: string, processes: number, each: number): Row {
  const who = processes === 1 ? 'a process that exits' : `${processes} processes at once that exit`;
  return {
    name,
    group: 'logs',
    about: `lines kept once and in order / ${lines} lines printed by ${who} right after the last`,
    unit: 'lines',
    bar: { value: 1, kind: 'exactly' },
    async measure(bench: Bench) {
      const platform = await burstPlatform(bench);
      const measured: Round[] = [];
      for (let round = 1; round <= rounds; round++) {
        const watch = await watchBursts(bench, platform, processes);
        try {
          const command = printing(each);
          await Promise.all(Array.from({ length: processes }, () => runDetached(platform, command)));
          const kept = await watch.kept;
          bench.say(`round ${round}: ${amount(kept, 'lines')} of ${lines}`);
          measured.push({ ours: kept, reference: lines });
        } finally {
          watch.end();
        }
      }
      return measured;
    },
  };
}

export const logsThroughput: Row = {
  name: 'logs-throughput',
  group: 'logs',
  about: `lines stored per second while a process prints ${lines} / lines that \`docker logs -f\` shows per second of the same`,
  unit: 'lines/s',
  bar: { value: 2, kind: 'at least' },
  async measure(bench: Bench) {
    const platform = await burstPlatform(bench);
    const image = await stackImage(bench);
    return inTurns(
      bench,
      'lines/s',
      () => storedPerSecond(bench, platform, lines),
      () => followedPerSecond(bench, image),
    );
  },
};

/** `docker logs -f` takes several times as long for each; its pace is the same from the first line on. */
const followedLines = 1_000_000;

async function followedPerSecond(bench: Bench, image: string): Promise<number> {
  // Without rotation, through which it would lose lines.
  const id = await bench.docker(
    ...['create', '--label', `${byHandLabel}=${bench.id}`, '--log-driver', 'json-file', image],
    ...['sh', '-c', printing(followedLines)],
  );
  try {
    await bench.docker('start', id);
    const follower = bench.programs.start('docker', ['logs', '-f', id]);
    let shown = 0;
    let started = 0;
    for await (const line of createInterface({ input: follower.stdout! })) {
      if (shown === 0) started = performance.now();
      if (line !== '') shown++;
    }
    const seconds = (performance.now() - started) / 1000;
    if (shown !== followedLines) throw new Error(`docker logs -f showed ${shown} of ${followedLines} lines`);
    return followedLines / seconds;
  } finally {
    await bench.docker('rm', '--force', id);
  }
}

const kills = 10;
/** Printed in portions, so that what comes while no server is there fits into what the engine keeps. */
const portion = 10_000;

export const logsKilled: Row = {
  name: 'logs-killed',
  group: 'logs',
  about: `lines kept once and in order / ${lines} lines printed while the server is killed and started ${kills} times`,
  unit: 'lines',
  bar: { value: 1, kind: 'exactly' },
  async measure(bench: Bench) {
    const platform = await ownBurstPlatform(bench, { TWELVE_LOG_BUDGET: '400' });
    const watch = await watchBursts(bench, platform, 1);
    try {
      const portions = `for n in $(seq 0 ${portion} ${lines - portion}); do seq -f 'burst %.0f' $((n+1)) $((n+${portion})); sleep 0.25; done`;
      await runDetached(platform, portions);
      for (let kill = 1; kill <= kills; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        bench.signal.throwIfAborted();
        await platform.server.stop('SIGKILL');
        await platform.server.start();
        bench.say(`killed and started ${kill} times`);
      }
      const kept = await watch.kept;
      bench.say(`${amount(kept, 'lines')} of ${lines}`);
      return [{ ours: kept, reference: lines }];
    } finally {
      watch.end();
      await platform.remove();
    }
  },
};
