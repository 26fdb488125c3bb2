// Networks on a Docker Engine: one bridge with one subnet each.
import { hasCode, PlatformError } from '../domain/errors.ts';
import type { DockerConnection } from './docker-connection.ts';
import { bridgeOf, bridgeOption, decodeNetwork } from './docker-decode.ts';
import { statusOf } from './docker-errors.ts';
import type { NetworkNames } from './docker-network-names.ts';
import type { Engine, NetworkInfo } from './engine.ts';

type NetworkPart = Pick<Engine, 'createNetwork' | 'networks' | 'removeNetwork'>;
type Wanted = Parameters<Engine['createNetwork']>[0];

export function dockerNetworks(connection: DockerConnection, names: NetworkNames): NetworkPart {
  const { docker, call } = connection;

  const networks: Engine['networks'] = () =>
    call('list networks', async () => (await names.list()).map(decodeNetwork));

  const existing = async (wanted: Wanted): Promise<NetworkInfo | null> => {
    const found = (await networks()).find((network) => network.name === wanted.name);
    if (!found) return null;
    if (isAsWanted(found, wanted)) return found;
    throw new PlatformError(
      'conflict',
      `The network ${wanted.name} exists with subnet ${found.subnets.join(', ')} or other labels; ${wanted.subnet} was wanted.`,
    );
  };

  return {
    networks,

    createNetwork: async (wanted) => {
      const found = await existing(wanted);
      if (found) return found;
      try {
        const id = await create(connection, names, wanted);
        names.learn(wanted.name, id);
        return {
          id,
          name: wanted.name,
          labels: { ...wanted.labels },
          subnets: [wanted.subnet],
          bridge: bridgeOf(id, optionsOf(wanted)),
        };
      } catch (error) {
        // Somebody may have made the same one between our look and our request.
        if (!hasCode(error, 'conflict')) throw error;
        const theirs = await existing(wanted);
        if (theirs) return theirs;
        throw error;
      }
    },

    async removeNetwork(name) {
      const found = (await networks()).find((network) => network.name === name);
      if (!found) return;
      names.learn(name, undefined);
      await call(`remove the network ${name}`, async () => {
        await docker.getNetwork(found.id).remove();
      }).catch((error) => {
        if (!hasCode(error, 'not_found')) throw error;
      });
    },
  };
}

async function create(connection: DockerConnection, names: NetworkNames, wanted: Wanted): Promise<string> {
  const name = names.toMake(wanted.name);
  try {
    return await createAs(connection, name, wanted);
  } catch (error) {
    if (name === wanted.name || statusOf(error) !== 400) throw error;
    names.refused();
    return await createAs(connection, wanted.name, wanted);
  }
}

function optionsOf({ apart, bridge }: Wanted): Record<string, string> {
  return {
    // Processes of one app may talk to each other, and reach the world with the host's address.
    'com.docker.network.bridge.enable_icc': apart ? 'false' : 'true',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
    ...(bridge ? { [bridgeOption]: bridge } : {}),
  };
}

function createAs(connection: DockerConnection, name: string, wanted: Wanted): Promise<string> {
  return connection.call(`make the network ${wanted.name} (${wanted.subnet})`, async () => {
    const network = await connection.docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      EnableIPv6: false,
      IPAM: { Driver: 'default', Config: [{ Subnet: wanted.subnet }] },
      Options: optionsOf(wanted),
      Labels: wanted.labels,
    });
    return network.id;
  });
}

function isAsWanted(found: NetworkInfo, wanted: Wanted): boolean {
  return (
    found.subnets.includes(wanted.subnet) &&
    Object.entries(wanted.labels).every(([name, value]) => found.labels[name] === value)
  );
}
