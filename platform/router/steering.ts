// Moves HAProxy from what it holds to what it should hold, one change at a time, and keeps its files in step.
import type { RouteState } from '../domain/route.ts';
import type { CertificateKeeper, RouterCertificates } from './certificates.ts';
import { type ContainerNeeds, findContainer, startContainer, untilRuns } from './container.ts';
import { createDrains } from './drain.ts';
import type { Files } from './files.ts';
import { configIdentity, poolOf, type RouterSettings } from './haproxy-config.ts';
import { createQueue } from './queue.ts';
import { parseFigures } from './replies.ts';
import type { EndpointStats } from './router.ts';
import type { Runtime } from './runtime.ts';
import {
  type AppRoute,
  afterChange,
  busySlots,
  difference,
  isHost,
  keyIn,
  type Picture,
  pictureOf,
  serverName,
  slotsOf,
  type Table,
  withoutRoute,
  withRoutes,
} from './table.ts';

export interface Steering {
  start(routes: AppRoute[]): Promise<void>;
  serve(route: AppRoute): Promise<void>;
  secure(certificates: RouterCertificates): Promise<void>;
  stateOf(appId: string): RouteState | null;
  remove(appId: string): Promise<void>;
  /** Resolves when nobody uses the endpoint with this key any more. At once when it is none that leaves. */
  drained(key: string): Promise<void>;
  /** After HAProxy or its container went away: up again, and as it should be. */
  heal(): Promise<void>;
  stats(): Promise<EndpointStats[]>;
  close(): Promise<void>;
}

export interface SteeringNeeds {
  runtime: Runtime;
  settings: RouterSettings;
  container: ContainerNeeds;
  files: Files;
  certificates: CertificateKeeper;
  drainMs: number;
  /** Hosts that lead to no app. */
  reserved?: readonly string[];
  /** Backends declared ahead at first. */
  spare: number;
  onProblem(message: string): void;
}

const nothing: Picture = { places: new Map(), servers: new Map() };

export function createSteering(needs: SteeringNeeds): Steering {
  const { runtime, settings, container, certificates, spare } = needs;
  const queue = createQueue();
  const reserved = (needs.reserved ?? []).filter(isHost);
  let table: Table = { routes: new Map(), slots: new Map(), pool: spare, reserved };
  /** What HAProxy holds, as far as we know; undefined: it has to be asked. */
  let held: Picture | undefined;
  /** By its path, a server on its way out → when it is gone. */
  const leaving = new Map<string, Promise<void>>();
  let started: () => void;
  let begun = false;
  const ready = new Promise<void>((resolve) => {
    started = resolve;
  });

  const drains = createDrains({
    runtime,
    drainMs: needs.drainMs,
    isWanted: (path) => pictureOf(table).servers.has(path),
    takeAway: (path) => queue.run(() => takeAway(path)),
  });

  async function takeAway(path: string): Promise<boolean> {
    if (pictureOf(table).servers.has(path)) return false;
    const answer = await runtime.ask(`set server ${path} state maint; del server ${path}`);
    if (!/Server deleted|No such (server|backend)/.test(answer)) return false;
    if (held) {
      const servers = new Map(held.servers);
      servers.delete(path);
      held = { ...held, servers };
    }
    return true;
  }

  /** It has to be asked what it holds. */
  function forget(): void {
    held = undefined;
    certificates.forget();
  }

  async function writeFiles(): Promise<void> {
    await certificates.write();
    await needs.files.write(settings, table);
  }

  /** HAProxy runs with our configuration; afterwards it may hold other servers and hosts than it should. */
  async function bringUp(): Promise<void> {
    const found = await findContainer(container);
    if (!found) {
      await startContainer(container, writeFiles);
      forget();
      return;
    }
    await untilRuns(container, found.id);
    if ((await runtime.identity()) === configIdentity(settings, table.pool)) return;
    await writeFiles();
    await container.reload();
    forget();
  }

  /**
   * @returns servers to be seen off: they took requests until now, or are on their way out without being watched, as after a
   * server before us, or after a change that failed half-way
   */
  async function converge(): Promise<Set<string>> {
    const out = new Set<string>();
    const wanted = pictureOf(table);
    await writeFiles();
    for (let tries = 1; ; tries += 1) {
      try {
        if (poolOf((await runtime.identity()) ?? '') !== table.pool) await bringUp();
        held ??= await runtime.picture();
        const change = difference(held, wanted);
        for (const path of change.leaving)
          if (held.servers.get(path)?.ready || !leaving.has(path)) out.add(path);
        await runtime.apply(change);
        held = afterChange(held, wanted);
        if (settings.https) await certificates.converge();
        return out;
      } catch (error) {
        // What HAProxy holds is not what we thought, or it is gone: look again.
        forget();
        if (tries === 3) throw error;
        await bringUp();
      }
    }
  }

  /** From here on others may change things; whoever leaves is seen off meanwhile. */
  function seeOff(paths: Iterable<string>): void {
    const all = [...paths];
    const drained = drains.watch(all);
    for (const path of all) leaving.set(path, drained);
    drained
      .catch((error: unknown) => needs.onProblem(`A drain failed: ${String(error)}`))
      .finally(() => {
        for (const path of all) if (leaving.get(path) === drained) leaving.delete(path);
      });
  }

  return {
    async start(routes) {
      await queue.run(async () => {
        // What is wanted from here on may come too late for this.
        begun = true;
        const identity = (await findContainer(container)) && (await runtime.identity());
        const before = identity ? await runtime.picture() : nothing;
        const wanted = new Set(routes.map((route) => route.appId));
        const slots = new Map([...slotsOf(before.places)].filter(([appId]) => wanted.has(appId)));
        table = { ...table, routes: new Map(), slots, pool: Math.max(spare, poolOf(identity || '')) };
        table = withRoutes(table, routes, busySlots(before), spare);
        await bringUp();
        forget();
        seeOff(await converge());
      });
      started();
    },
    async serve(route) {
      await ready;
      await queue.run(async () => {
        const busy = table.slots.has(route.appId) ? new Set<number>() : busySlots(held ?? nothing);
        table = withRoutes(table, [route], busy, spare);
        seeOff(await converge());
      });
    },
    async secure(wanted) {
      certificates.want(wanted);
      // What is wanted before the start is served by it.
      if (begun) await queue.run(async () => seeOff(await converge()));
    },
    stateOf: (appId) => table.routes.get(appId)?.state ?? null,
    async drained(key) {
      await ready;
      const own = [...leaving].filter(([path]) => keyIn(path) === key);
      await Promise.all(own.map(([, gone]) => gone));
    },
    async remove(appId) {
      await ready;
      await queue.run(async () => {
        table = withoutRoute(table, appId);
        seeOff(await converge());
      });
    },
    heal: () =>
      queue.run(async () => {
        await bringUp();
        forget();
        seeOff(await converge());
      }),
    async stats() {
      const figures = parseFigures(await runtime.ask('show stat -1 4 -1'));
      const { servers } = await runtime.picture();
      return [...table.routes.values()].flatMap((route) =>
        route.endpoints.flatMap((endpoint) => {
          const path = `b${table.slots.get(route.appId)}/${serverName(endpoint)}`;
          const known = figures.get(path);
          if (!known) return [];
          const { process, key } = endpoint;
          const { sessions, total } = known;
          return [
            { appId: route.appId, process, key, sessions, total, ready: servers.get(path)?.ready === true },
          ];
        }),
      );
    },
    async close() {
      drains.close();
      await queue.close();
    },
  };
}
