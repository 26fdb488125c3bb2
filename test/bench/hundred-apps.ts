// A platform with a hundred apps, each deployed by a real push and running one process: for the rows about what many cost.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../platform/engine/labels.ts';
import type { Bench } from './bench.ts';
import { type BenchPlatform, type DeployedApp, startPlatform } from './platform.ts';
import { packageRoot } from './server.ts';

export const count = 100;

/** Of its own for each row, which removes it: other rows must not be measured beside a hundred apps. */
export async function hundredApps(
  bench: Bench,
): Promise<{ platform: BenchPlatform; apps: readonly DeployedApp[] }> {
  const platform = await startPlatform(bench);
  return { platform, apps: await deployAll(bench, platform) };
}

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
  // With the router. A build's container may be there still: one is kept ready for the next push.
  for (let tries = 0; (await running(bench, platform)).length !== count + 1; tries++) {
    if (tries > 60) throw new Error(`There are not ${count} processes and a router that run.`);
    await sleep(500);
  }
  return apps;
}

/** `id started-at` of every running container of the platform that serves: the apps' and the router's. */
export async function running(bench: Bench, { server }: BenchPlatform): Promise<string[]> {
  const told = await Promise.all(
    ['process', 'router'].map(async (kind) => {
      const labels = [`${label.instance}=${server.instance}`, `${label.kind}=${kind}`];
      const ids = await bench.docker('ps', '-q', ...labels.flatMap((one) => ['--filter', `label=${one}`]));
      if (ids === '') return [];
      const format = ['--format', '{{.Id}} {{.State.StartedAt}}'];
      return (await bench.docker('inspect', ...format, ...ids.split('\n'))).split('\n');
    }),
  );
  return told.flat().sort();
}
