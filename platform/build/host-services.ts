// Which services builds need although the guard shuts their addresses: those of this machine that the package managers'
// settings lead to, and its name servers, wherever they are.
import { lookup } from 'node:dns/promises';
import { resolversOf } from '../engine/docker-network-names.ts';
import { hostAddresses } from '../engine/host-addresses.ts';
import { nameServers, type Service } from '../engine/packet-filter.ts';

/** @param settings values of the host's npm, pip and Go: some are addresses, several in one value */
export async function hostServices(
  settings: readonly string[],
  machine: { addresses: readonly string[]; resolvers: readonly string[] } = thisMachine(),
): Promise<Service[]> {
  const named = settings.flatMap((value) => value.split(/[\s,|]+/)).flatMap(toUrl);
  const found = await Promise.all(
    named.map(async (url) => {
      const addresses = await lookup(url.hostname, { all: true, family: 4 }).catch(() => []);
      return addresses.map(({ address }) => ({ address, port: portOf(url) }));
    }),
  );
  const own = found.flat().filter(({ address }) => machine.addresses.includes(address));
  // Clouds have theirs at an address that is shut otherwise.
  const resolvers = nameServers(machine.resolvers);
  return [...new Map([...own, ...resolvers].map((one) => [`${one.address} ${one.port}`, one])).values()];
}

function toUrl(text: string): URL[] {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? [new URL(text)] : [];
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}

function thisMachine(): { addresses: string[]; resolvers: string[] } {
  return { addresses: hostAddresses(), resolvers: resolversOf() };
}
