// The server's start with a hundred apps that run, to the moment it says that it is up; nothing of what runs may change.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../../platform/engine/labels.ts';
import type { Bench } from '../bench.ts';
import { type BenchPlatform, type DeployedApp, startPlatform } from '../platform.ts';
import { timed, untilAnswered } from '../polling.ts';
import { type Row, rounds } from '../row.ts';
import { packageRoot } from '../server.ts';
import { amount, type Round } from '../verdict.ts';

const count = 100;
const allowed = 2;
/** After it is up it looks at every app, and does what it finds to do. */
const watchedMs = 3000;

export const coldStart: Row = {
  name: 'cold-start',
  about: `start of the server with ${count} apps, each running, until it is up; nothing of what runs is touched / ${allowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await startPlatform(bench);
    const apps = await deployAll(bench, platform);
    const { server } = platform;
    const measured: Round[] = [];
    // The first start reads all from the disk and does not count.
    for (let round = 0; round <= rounds; round++) {
      bench.signal.throwIfAborted();
      await server.stop();
      const before = await running(bench, platform);
      const since = Date.now() / 1000;
      const ours = await timed(() => server.start());
      await sleep(watchedMs);
      const changes = await changesSince(bench, platform, since);
      const after = await running(bench, platform);
      if (changes.length > 0 || after.join() !== before.join() || after.length !== count + 1)
        throw new Error(
          `The start touched what runs (${before.length} containers before, ${after.length} after):\n${changes.join('\n')}`,
        );
      for (const app of apps) await untilAnswered(app.target, () => true, bench.signal, 1000);
      bench.say(`${round === 0 ? 'to warm up' : `round ${round}`}: ${amount(ours, 's')}`);
      if (round > 0) measured.push({ ours, reference: allowed });
    }
    await platform.remove();
    return measured;
  },
};

/** Real pushes, two at a time. */
async function deployAll(bench: Bench, platform: BenchPlatform): Promise<DeployedApp[]> {
  const folder = join(packageRoot, 'test', 'bench', 'backend');
  const names = Array.from({ length: count }, (_, index) => `bench-${String(index + 1).padStart(3, '0')}`);
  const apps: DeployedApp[] = [];
  const lane = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      bench.signal.throwIfAborted();
      apps.push(await platform.deploy(name, folder));
    }
  };
  await Promise.all([lane(), lane()]);
  // With the router; the last build's container may still be going.
  while ((await running(bench, platform)).length > count + 1) await sleep(500);
  return apps;
}

/** `id started-at` of every running container of the platform: the apps' and the router's. */
async function running(bench: Bench, { server }: BenchPlatform): Promise<string[]> {
  const ids = await bench.docker('ps', '-q', '--filter', `label=${label.instance}=${server.instance}`);
  const told = await bench.docker(
    ...['inspect', '--format', '{{.Id}} {{.State.StartedAt}}'],
    ...ids.split('\n').filter(Boolean),
  );
  return told.split('\n').sort();
}

/** What the engine did to containers of the platform, other than being asked about them. */
async function changesSince(bench: Bench, { server }: BenchPlatform, since: number): Promise<string[]> {
  const told = await bench.docker(
    ...['events', '--since', String(since), '--until', String(Date.now() / 1000)],
    ...['--filter', 'type=container', '--filter', `label=${label.instance}=${server.instance}`],
    ...['--format', '{{.Action}} {{.Actor.Attributes.name}}'],
  );
  return told.split('\n').filter(Boolean);
}
