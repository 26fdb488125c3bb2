// How soon a line is seen by a tail, and how soon a full log answers.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEvents } from '../../../platform/cli/event-stream.ts';
import type { Bench } from '../bench.ts';
import { burstPlatform, logSession, ownBurstPlatform, runDetached, untilShown } from '../bursts.ts';
import type { BenchPlatform } from '../platform.ts';
import { type Row, rounds } from '../row.ts';
import { printingTimes, sincePrinted } from '../timed-lines.ts';
import { amount, type Round } from '../verdict.ts';

const perSecond = 1000;
const seconds = 10;
const latencyAllowed = 0.1;

export const logsLatency: Row = {
  name: 'logs-latency',
  group: 'logs',
  about: `from a line printed to its arrival at a tail, at ${perSecond} lines/s, the slowest of a hundred (p99) / ${latencyAllowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await burstPlatform(bench);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      const waits = await waitsOfLines(bench, platform);
      const ours = waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)]!;
      bench.say(`round ${round}: p99 ${amount(ours, 's')} of ${waits.length} lines`);
      measured.push({ ours, reference: latencyAllowed });
    }
    return measured;
  },
};

async function waitsOfLines(bench: Bench, platform: BenchPlatform): Promise<number[]> {
  const total = perSecond * seconds;
  const url = await logSession(platform, { lines: 0, tail: true, source: 'app' });
  const life = new AbortController();
  const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: life.signal });
  await runDetached(platform, printingTimes(perSecond, total));
  const waits: number[] = [];
  for await (const { lines } of readEvents(response.body as unknown as AsyncIterable<Uint8Array>)) {
    bench.signal.throwIfAborted();
    for (const line of lines) {
      const waited = sincePrinted(line);
      if (waited !== null) waits.push(waited);
    }
    if (waits.length >= total) break;
  }
  life.abort();
  return waits;
}

export const logsLast = queryRow('logs-last', 'the last 100 lines', { lines: 100 }, 100, 0.05);
export const logsGrep = queryRow(
  'logs-grep',
  'a text that is nowhere',
  { lines: 100, grep: 'nowhere to be found' },
  0,
  1,
);

function queryRow(
  name: string,
  what: string,
  order: Record<string, unknown>,
  expected: number,
  allowed: number,
): Row {
  return {
    name,
    group: 'logs',
    about: `asking a full log of 50 MB for ${what} / ${allowed} s`,
    unit: 's',
    bar: { value: 1, kind: 'at most' },
    async measure(bench: Bench) {
      const platform = await bench.once('full log', () => fullLog(bench));
      const measured: Round[] = [];
      for (let round = 0; round <= rounds; round++) {
        const start = performance.now();
        const text = await (await fetch(await logSession(platform, order))).text();
        const ours = (performance.now() - start) / 1000;
        const found = text.split('\n').length - 1;
        if (found !== expected) throw new Error(`${found} lines were found, not ${expected}`);
        if (round === 0) continue;
        bench.say(`round ${round}: ${amount(ours, 's')}`);
        measured.push({ ours, reference: allowed });
      }
      return measured;
    },
  };
}

const budgetMb = 50;
/** The oldest segment goes as soon as the next would be too much. */
const full = 0.9 * budgetMb * 1_048_576;
/** Of 1,000 lines each. */
const pieces = 300;

/**
 * Lines as web servers write them, until the budget is used up; no faster than they are compressed, since what waits
 * for that takes the place of older lines.
 */
async function fullLog(bench: Bench): Promise<BenchPlatform> {
  const platform = await ownBurstPlatform(bench, { TWELVE_LOG_BUDGET: String(budgetMb) });
  const script = `const w = (n) => process.stdout.write(Array.from({ length: 1000 }, (_, i) => { const id = Math.imul(n * 1000 + i, 2654435761) >>> 0; return "10.0." + (id % 250) + "." + (id % 199) + " - - GET /products/" + (id % 5000) + "?session=" + id.toString(36) + " 200 " + (id % 9999) + " " + (id % 777) + "ms Mozilla/5.0 (X11; Linux x86_64)"; }).join("\\n") + "\\n"); let n = 0; const t = setInterval(() => { w(n++); if (n === ${pieces}) clearInterval(t); }, 15)`;
  bench.say(`filling a log of ${budgetMb} MB`);
  for (let portion = 1; portion <= 20; portion++) {
    const name = await runDetached(platform, `node -e '${script}'`);
    await untilShown(bench, platform, name, 'State changed from up to complete');
    // Segments are compressed within this time.
    await sleep(500);
    const bytes = await bytesIn(join(platform.server.folder, 'logs'));
    bench.say(`${portion * pieces * 1000} lines printed, ${amount(bytes / 1e6, 'MB')}`);
    if (bytes >= full) return platform;
  }
  throw new Error('The log does not get full.');
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
