// How long the API takes while a process prints all it can, against the same where the engine throws away what it prints.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../support/hogs.ts';
import { type Bench, byHandLabel } from '../bench.ts';
import { app, burstPlatform, printing, runDetached, untilShown } from '../bursts.ts';
import { limits } from '../limits.ts';
import type { BenchPlatform } from '../platform.ts';
import { inTurns, type Row } from '../row.ts';
import { packageRoot } from '../server.ts';
import { stackImage } from '../stack.ts';

const client = join(packageRoot, 'test', 'bench', 'distant-client.mjs');
const requests = 500;
/** Between two of them. */
const pauseMs = 10;
const paths = ['', '/formation', '/releases', '/dynos'].map((path) => `/apps/${app}${path}`);
/** What the shell becomes, so that it ends when it is told to. */
const flood = `exec ${printing(1e12)}`;
/** From its first line to when it prints all it can. */
const settleMs = 1000;

export const logsApi: Row = {
  name: 'logs-api',
  group: 'logs',
  about: `p99 of ${requests} API requests while a process prints all it can / the same with the engine's log driver \`none\``,
  unit: 'ms',
  bar: { value: 2, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await burstPlatform(bench);
    const image = await stackImage(bench);
    return inTurns(
      bench,
      'ms',
      () => besideOurs(bench, platform),
      () => besideUnlogged(bench, platform, image),
    );
  },
};

async function besideOurs(bench: Bench, platform: BenchPlatform): Promise<number> {
  const name = await runDetached(platform, flood);
  try {
    await untilShown(bench, platform, name, 'burst ');
    return await slowest(bench, platform);
  } finally {
    await platform.cli('ps:stop', name, '--app', app);
    await untilShown(bench, platform, name, 'State changed from up to ');
  }
}

async function besideUnlogged(bench: Bench, platform: BenchPlatform, image: string): Promise<number> {
  const id = await bench.docker(
    ...['run', '--detach', '--label', `${byHandLabel}=${bench.id}`, '--log-driver', 'none'],
    ...[...limits(), image, 'sh', '-c', flood],
  );
  try {
    return await slowest(bench, platform);
  } finally {
    await bench.docker('rm', '--force', id);
  }
}

/** One after another, by a client that has no part in the flood. */
async function slowest(bench: Bench, { server }: BenchPlatform): Promise<number> {
  await sleep(settleMs);
  const order = { url: server.apiUrl, token: server.token, paths, requests, pauseMs };
  const { times, weighed } = JSON.parse(await bench.programs.tell(process.execPath, [client], order));
  if (!weighed) bench.say('the client waits for its turn on a core like any other program here');
  return quantile(times, 0.99);
}
