// One network per app, with a subnet fixed in the store, there while a process runs.
import { readFileSync } from 'node:fs';
import { PlatformError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { label, ownLabels, ownName } from '../engine/labels.ts';

interface Range {
  first: number;
  last: number;
}

export interface Networks {
  /** Name of the app's network, made where it is missing. */
  ensure(app: { id: string; subnet: string | null }): Promise<string>;
  /** Looks at the engine again next time (the network was found missing). */
  forget(appId: string): void;
  /** Takes it away; stays quiet while something still uses it. */
  remove(appId: string): Promise<void>;
}

/**
 * @param needs.range what the /25s are cut from
 * @param needs.taken subnets of all apps in the store
 * @param needs.fix remembers an app's subnet
 */
export function createNetworks(needs: {
  engine: Engine;
  instance: string;
  range: string;
  taken: () => string[];
  fix: (appId: string, subnet: string) => void;
}): Networks {
  const { engine, instance } = needs;
  const nameOf = (appId: string): string => ownName(instance, appId.slice(0, 8));
  const making = new Map<string, Promise<string>>();

  async function make(app: { id: string; subnet: string | null }): Promise<string> {
    const name = nameOf(app.id);
    const labels = { ...ownLabels(instance), [label.app]: app.id };
    const refused = new Set<string>();
    let subnet = app.subnet;
    for (;;) {
      subnet ??= pickSubnet(
        needs.range,
        [...needs.taken(), ...refused, ...(await engine.networks()).flatMap((network) => network.subnets)],
        hostRoutes(),
      );
      try {
        await engine.createNetwork({ name, subnet, labels });
        if (subnet !== app.subnet) needs.fix(app.id, subnet);
        return name;
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'conflict') throw error;
        // Another platform on this engine, or a VPN, took it since: move on.
        refused.add(subnet);
        subnet = null;
      }
    }
  }

  return {
    ensure(app) {
      const known = making.get(app.id);
      if (known) return known;
      const promise = make(app);
      making.set(app.id, promise);
      promise.catch(() => making.delete(app.id));
      return promise;
    },
    forget(appId) {
      making.delete(appId);
    },
    async remove(appId) {
      making.delete(appId);
      await engine.removeNetwork(nameOf(appId)).catch((error: unknown) => {
        if (
          !(error instanceof PlatformError) ||
          (error.code !== 'conflict' && error.code !== 'engine_failed' && error.code !== 'not_found')
        )
          throw error;
      });
    },
  };
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
    `Every /25 of ${range} is in use, by apps, other networks of the engine or routes of this host. Set TWELVE_NETWORKS to a larger or another range.`,
  );
}

/** The host's IPv4 routes except the default one, as CIDR. */
function hostRoutes(): string[] {
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
