// Which services of this machine builds need: those that the package managers' settings and its name servers lead to.
import { lookup } from 'node:dns/promises';
import { resolversOf } from '../engine/docker-network-names.ts';
import { hostAddresses } from '../engine/host-addresses.ts';
import type { Service } from './guard.ts';

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
  const all = [...found.flat(), ...machine.resolvers.map((address) => ({ address, port: 53 }))];
  const own = all.filter(({ address }) => machine.addresses.includes(address));
  return [...new Map(own.map((one) => [`${one.address} ${one.port}`, one])).values()];
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
