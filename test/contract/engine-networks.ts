// Contract: networks with a subnet of their own, and addresses in them.
import { expect, test } from 'vitest';
import type { Bench } from './engine.ts';

export function networkCases(bench: Bench): void {
  test('a network is made once; made again it is the same', async () => {
    const wanted = { name: bench.name(), subnet: bench.subnet().first, labels: bench.labels };
    const made = await bench.engine.createNetwork(wanted);
    expect(made).toMatchObject({ name: wanted.name, subnets: [wanted.subnet], labels: bench.labels });
    expect(await bench.engine.createNetwork(wanted)).toEqual(made);
    expect(await bench.engine.networks()).toContainEqual(made);
    await bench.engine.removeNetwork(wanted.name);
    expect((await bench.engine.networks()).map((network) => network.name)).not.toContain(wanted.name);
  });

  test('a network is called on the host as it was asked', async () => {
    const bridge = `twc${bench.name().slice(-12)}`;
    const wanted = { name: bench.name(), subnet: bench.subnet().first, labels: bench.labels, bridge };
    expect((await bench.engine.createNetwork(wanted)).bridge).toBe(bridge);
    expect((await bench.engine.networks()).find(({ name }) => name === wanted.name)?.bridge).toBe(bridge);
  });

  test('a subnet is used once, and a name keeps its subnet', async () => {
    const subnet = bench.subnet();
    const wanted = { name: bench.name(), subnet: subnet.first, labels: bench.labels };
    await bench.engine.createNetwork(wanted);
    for (const refused of [
      { ...wanted, name: bench.name() },
      { ...wanted, name: bench.name(), subnet: subnet.overlapping },
      { ...wanted, subnet: subnet.other },
      { ...wanted, labels: { ...bench.labels, 'twelve.role': 'other' } },
    ]) {
      await expect(bench.engine.createNetwork(refused)).rejects.toMatchObject({ code: 'conflict' });
    }
  });

  test('a running container has an address of its own in its network, and keeps the network there', async () => {
    const { first } = bench.subnet();
    const network = bench.name();
    await bench.engine.createNetwork({ name: network, subnet: first, labels: bench.labels });
    const ids = [await bench.run('sleeps', { network }), await bench.run('sleeps', { network })];
    const start = first.replace(/0\/25$/, '');
    const addresses = new Set<string>();
    for (const id of ids) {
      const details = await bench.engine.inspect(id);
      expect(Object.keys(details.addresses)).toEqual([network]);
      expect(details.addresses[network]?.startsWith(start)).toBe(true);
      addresses.add(details.addresses[network]!);
    }
    expect(addresses.size).toBe(2);
    const listed = await bench.engine.list(bench.labels);
    expect(new Set(listed.map((container) => container.addresses[network]))).toEqual(addresses);
    await expect(bench.engine.removeNetwork(network)).rejects.toMatchObject({ code: 'conflict' });
    await Promise.all(ids.map((id) => bench.engine.remove(id)));
    await bench.engine.removeNetwork(network);
  });

  test('a network that is gone fails the start', async () => {
    const id = await bench.create('sleeps', { network: bench.name() });
    await expect(bench.engine.start(id)).rejects.toMatchObject({ code: 'not_found' });
  });
}
