// A syslog drain: whether it brings all that a process prints as fast as it can, how long after it was stored, what that costs the storing, and how soon at an even pace.
import { eventually } from '../../support/wait.ts';
import type { Bench } from '../bench.ts';
import { createBurstCounts } from '../burst-count.ts';
import { burstPlatform, burstSpan, runDetached, storedPerSecond } from '../bursts.ts';
import { type Drained, drained } from '../drained.ts';
import { inTurns, type Row, rounds } from '../row.ts';
import { printingTimes, sincePrinted } from '../timed-lines.ts';
import { amount, type Round } from '../verdict.ts';

const lines = 2_000_000;
const mostBehindMs = 120_000;
const perSecond = 1000;
const seconds = 10;
const latencyAllowed = 0.1;

interface Flood {
  /** Lines that arrived once and in order. */
  arrived: number;
  /** Seconds from when the process started. */
  untilStored: number;
  untilArrived: number;
}

export const drainLines: Row = {
  name: 'drain-lines',
  group: 'drain',
  about: `lines that a syslog receiver gets once and in order / ${lines} lines that a process prints as fast as it can`,
  unit: 'lines',
  bar: { value: 1, kind: 'exactly' },
  measure: async (bench: Bench) =>
    (await floods(bench)).map(({ arrived }) => ({ ours: arrived, reference: lines })),
};

export const drainThroughput: Row = {
  name: 'drain-throughput',
  group: 'drain',
  about: `lines a second that a syslog receiver gets of these ${lines} / lines a second that are stored of them`,
  unit: 'lines/s',
  bar: { value: 0.5, kind: 'at least' },
  measure: async (bench: Bench) =>
    (await floods(bench)).slice(1).map(({ untilStored, untilArrived }) => ({
      ours: lines / untilArrived,
      reference: lines / untilStored,
    })),
};

export const drainStoring: Row = {
  name: 'drain-storing',
  group: 'drain',
  about: `lines stored a second while a process prints ${lines} and a syslog drain takes them along / the same without a drain`,
  unit: 'lines/s',
  bar: { value: 0.5, kind: 'at least' },
  async measure(bench: Bench) {
    const to = await drained(bench);
    const without = await burstPlatform(bench);
    return inTurns(
      bench,
      'lines/s',
      // Waits until the receiver has them all, so that the other turn has the machine to itself.
      async (turn) => lines / (await flood(bench, to, turn)).untilStored,
      () => storedPerSecond(bench, without, lines),
    );
  },
};

/** The first two rows are of the same; the first, which warms caches up, counts for what arrives. */
const floods = (bench: Bench): Promise<Flood[]> =>
  bench.once('drained floods', async () => {
    const to = await drained(bench);
    const measured: Flood[] = [];
    for (let round = 0; round <= rounds; round++) measured.push(await flood(bench, to, round));
    return measured;
  });

async function flood(bench: Bench, { platform, listen }: Drained, round: number): Promise<Flood> {
  const counts = createBurstCounts();
  let ended = 0;
  listen((line) => {
    if (counts.take(line)) ended = performance.timeOrigin + performance.now();
  });
  const { name, started, stored } = await burstSpan(bench, platform, lines);
  const onTheWay = lines - counts.kept(name);
  await eventually(
    () => {
      bench.signal.throwIfAborted();
      return ended;
    },
    (at) => at > 0,
    mostBehindMs,
  );
  const measured = {
    arrived: counts.kept(name),
    untilStored: (stored - started) / 1000,
    untilArrived: (ended - started) / 1000,
  };
  bench.say(
    `${round === 0 ? 'to warm up' : `round ${round}`}: ${measured.arrived} of ${lines} lines arrived, stored in ${amount(measured.untilStored, 's')}, arrived in ${amount(measured.untilArrived, 's')}; ${onTheWay} were on the way when all were stored`,
  );
  return measured;
}

export const drainLatency: Row = {
  name: 'drain-latency',
  group: 'drain',
  about: `from a line printed to its arrival at a syslog receiver, at ${perSecond} lines/s, the slowest of a hundred (p99) / ${latencyAllowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const { platform, listen } = await drained(bench);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      const waits: number[] = [];
      listen((line) => {
        const waited = sincePrinted(line);
        if (waited !== null) waits.push(waited);
      });
      await runDetached(platform, printingTimes(perSecond, perSecond * seconds));
      await eventually(
        () => waits.length,
        (count) => count >= perSecond * seconds,
      );
      const ours = waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)]!;
      bench.say(`round ${round}: p99 ${amount(ours, 's')} of ${waits.length} lines`);
      measured.push({ ours, reference: latencyAllowed });
    }
    return measured;
  },
};
