// Every address that reaches this machine from itself.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** Asked each time: a machine's addresses change. */
export function hostAddresses(): string[] {
  const known = Object.values(networkInterfaces()).flatMap((entries = []) =>
    // A link-local address carries the name of its wire.
    entries.map(({ address }) => address.replace(/%.*$/, '')),
  );
  return [...new Set([...known, ...localAddresses(readTable())])];
}

/**
 * Text of /proc/net/fib_trie → the IPv4 addresses that the kernel takes for its own. Node leaves out those of interfaces
 * without a carrier, such as a bridge that no container is connected to; they are reached all the same.
 */
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
