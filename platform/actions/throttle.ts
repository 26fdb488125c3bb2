// How many wrong tokens an address may send: a number at once, and then one each second. Bounded, whoever asks.
import { isIPv6 } from 'node:net';

export interface Throttle {
  /** Milliseconds until the address may try again; 0: now. */
  waitMs(address: string): number;
  failed(address: string): void;
}

const atOnce = 20;
const everyMs = 1000;
const addresses = 10_000;

/** @param now milliseconds, which only grow */
export function createThrottle(now: () => number): Throttle {
  /** When all tries of an address will be there again. Insertion order is that of the last failure. */
  const fullAt = new Map<string, number>();
  return {
    waitMs(address) {
      const full = fullAt.get(placeOf(address)) ?? 0;
      return Math.max(0, full - now() - (atOnce - 1) * everyMs);
    },
    failed(address) {
      const place = placeOf(address);
      const full = Math.max(fullAt.get(place) ?? 0, now()) + everyMs;
      fullAt.delete(place);
      fullAt.set(place, full);
      for (const [oldest, at] of fullAt) {
        if (at > now() && fullAt.size <= addresses) break;
        fullAt.delete(oldest);
      }
    },
  };
}

/** One host has a whole /64 of IPv6 addresses. */
function placeOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const parts = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  const whole =
    tail === undefined ? parts : [...parts, ...Array(8 - parts.length - rest.length).fill('0'), ...rest];
  return whole
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(':');
}
