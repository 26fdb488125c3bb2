// The network of builds: asked for once, made beside others, and a guard that cannot be set up is told once.
import { expect, test } from 'vitest';
import type { Guard } from '../../../platform/build/guard.ts';
import { type BuildNetworkNeeds, createBuildNetwork } from '../../../platform/build/network.ts';
import { createMemoryNetworks } from '../../support/memory-networks.ts';

function setUp(guard: Partial<Guard> = {}, more: Partial<BuildNetworkNeeds['engine']> = {}) {
  const { part } = createMemoryNetworks(() => new Set());
  const asked: string[] = [];
  const problems: string[] = [];
  const engine = {
    ...part,
    networks: async () => {
      asked.push('networks');
      // As an engine with bridges has it.
      return (await part.networks()).map((one) => ({ ...one, bridge: `br-${one.id}` }));
    },
    createNetwork: async (wanted: Parameters<typeof part.createNetwork>[0]) => {
      asked.push(`${wanted.subnet} ${wanted.apart}`);
      return { ...(await part.createNetwork(wanted)), bridge: 'br-new' };
    },
    ...more,
  };
  const network = createBuildNetwork({
    engine,
    instance: 'abc',
    range: '10.251.0.0/16',
    taken: () => ['10.251.0.0/25'],
    guard: { close: async () => null, open: async () => undefined, ...guard },
    onProblem: (message) => void problems.push(message),
  });
  return { network, asked, problems, part };
}

test('made once, away from what apps have, with builds apart from each other', async () => {
  const { network, asked } = setUp();
  expect(await Promise.all([network.ensure(), network.ensure()])).toEqual([
    'twelve-abc-builds',
    'twelve-abc-builds',
  ]);
  expect(asked).toEqual(['networks', '10.251.0.128/25 true']);
});

test('removed by somebody it is made again; closed it is gone', async () => {
  const { network, asked, part } = setUp();
  await network.ensure();
  await part.removeNetwork('twelve-abc-builds');
  network.forget();
  await network.ensure();
  expect(asked.filter((one) => one.endsWith('true'))).toHaveLength(2);
  await network.close();
  expect(await part.networks()).toEqual([]);
});

test('removed by somebody, it is made once, though it is looked for in the background too', async () => {
  const { network, asked, part } = setUp();
  await network.ensure();
  await part.removeNetwork('twelve-abc-builds');
  network.look();
  network.forget();
  await network.ensure();
  await network.close();
  expect(asked.filter((one) => one.endsWith('true'))).toHaveLength(2);
});

test.each([true, false])('closed, its guard goes with it alone: removed %s', async (works) => {
  let opened = 0;
  const guard = {
    open: async () => {
      opened += 1;
    },
  };
  const busy = async (): Promise<void> => {
    throw new Error('it has active endpoints');
  };
  const { network } = setUp(guard, works ? {} : { removeNetwork: busy });
  await network.ensure();
  await network.close();
  expect(opened).toBe(works ? 1 : 0);
});

test('looked at in the background it is made again, and who asks meanwhile does not wait; closing waits', async () => {
  const guarded: string[] = [];
  const { network, part } = setUp({
    close: async (bridge) => {
      guarded.push(bridge);
      return null;
    },
  });
  network.look();
  expect(await part.networks()).toEqual([]);
  await network.ensure();
  await part.removeNetwork('twelve-abc-builds');
  network.look();
  expect(await network.ensure()).toBe('twelve-abc-builds');
  expect(guarded).toHaveLength(1);
  await network.close();
  expect(guarded).toHaveLength(2);
  expect(await part.networks()).toEqual([]);
});

test('builds go on without a guard, which is told once with the reason', async () => {
  const { network, problems } = setUp({
    close: async () => 'iptables is not installed where the server runs.',
  });
  await network.ensure();
  network.forget();
  expect(await network.ensure()).toBe('twelve-abc-builds');
  expect(problems).toEqual([
    'Builds can reach services of this machine that listen on other addresses than loopback, and link-local addresses: iptables is not installed where the server runs.',
  ]);
});
