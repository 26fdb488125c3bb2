// Many apps that run in the memory engine, kept by the real process manager, store and router table.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseAppName } from '../../../platform/domain/app.ts';
import { defaultSizes, formationWith } from '../../../platform/domain/formation.ts';
import { createProcesses, type Processes } from '../../../platform/processes/manager.ts';
import type { ProcessNeeds } from '../../../platform/processes/needs.ts';
import type { AppRoute } from '../../../platform/router/table.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';
import { untilRest } from './rest.ts';
import { createFleetRouter } from './router.ts';

export interface Fleet {
  /** Each has a web process and a worker. */
  apps: { id: string; name: string }[];
  engine: MemoryEngine;
  store: Store;
  processes(): Processes;
  /** The server ends, and another one looks at all that runs. @returns seconds until it is at rest */
  startAgain(): Promise<number>;
  /** The engine is away, and back. @returns seconds from then until the server is at rest */
  reconnect(): Promise<number>;
  /** Resolves when the app runs so many web processes and the router sends traffic to them. @returns seconds */
  scaleWeb(appId: string, quantity: number): Promise<number>;
  close(): Promise<void>;
}

const image = 'twelve/app:1';
const types = { web: 'serve', worker: 'work' };

/** @param parent folder for its data, which whoever made it removes */
export async function createFleet(count: number, parent: string): Promise<Fleet> {
  const folder = mkdtempSync(join(parent, 'fleet-'));
  const store = openStore({ folder, create: true });
  const engine = createMemoryEngine({ images: [image] });
  const router = await createFleetRouter(engine, image, folder);
  const names = new Map<string, string>();
  const served = new Map<string, { count: number; tell?: () => void; wanted?: number }>();
  const problems: string[] = [];

  function needs(): ProcessNeeds {
    return {
      ...still,
      engine: engine.connect(),
      store,
      image: async () => (await engine.image(image))!.id,
      async serve({ appId, state, endpoints }) {
        await router.steering().serve(routeOf({ appId, state, endpoints }));
        const one = served.get(appId) ?? { count: 0 };
        served.set(appId, Object.assign(one, { count: endpoints.length }));
        if (one.count === one.wanted) one.tell?.();
      },
      drained: (key) => router.steering().drained(key),
      onProblem: (message) => problems.push(message),
    };
  }

  const routeOf = (rest: Pick<AppRoute, 'appId' | 'state' | 'endpoints'>): AppRoute => {
    const appName = names.get(rest.appId)!;
    return { ...rest, appName, hosts: [`${appName}.localhost`] };
  };

  /** As main.ts does it. */
  async function begin(): Promise<void> {
    await router.start((await processes.adopt()).map(routeOf));
    processes.go();
  }

  let processes = createProcesses(needs());
  await begin();
  const owner = store.users.create('fleet@example.com').id;
  const apps = Array.from({ length: count }, (_, n) => {
    const app = store.apps.create(parseAppName(`app-${n}`), owner, 'debian-13');
    names.set(app.id, app.name);
    // Chosen ahead: looking for a free one among so many is no part of what is measured.
    store.apps.setSubnet(app.id, `10.${128 + (n >> 9)}.${(n >> 1) % 256}.${128 * (n % 2)}/25`);
    append(store, app.id, owner);
    processes.released(app.id);
    return app;
  });
  await untilRest();
  checkAllRun(engine, processes, apps, problems);

  return {
    apps,
    engine,
    store,
    processes: () => processes,
    async startAgain() {
      await processes.close();
      processes = createProcesses(needs());
      const calls = engine.calls.length;
      const seconds = await untilRest(begin);
      checkUntouched(engine, calls);
      checkAllRun(engine, processes, apps, problems);
      return seconds;
    },
    async reconnect() {
      engine.goAway();
      await untilRest();
      const calls = engine.calls.length;
      const seconds = await untilRest(async () => engine.comeBack());
      checkUntouched(engine, calls);
      checkAllRun(engine, processes, apps, problems);
      return seconds;
    },
    async scaleWeb(appId, quantity) {
      const start = performance.now();
      const formation = store.formations.of(appId);
      const scaled = formation.map((one) => (one.type === 'web' ? { ...one, quantity } : one));
      store.transaction(() => store.formations.replace(appId, scaled));
      const there = new Promise<void>((tell) => {
        served.set(appId, { count: served.get(appId)?.count ?? 0, wanted: quantity, tell });
      });
      await processes.changed(appId);
      await there;
      return (performance.now() - start) / 1000;
    },
    async close() {
      await processes.close();
      await router.close();
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What no measurement is about; the waiting for a process to be ready is none. */
const still: Omit<ProcessNeeds, 'engine' | 'store' | 'image' | 'serve' | 'drained' | 'onProblem'> = {
  instance: 'test',
  networks: '10.0.0.0/8',
  sizes: defaultSizes,
  bootTimeoutMs: 1000,
  stopGraceMs: 1000,
  drainMs: 30_000,
  releasePhaseTimeoutMs: 1000,
  reattachMs: 60_000,
  settleMs: 0,
  ask: async () => ({ ok: true }),
  listening: async () => true,
  logs: {
    follow: () => undefined,
    drained: async () => undefined,
    write: () => undefined,
    read: async () => [],
  },
  figures: { seen: () => undefined, killed: () => undefined, crashed: () => undefined },
  onReleaseOutput: () => undefined,
  onReleaseEnded: () => undefined,
  onEngineBack: async () => undefined,
  onServing: () => undefined,
  onCronEnded: () => undefined,
  reached: () => undefined,
};

/** A first release, as a deploy appends it. */
function append(store: Store, appId: string, userId: string): void {
  store.transaction(() => {
    const slug = store.slugs.insert(plainSlug(appId, { processTypes: types, commit: 'c0ffee' }));
    const formation = formationWith(Object.keys(types), store.formations.of(appId));
    store.formations.replace(
      appId,
      formation.map((one) => ({ ...one, quantity: 1 })),
    );
    store.releases.append(appId, userId, {
      version: 1,
      slugId: slug.id,
      config: { GREETING: 'hello' },
      cause: 'push',
      description: 'Deploy',
      commit: 'c0ffee',
    });
  });
}

function checkAllRun(
  engine: MemoryEngine,
  processes: Processes,
  apps: Fleet['apps'],
  problems: readonly string[],
): void {
  const idle = apps.filter(
    (app) => processes.status(app.id).filter((one) => one.state === 'up').length !== 2,
  );
  const running = engine.containers().filter((one) => one.details.state === 'running').length;
  if (idle.length > 0 || running < 2 * apps.length || problems.length > 0)
    throw new Error(
      `${idle.length} of ${apps.length} apps do not run (${running} containers): ${problems.slice(-3).join('; ')}`,
    );
}

/** All was as it should be, so nothing may have been done. */
function checkUntouched(engine: MemoryEngine, since: number): void {
  const done = engine.calls.slice(since).filter((call) => /^(create|start|stop|kill|remove)/.test(call));
  if (done.length > 0) throw new Error(`Something was changed: ${done.slice(0, 5).join(', ')}`);
}
