// One app's word to the router: which of its processes get requests, and when those taken out are drained.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { webPort } from '../domain/process.ts';
import type { Endpoint, RouteState } from '../domain/route.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Tracked } from './tracked.ts';

export interface Traffic {
  /** Tells the router when what should get traffic differs from what it was told last. */
  update(): void;
  /** Resolves when the router has done what it was told last; throws when it could not. */
  told(): Promise<void>;
  /** The same, but one that could not is told again for a while. @throws PlatformError `service_unavailable` */
  followed(): Promise<void>;
  /** Resolves when the process has no open request any more. */
  drained(containerId: string): Promise<void>;
  /** The route as it is now, taken as told: the router starts with it. */
  begin(): { state: RouteState; endpoints: Endpoint[] };
}

export interface TrafficNeeds {
  appId: string;
  serve: ProcessNeeds['serve'];
  drained: ProcessNeeds['drained'];
  onProblem(message: string): void;
  appName(): string;
  /** All names that lead to the app, and whether plain HTTP does, as one text. */
  names(): string;
  /** Web processes of the release that serves. */
  serving(): Tracked[];
  /** State of the route when no process can take requests. */
  idleState(): RouteState | null;
  retry(): void;
}

/** How long one that cannot follow is waited for: it is started again by the engine, or made anew. */
const patienceMs = 15_000;

export const keyOf = (containerId: string): string => containerId.slice(0, 12);

export function createTraffic(needs: TrafficNeeds): Traffic {
  let told = '';
  let routing: Promise<unknown> = Promise.resolve();

  function current(): { state: RouteState; endpoints: Endpoint[] } {
    const endpoints = needs
      .serving()
      .filter((process) => process.address && process.containerId)
      .map((process) => ({
        process: process.name,
        key: keyOf(process.containerId!),
        address: process.address!,
        port: webPort,
      }));
    return { state: needs.idleState() ?? (endpoints.length > 0 ? 'up' : 'none'), endpoints };
  }

  /** The names are in it since the router is told of them too. */
  const textOf = ({ state, endpoints }: { state: RouteState; endpoints: Endpoint[] }): string =>
    JSON.stringify([needs.names(), state, endpoints.map((endpoint) => endpoint.key).sort()]);

  async function followed(): Promise<void> {
    for (const deadline = Date.now() + patienceMs; ; await sleep(200)) {
      const problem = await routing.then(
        () => null,
        (error: unknown) => messageOf(error),
      );
      if (problem === null) return;
      if (Date.now() > deadline) {
        throw new PlatformError(
          'service_unavailable',
          `The router does not follow: ${problem} It is told again until it does; what was asked for is kept.`,
        );
      }
    }
  }

  return {
    update() {
      const route = current();
      const text = textOf(route);
      if (text === told) return;
      told = text;
      routing = routing
        .catch(() => undefined)
        .then(() => needs.serve({ appId: needs.appId, ...route }))
        .catch((error: unknown) => {
          told = '';
          needs.onProblem(`The router was not told about ${needs.appName()}: ${messageOf(error)}`);
          setTimeout(needs.retry, 1000);
          throw error;
        });
      routing.catch(() => undefined);
    },
    async told() {
      await routing;
    },
    followed,
    async drained(containerId) {
      // Until the router has heard of it, it may send it requests.
      await followed().catch(() => undefined);
      await needs.drained(keyOf(containerId)).catch(() => undefined);
    },
    begin() {
      const route = current();
      told = textOf(route);
      return route;
    },
  };
}
