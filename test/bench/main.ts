// The benchmarks: ratios of what we do to what a person does by hand, measured in one run. Called by scripts/bench.
import { writeFile } from 'node:fs/promises';
import { parseOrder } from './arguments.ts';
import { createBench } from './bench.ts';
import type { Row } from './row.ts';
import { cli } from './rows/cli.ts';
import { coldBuilds } from './rows/cold-build.ts';
import { coldStart } from './rows/cold-start.ts';
import { drainLatency, drainLines, drainStoring, drainThroughput } from './rows/drain.ts';
import { idle } from './rows/idle.ts';
import { logsApi } from './rows/logs-api.ts';
import { logsBurst, logsKilled, logsMany, logsThroughput } from './rows/logs-burst.ts';
import { logsMemory } from './rows/logs-memory.ts';
import { logsQuiet } from './rows/logs-quiet.ts';
import { logsGrep, logsLast, logsLatency } from './rows/logs-read.ts';
import { logsTails } from './rows/logs-tails.ts';
import { memory } from './rows/memory.ts';
import { neighbour } from './rows/neighbour.ts';
import { noChange } from './rows/no-change.ts';
import { reconcile } from './rows/reconcile.ts';
import { rollback } from './rows/rollback.ts';
import { router } from './rows/router.ts';
import { runPrompt } from './rows/run-prompt.ts';
import { scale } from './rows/scale.ts';
import { slugIntoEngine } from './rows/slug-into-engine.ts';
import { warmPush } from './rows/warm-push.ts';
import { warmRedeploy } from './rows/warm-redeploy.ts';
import { zeroDrop } from './rows/zero-drop.ts';
import { judge, type Result, table } from './verdict.ts';

const rows: readonly Row[] = [
  warmRedeploy,
  slugIntoEngine,
  rollback,
  scale,
  logsBurst,
  logsMany,
  logsThroughput,
  logsKilled,
  logsLatency,
  logsLast,
  logsGrep,
  logsQuiet,
  logsTails,
  logsMemory,
  logsApi,
  drainLines,
  drainThroughput,
  drainStoring,
  drainLatency,
  router,
  memory,
  cli,
  coldStart,
  idle,
  runPrompt,
  neighbour,
  noChange,
  warmPush,
  ...coldBuilds,
  zeroDrop,
  ...reconcile,
];

const groups = new Map<string, string[]>();
for (const { group, name } of rows) if (group) groups.set(group, [...(groups.get(group) ?? []), name]);

const usage = `usage: scripts/bench [name…] [--json FILE]
       scripts/bench --list

A name may be that of a group: ${[...groups.keys()].join(', ')}.

Measures ours against the same done by hand, in turns, and prints the ratio of the medians of 5. Needs a Docker Engine
and the docker command (scripts/setup --dev). Whatever it makes on the engine is removed in the end, on Ctrl-C too.

  --json FILE   writes a list of {name, unit, ours, reference, ratio, bar, holds}
  --list        the names, and what each one measures

Exit status: 0 all bars hold, 1 one does not, or could not be measured; 2 wrong usage.
`;

async function main(argv: readonly string[]): Promise<number> {
  const order = parseOrder(
    argv,
    rows.map((row) => row.name),
    groups,
  );
  switch (order.kind) {
    case 'help':
      process.stdout.write(usage);
      return 0;
    case 'list':
      process.stdout.write(list());
      return 0;
    case 'wrong':
      process.stderr.write(` !     ${order.why}\n${usage}`);
      return 2;
    case 'run':
      return run(
        rows.filter((row) => order.names.includes(row.name)),
        order.json,
      );
  }
}

async function run(chosen: readonly Row[], json: string | null): Promise<number> {
  const stop = new AbortController();
  let current = '';
  const bench = createBench(stop.signal, (text) => process.stderr.write(`       ${current}: ${text}\n`));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) process.stderr.write('\n       stopping, and removing what was made\n');
      stop.abort(new Error('stopped'));
      void bench.close().then(() => process.exit(130));
    });
  }
  const results: Result[] = [];
  let failed = false;
  try {
    for (const row of chosen) {
      current = row.name;
      try {
        results.push(judge(row.name, row.unit, row.bar, await row.measure(bench)));
      } catch (error) {
        if (stop.signal.aborted) break;
        failed = true;
        process.stderr.write(` !     ${row.name} could not be measured: ${(error as Error).message}\n`);
      }
    }
  } finally {
    await bench.close();
  }
  if (stop.signal.aborted) return 130;
  process.stdout.write(table(results, new Map(rows.map((row) => [row.name, row.bar]))));
  if (json !== null) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  return failed || results.some((result) => !result.holds) ? 1 : 0;
}

function list(): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  return rows
    .map((row) => `${row.name.padEnd(width)}  ${row.bar.kind} ${row.bar.value}: ${row.about}\n`)
    .join('');
}

process.exitCode = await main(process.argv.slice(2));
// Nothing is left to do; a connection of somebody's must not keep us.
process.exit();
