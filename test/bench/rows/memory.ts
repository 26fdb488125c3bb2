// What our own processes hold in memory in the state that scripts/demo leaves, against the bar of 150 MB.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { ownProcesses } from '../own-processes.ts';
import { type BenchPlatform, type DeployedApp, startPlatform } from '../platform.ts';
import { untilAnswered } from '../polling.ts';
import { proportionalBytes, treeOf } from '../processes.ts';
import { type Row, rounds } from '../row.ts';
import { amount, type Round } from '../verdict.ts';

const megabyte = 1_000_000;
const allowed = 150;

export const memory: Row = {
  name: 'memory',
  about: `proportional set size of all our processes, without HAProxy, after what scripts/demo does / ${allowed} MB`,
  unit: 'MB',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const measured: Round[] = [];
    // A file of its own: with the same one, its pages would count in part for other programs, as ourselves.
    const node = join(bench.folder, 'node');
    await copyFile(process.execPath, node);
    for (let round = 1; round <= rounds; round++) {
      const platform = await startPlatform(bench, { node });
      await demonstrate(bench, platform, await platform.deploy('hello', 'hello-node'));
      const held = await heldBy(bench, platform);
      bench.say(
        `round ${round}: ${held.map(({ what, bytes }) => `${what} ${inMegabytes(bytes)}`).join(', ')}`,
      );
      const ours = held.reduce((sum, { bytes }) => sum + bytes, 0) / megabyte;
      measured.push({ ours, reference: allowed });
      await platform.remove();
    }
    return measured;
  },
};

const inMegabytes = (bytes: number): string => amount(bytes / megabyte, 'MB');

/** The steps of scripts/lib/demo-tour.sh. */
async function demonstrate(bench: Bench, { cli }: BenchPlatform, app: DeployedApp): Promise<void> {
  const visit = (text: string): Promise<void> =>
    untilAnswered(app.target, (body) => body.includes(text), bench.signal);
  const of = ['--app', app.name];
  await visit('from web.1');
  await cli('releases', ...of);
  await cli('logs', '--num', '20', ...of);
  await cli('config:set', 'GREETING=Good morning', ...of);
  await visit('Good morning');
  await cli('ps:scale', 'web=3', ...of);
  await cli('ps', ...of);
  for (const name of ['web.1', 'web.2', 'web.3']) await visit(`from ${name}`);
  await cli('rollback', 'v2', ...of);
  await cli('releases', ...of);
  await visit('release v4');
  await cli('logs', '--num', '20', ...of);
  await app.settled(3);
}

interface Held {
  what: string;
  bytes: number;
}

async function heldBy(bench: Bench, platform: BenchPlatform): Promise<Held[]> {
  const own = await ownProcesses(bench, platform);
  return Promise.all(
    own.map(async ({ what, pid }) => {
      const each = await Promise.all((await treeOf(pid)).map(proportionalBytes));
      return { what, bytes: each.reduce((sum, bytes) => sum + bytes, 0) };
    }),
  );
}
