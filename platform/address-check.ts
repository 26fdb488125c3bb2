// The one check of what users name to be fetched from: looked up once, every address judged, and only these connected to.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Config } from './config.ts';
import { type ResolveSafely, refusalOf } from './domain/address.ts';
import { messageOf, PlatformError } from './domain/errors.ts';
import { timeLimit } from './domain/time-limit.ts';

export interface CheckNeeds {
  /** Addresses and ranges of the platform; asked each time, since a machine's addresses change. */
  own(): readonly string[];
  /** Host names that lead to the platform, perhaps over an address that the machine itself does not know it has. */
  names: readonly string[];
  /** Addresses and ranges that the operator allows all the same. */
  allowed?: readonly string[];
  /** What does not happen: `nothing is fetched from there`. */
  refusal?: string;
  /** All addresses of a host name. */
  lookupAll?: (host: string) => Promise<string[]>;
  timeoutMs?: number;
}

/** Whoever answers for a name can answer differently a moment later: what was judged is what has to be connected to. */
export function createAddressCheck(needs: CheckNeeds): ResolveSafely {
  const lookupAll = needs.lookupAll ?? systemLookup;
  return async (url, signal) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const wait = { timeoutMs: needs.timeoutMs ?? 10_000, signal };
    const [addresses, named] = await Promise.all([
      isIP(host) ? [host] : found(host, lookupAll, wait),
      Promise.all(needs.names.map((name) => found(name, lookupAll, wait).catch(() => []))),
    ]);
    const own = [...needs.own(), ...named.flat()];
    for (const address of addresses) {
      const why = refusalOf(address, own, needs.allowed);
      if (why)
        throw refuse(
          `${told(host, address)} ${why}, and ${needs.refusal ?? 'nothing is fetched from there'}.`,
        );
    }
    return { host, port: Number(url.port) || 443, addresses };
  };
}

function refuse(sentence: string): PlatformError {
  return new PlatformError('invalid_params', sentence);
}

function told(host: string, address: string): string {
  return host === address ? `${host} is` : `${host} leads to ${address},`;
}

async function found(
  host: string,
  lookupAll: (host: string) => Promise<string[]>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<string[]> {
  const late = timeLimit(timeoutMs);
  const stop = signal ? AbortSignal.any([signal, late]) : late;
  try {
    const addresses = await Promise.race([lookupAll(host), rejected(stop)]);
    if (addresses.length > 0) return addresses;
  } catch (error) {
    signal?.throwIfAborted();
    const why = late.aborted ? `no answer within ${timeoutMs / 1000} s` : lookupError(error);
    throw refuse(`${host} cannot be looked up (${why}). Is the name right?`);
  }
  throw refuse(`${host} has no address. Is the name right?`);
}

function lookupError(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? messageOf(error);
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** As the machine's other programs look names up: its hosts file first, then DNS. */
async function systemLookup(host: string): Promise<string[]> {
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
}

/** The machine, its apps, and where its names lead. @param addresses every one that reaches the machine from itself */
export function ourselves(
  config: Pick<Config, 'networks' | 'domain' | 'publicUrl'>,
  addresses: () => readonly string[],
): CheckNeeds {
  const { networks, domain, publicUrl } = config;
  return {
    own: () => [...addresses(), networks],
    // The second one stands for the apps, whose names are often one entry for all.
    names: [domain, `any.${domain}`, ...(publicUrl === null ? [] : [new URL(publicUrl).hostname])],
  };
}

/** For what is fetched, and for log drains, where the operator may allow more. */
export function createAddressChecks(
  config: Parameters<typeof ourselves>[0] & Pick<Config, 'drainAddresses'>,
  addresses: () => readonly string[],
): { resolve: ResolveSafely; resolveDrain: ResolveSafely } {
  const needs = ourselves(config, addresses);
  const refusal = 'nothing is sent there. Whoever runs the server may allow it with TWELVE_DRAIN_ADDRESSES';
  return {
    resolve: createAddressCheck(needs),
    resolveDrain: createAddressCheck({ ...needs, allowed: config.drainAddresses, refusal }),
  };
}
