// Networks of a simulated engine: subnets that may not overlap, addresses handed out in order.
import { PlatformError } from '../../platform/domain/errors.ts';
import type { Engine, NetworkInfo } from '../../platform/engine/engine.ts';
import { carries } from './memory-events.ts';

export interface MemoryNetworks {
  part: Pick<Engine, 'createNetwork' | 'networks' | 'removeNetwork'>;
  /** The next free address, or `not_found` when there is no such network. */
  addressIn(name: string): string;
}

export function createMemoryNetworks(usedIn: (name: string) => Set<string>): MemoryNetworks {
  const networks = new Map<string, NetworkInfo>();
  let count = 0;

  const refuse = (found: NetworkInfo): never => {
    throw new PlatformError(
      'conflict',
      `The network ${found.name} has the subnet ${found.subnets.join(', ')}.`,
    );
  };

  const part: MemoryNetworks['part'] = {
    networks: async () => [...networks.values()].map((network) => structuredClone(network)),
    async createNetwork({ name, subnet, labels, bridge }) {
      const found = networks.get(name);
      if (found) {
        if (!found.subnets.includes(subnet) || !carries(found.labels, labels)) refuse(found);
        return structuredClone(found);
      }
      for (const other of networks.values()) {
        if (other.subnets.some((taken) => overlap(rangeOf(taken), rangeOf(subnet)))) refuse(other);
      }
      count += 1;
      const made = {
        id: `network${count}`,
        name,
        labels: { ...labels },
        subnets: [subnet],
        bridge: bridge ?? null,
      };
      networks.set(name, made);
      return structuredClone(made);
    },
    async removeNetwork(name) {
      if (usedIn(name).size > 0) {
        throw new PlatformError('conflict', `Could not remove the network ${name}: it has active endpoints.`);
      }
      networks.delete(name);
    },
  };

  const addressIn = (name: string): string => {
    const network = networks.get(name);
    if (!network) throw new PlatformError('not_found', `network ${name} not found`);
    const [first, last] = rangeOf(network.subnets[0]!);
    const used = usedIn(name);
    // .0 names the network, .1 is the bridge, the last is broadcast.
    for (let number = first + 2; number < last; number++) {
      if (!used.has(textOf(number))) return textOf(number);
    }
    throw new PlatformError('engine_failed', `no available IPv4 addresses on ${name}`);
  };

  return { part, addressIn };
}

type Range = readonly [first: number, last: number];

function rangeOf(subnet: string): Range {
  const [address = '', bits = '32'] = subnet.split('/');
  const size = 2 ** (32 - Number(bits));
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  return [first, first + size - 1];
}

function overlap(a: Range, b: Range): boolean {
  return a[0] <= b[1] && b[0] <= a[1];
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
