// A network of ours in a range that others cut from too: found by what it is, or made where nobody else is.
import { hasCode } from '../domain/errors.ts';
import type { Engine, NetworkInfo } from './engine.ts';
import { hostRoutes, pickSubnet } from './subnets.ts';

export interface OwnNetwork {
  /** What its subnet is cut from. */
  range: string;
  /** Subnets that are promised to others. */
  taken(): string[];
  /** The subnet that it should have; null: a free one. */
  subnet: string | null;
  isOwn(network: NetworkInfo): boolean;
  make(subnet: string): Promise<NetworkInfo>;
}

/** @throws PlatformError `service_unavailable` when nothing of the range is free; what the engine says */
export async function ensureNetwork(
  engine: Pick<Engine, 'networks'>,
  wanted: OwnNetwork,
): Promise<NetworkInfo> {
  const refused: string[] = [];
  let { subnet } = wanted;
  for (;;) {
    const present = await engine.networks();
    const own = present.find(wanted.isOwn);
    if (own) return own;
    const taken = [...wanted.taken(), ...refused, ...present.flatMap((network) => network.subnets)];
    subnet ??= pickSubnet(wanted.range, taken, hostRoutes());
    try {
      return await wanted.make(subnet);
    } catch (error) {
      if (!hasCode(error, 'conflict')) throw error;
      // Another platform on this engine, or a VPN, took it since: move on.
      refused.push(subnet);
      subnet = null;
    }
  }
}
