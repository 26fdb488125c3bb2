// Each build sees to its network's guard, also one after many that failed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createBuilder } from '../../../platform/build/build.ts';
import type { BuilderNeeds } from '../../../platform/build/needs.ts';
import { createBuildNetwork } from '../../../platform/build/network.ts';
import { createMemoryNetworks } from '../../support/memory-networks.ts';
import { eventually } from '../../support/wait.ts';

it('the rules are set again by each build, whatever becomes of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-guarded-'));
  const { part } = createMemoryNetworks(() => new Set());
  const bridge = 'br-builds';
  let closed = 0;
  const network = createBuildNetwork({
    engine: {
      ...part,
      networks: async () => (await part.networks()).map((one) => ({ ...one, bridge })),
      createNetwork: async (wanted) => ({ ...(await part.createNetwork(wanted)), bridge }),
    },
    instance: 'mine',
    range: '10.251.0.0/16',
    taken: () => [],
    guard: {
      close: async () => {
        closed += 1;
        return null;
      },
      open: async () => undefined,
    },
    onProblem: () => undefined,
  });
  const needs = { workFolder: join(folder, 'work'), cacheFolder: join(folder, 'cache'), timeoutMs: 60_000 };
  const builder = createBuilder({ ...needs, network } as unknown as BuilderNeeds);
  await builder.prepare();
  expect(closed).toBe(1);
  for (const times of [2, 3]) {
    const failed = builder.build({
      ...{ id: `build-${times}`, appId: 'app', appName: 'app', commit: null, config: {} },
      fetchSource: async () => {
        throw new Error('no source');
      },
      write: () => undefined,
      signal: new AbortController().signal,
    });
    await expect(failed).rejects.toThrow('no source');
    await eventually(
      () => closed,
      (count) => count === times,
    );
  }
  await builder.close();
  await rm(folder, { recursive: true });
});
