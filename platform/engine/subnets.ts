// Which part of a range a new network may have: none that another network or a route of the host has.
import { readFileSync } from 'node:fs';
import { PlatformError } from '../domain/errors.ts';

interface Range {
  first: number;
  last: number;
}

/**
 * The first free /25 of the range.
 * @throws PlatformError `service_unavailable` when all are taken
 */
export function pickSubnet(range: string, taken: readonly string[], routes: readonly string[]): string {
  const whole = toRange(range);
  const busy = [...taken, ...routes].map(toRange);
  for (let first = whole.first; first + 127 <= whole.last; first += 128) {
    if (!busy.some((other) => other.first <= first + 127 && other.last >= first))
      return `${toText(first)}/25`;
  }
  throw new PlatformError(
    'service_unavailable',
    `Every /25 of ${range} is in use, by apps, builds, other networks of the engine or routes of this host. Set TWELVE_NETWORKS to a larger or another range.`,
  );
}

/** The host's IPv4 routes except the default one, as CIDR. */
export function hostRoutes(): string[] {
  try {
    return parseRoutes(readFileSync('/proc/net/route', 'utf8'));
  } catch {
    return [];
  }
}

/** Text of /proc/net/route → CIDR list; its numbers are little-endian hexadecimal. */
export function parseRoutes(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.split('\t');
      if (fields.length < 8 || fields[7] === '00000000') return [];
      const bits = [...Number.parseInt(fields[7]!, 16).toString(2)].filter((bit) => bit === '1').length;
      return [`${Buffer.from(fields[1]!, 'hex').reverse().join('.')}/${bits}`];
    });
}

function toRange(cidr: string): Range {
  const [address = '', bits = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
