// Bursts: one-off processes that print numbered lines and end with the last, and what a tail shows of them.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { createBurstCounts } from './burst-count.ts';
import { type BenchPlatform, benchPlatform, startPlatform } from './platform.ts';
import type { ServerOptions } from './server.ts';

export const app = 'bench-bursts';

/** The platform that most rows share, with an app to run them in. */
export function burstPlatform(bench: Bench): Promise<BenchPlatform> {
  return bench.once('bursts', async () => deployed(await benchPlatform(bench)));
}

/** One of a row's own. */
export const ownBurstPlatform = async (
  bench: Bench,
  settings: Readonly<Record<string, string>>,
  options: Partial<ServerOptions> = {},
): Promise<BenchPlatform> => deployed(await startPlatform(bench, { ...options, settings }));

async function deployed(platform: BenchPlatform): Promise<BenchPlatform> {
  await platform.deploy(app, 'misbehaving');
  return platform;
}

/** `burst 1`, `burst 2`, … as fast as can be. */
export const printing = (lines: number): string => `seq -f 'burst %.0f' 1 ${lines}`;

/** @returns the name of its process */
export async function runDetached(platform: BenchPlatform, command: string): Promise<string> {
  return (await platform.cli('run:detached', '--app', app, command)).trim();
}

/** @returns the URL at which the lines can be had that were ordered */
export async function logSession(platform: BenchPlatform, order: Record<string, unknown>): Promise<string> {
  const answer = await platform.api('POST', `/apps/${app}/log-sessions`, order);
  return (answer as { logplex_url: string }).logplex_url;
}

/** In the newest line of a process. */
export async function untilShown(
  bench: Bench,
  platform: BenchPlatform,
  name: string,
  text: string,
): Promise<void> {
  for (let shown = ''; !shown.includes(text); ) {
    await sleep(200);
    bench.signal.throwIfAborted();
    shown = await (await fetch(await logSession(platform, { lines: 1, dyno: name }))).text();
  }
}

export interface Span {
  /** The name of its process. */
  name: string;
  /** Milliseconds since the epoch, as the log has them: when it was said that the process starts… */
  started: number;
  /** …and that it has ended, which comes when all it printed is stored. */
  stored: number;
}

/** Lets a process print so many lines. */
export async function burstSpan(bench: Bench, platform: BenchPlatform, lines: number): Promise<Span> {
  const tail = platform.startCli('logs', '--tail', '--num', '1', '--source', 'twelve', '--app', app);
  try {
    const shown = createInterface({ input: tail.stdout! })[Symbol.asyncIterator]();
    // From here on nothing passes it by.
    await shown.next();
    const name = await runDetached(platform, printing(lines));
    let started = 0;
    for (;;) {
      const { value: line, done } = await shown.next();
      bench.signal.throwIfAborted();
      if (done) throw new Error('The tail ended before the process did.');
      if (line.includes(`twelve[${name}]: Starting process`)) started = timeOf(line);
      if (line.includes(`twelve[${name}]: Process exited with status 0`))
        return { name, started, stored: timeOf(line) };
    }
  } finally {
    tail.kill();
  }
}

/** Of so many, by a process that prints as fast as it can. */
export async function storedPerSecond(bench: Bench, platform: BenchPlatform, lines: number): Promise<number> {
  const { started, stored } = await burstSpan(bench, platform, lines);
  return lines / ((stored - started) / 1000);
}

const timeOf = (line: string): number => {
  const [stamp = ''] = line.split(' ');
  // Of the digits behind the second Date takes three.
  return Date.parse(stamp) + Number(/\.\d{3}(\d{3})/.exec(stamp)![1]) / 1000;
};

export interface Watch {
  /** Lines kept once and in order, of all processes, when so many have ended. */
  kept: Promise<number>;
  end(): void;
}

/** Reads the log as a user does. Resolves once the tail is there, so that nothing will pass it by. */
export async function watchBursts(bench: Bench, platform: BenchPlatform, processes: number): Promise<Watch> {
  const tail = platform.startCli('logs', '--tail', '--num', '1', '--app', app);
  const said: string[] = [];
  tail.stderr!.on('data', (text) => said.push(String(text)));
  let there: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    there = resolve;
  });
  const kept = count();
  kept.catch(() => undefined);

  async function count(): Promise<number> {
    const counts = createBurstCounts();
    let ended = 0;
    for await (const line of createInterface({ input: tail.stdout! })) {
      bench.signal.throwIfAborted();
      there();
      if (counts.take(line) && ++ended === processes) return counts.kept();
    }
    throw new Error(`The log ended before the bursts did. ${said.join('')}`);
  }

  await Promise.race([ready, kept]);
  return { kept, end: () => void tail.kill() };
}
