// A platform whose server notes what it does when: for rows that tell its own time from that of git and the engine.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { type BenchPlatform, startPlatform } from './platform.ts';
import { packageRoot } from './server.ts';
import { parseTrace, type Span } from './spans.ts';

export interface TracedPlatform {
  platform: BenchPlatform;
  /** All that it noted so far. */
  spans(): Promise<Span[]>;
}

/** @param name of the row: the trace is a file of that name */
export async function startTraced(bench: Bench, name: string): Promise<TracedPlatform> {
  const trace = join(bench.folder, `${name}-trace`);
  const platform = await startPlatform(bench, {
    nodeOptions: ['--import', join(packageRoot, 'test', 'bench', 'trace.mjs')],
    settings: { TWELVE_BENCH_TRACE: trace },
  });
  return { platform, spans: async () => parseTrace(await readFile(trace, 'utf8')) };
}
