// The guard in front of this machine: apps do not reach the platform's own ports, nor link-local and metadata addresses.
import { resolversOf } from '../engine/docker-network-names.ts';
import { closedRanges, createPacketFilter, nameServers, openTo, type Run } from '../engine/packet-filter.ts';
import { bridgesOf } from './bridge.ts';

export interface AppGuard {
  /** Sets the rules, and goes on to set them again where somebody removed them. Never throws. */
  close(): Promise<void>;
  /** Looks no more. The rules stay, since the processes do. */
  rest(): void;
}

export interface AppGuardNeeds {
  instance: string;
  /** Of the platform, on whatever address of this machine. */
  ports: readonly number[];
  /** Told once for each reason that they could not be set. */
  onProblem(message: string): void;
  resolvers?: () => readonly string[];
  run?: Run;
}

/** Where an engine that listens on the network would be: who reaches it owns the machine. */
const enginePorts = [2375, 2376];
/** A firewall that is loaded anew empties every table. */
const againMs = 60_000;

export const appChain = (instance: string): string => `TWELVE-${instance}`.slice(0, 23).concat('-APPS');

/**
 * Only what begins a connection is judged: what apps answer, to the router above all, passes first. An app's own backing
 * services may be on this machine, and other apps are reached through the router as by anybody: that stays open.
 */
export function appRules(chain: string, ports: readonly number[], resolvers: readonly string[]): string[] {
  return [
    `-A ${chain} -p tcp -m tcp ! --syn -j RETURN`,
    ...openTo(chain, nameServers(resolvers)),
    ...ports.map((port) => `-A ${chain} -p tcp -m tcp --dport ${port} -m addrtype --dst-type LOCAL -j DROP`),
    ...closedRanges.map((range) => `-A ${chain} -d ${range} -j DROP`),
  ];
}

export function createAppGuard(needs: AppGuardNeeds): AppGuard {
  const { instance } = needs;
  const chain = appChain(instance);
  const filter = createPacketFilter({ chain, ...(needs.run ? { run: needs.run } : {}) });
  const ports = [...new Set([...needs.ports, ...enginePorts])].filter((port) => port > 0);
  const resolvers = needs.resolvers ?? resolversOf;
  let timer: NodeJS.Timeout | undefined;
  let told: string | null = null;

  async function set(): Promise<void> {
    const why = await filter.close(bridgesOf(instance), appRules(chain, ports, resolvers()));
    if (why !== null && why !== told)
      needs.onProblem(
        `Apps can reach the platform's own ports on other addresses than loopback, and link-local addresses: ${why}`,
      );
    told = why;
  }

  return {
    async close() {
      await set();
      timer ??= setInterval(() => void set(), againMs).unref();
    },
    rest() {
      clearInterval(timer);
    },
  };
}
