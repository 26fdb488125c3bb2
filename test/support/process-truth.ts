// Whether what runs is really of its release and its size: what each process was started with, as the engine has it.
import { expect } from 'vitest';
import { ask, type Container } from './engine-socket.ts';
import type { TestPlatform } from './platform.ts';

interface Details {
  Config: { Env: string[] };
  HostConfig: { Memory: number };
}

export interface FormationSaid {
  type: string;
  quantity: number;
  size: string;
}

/** How many releases back the names of config vars are looked for that should not be there any more. */
const lookBack = 6;
const mb = 1_048_576;

/** Each process has exactly the config of its release, in every value, and the memory of its size. */
export async function processesAreTrue(
  platform: TestPlatform,
  app: string,
  version: number,
  running: readonly Container[],
): Promise<void> {
  const configs = await Promise.all(
    Array.from({ length: Math.min(lookBack, version) }, (_, back) => configOf(platform, app, version - back)),
  );
  const config = configs[0]!;
  const known = new Set(configs.flatMap(Object.keys));
  expect(
    (await platform.api<Record<string, string>>('GET', `/apps/${app}/config-vars`)).body,
    'the config vars of the app are those of the release that serves',
  ).toEqual(config);
  const sizes = await memoryOfSizes(platform, app);
  for (const { id, name, labels } of running) {
    const details = await ask<Details>('GET', `/containers/${id}/json`);
    const env = new Map(details.Config.Env.map((entry) => entry.split(/=(.*)/s) as [string, string]));
    const own = Object.fromEntries([...env].filter(([key]) => known.has(key)));
    expect(own, `the config that ${name} was started with`).toEqual(config);
    expect(env.get('TWELVE_RELEASE_VERSION'), `the release in ${name}`).toBe(`v${version}`);
    expect(details.HostConfig.Memory / mb, `the memory of ${name}`).toBe(sizes.get(labels['twelve.type']!));
  }
}

export async function formationOf(platform: TestPlatform, app: string): Promise<FormationSaid[]> {
  return (await platform.api<FormationSaid[]>('GET', `/apps/${app}/formation`)).body;
}

export async function configOf(
  platform: TestPlatform,
  app: string,
  version: number,
): Promise<Record<string, string>> {
  const path = `/apps/${app}/releases/${version}/config-vars`;
  const { status, body } = await platform.api<Record<string, string>>('GET', path);
  expect(status, `GET ${path}`).toBe(200);
  return body;
}

/** In MB, by process type. */
async function memoryOfSizes(platform: TestPlatform, app: string): Promise<Map<string, number>> {
  const { body } = await platform.api<{ name: string; memory: number }[]>('GET', '/dyno-sizes');
  const memory = new Map(body.map((one) => [one.name.toLowerCase(), Math.round(one.memory * 1024)]));
  const formation = await formationOf(platform, app);
  return new Map(formation.map(({ type, size }) => [type, memory.get(size.toLowerCase()) ?? Number.NaN]));
}
