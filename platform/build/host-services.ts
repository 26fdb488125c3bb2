// Which services of this machine builds need: those that the package managers' settings and its name servers lead to.
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { resolversOf } from '../engine/docker-network-names.ts';
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
  const addresses = Object.values(networkInterfaces()).flatMap((entries = []) =>
    entries.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
  );
  return { addresses: [...addresses, ...localAddresses(readTable())], resolvers: resolversOf() };
}

/** Text of /proc/net/fib_trie → addresses that the kernel takes for its own: bridges that nobody is connected to as well. */
export function localAddresses(table: string): string[] {
  const found = table.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n\s+\/32 host LOCAL/g);
  return [...new Set([...found].map(([, address]) => address!))];
}

function readTable(): string {
  try {
    return readFileSync('/proc/net/fib_trie', 'utf8');
  } catch {
    return '';
  }
}
