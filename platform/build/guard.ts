// The guard in front of this machine: what comes from builds does not reach its own addresses, apps, or link-local ones.
import { closedRanges, createPacketFilter, openTo, type Run, type Service } from '../engine/packet-filter.ts';

export interface Guard {
  /** @param bridge where the packets come from. @returns why it could not be done, null when it is */
  close(bridge: string): Promise<string | null>;
  /** Takes the rules away. */
  open(): Promise<void>;
}

export interface GuardNeeds {
  instance: string;
  /** Of apps' networks. */
  range: string;
  /** Asked each time. */
  services(): Promise<readonly Service[]>;
  run?: Run;
}

/** Services first; then this machine, its apps and what no build has to do with. */
export function guardRules(chain: string, range: string, services: readonly Service[]): string[] {
  return [
    ...openTo(chain, services),
    `-A ${chain} -m addrtype --dst-type LOCAL -j DROP`,
    ...[range, ...closedRanges].map((refused) => `-A ${chain} -d ${refused} -j DROP`),
  ];
}

export function createGuard(needs: GuardNeeds): Guard {
  const chain = `TWELVE-${needs.instance}`.slice(0, 28);
  const filter = createPacketFilter({ chain, ...(needs.run ? { run: needs.run } : {}) });
  return {
    async close(bridge) {
      const services = await needs.services();
      return filter.close(bridge, guardRules(chain, needs.range, services));
    },
    open: filter.open,
  };
}
