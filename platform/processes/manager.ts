// All apps' processes: adopts what runs, follows the engine, rolls out releases one after another per app.
import { setMaxListeners } from 'node:events';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { Release } from '../domain/release.ts';
import type { Endpoint, RouteState } from '../domain/route.ts';
import { ownLabels } from '../engine/labels.ts';
import { adoptAll, removeStrayNetworks } from './adopt.ts';
import { type Changes, createChanges } from './changes.ts';
import { followEngine } from './follow.ts';
import { createFromSlug, type FromSlug } from './from-slug.ts';
import type { ProcessNeeds } from './needs.ts';
import { createNetworks, type Networks } from './network.ts';
import { createNotice } from './notice.ts';
import { createOneOffList, type OneOffList } from './one-off-list.ts';
import { createProvision, type Provision } from './provision.ts';
import { reasonOf } from './reason.ts';
import { removeReleaseContainers, runReleasePhase, sweepReleaseContainers } from './release-phase.ts';
import { rollOut } from './rollout.ts';
import { steady } from './stage.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
import type { Runnable } from './tracked.ts';

export interface Processes {
  /** Learns what runs, changing nothing; answers what the router should send where. */
  adopt(): Promise<{ appId: string; state: RouteState; endpoints: Endpoint[] }[]>;
  /** From now on it acts: finishes pending releases, starts and stops. */
  go(): void;
  /** A release was appended: rolls out the newest pending one, superseding an older that has not switched. */
  released(appId: string): void;
  /**
   * The formation, the name or the maintenance mode changed. Resolves when the router sends nothing any more to what
   * is to stop; what is to start comes when it is ready. @throws PlatformError `service_unavailable`: the router is away
   */
  changed(appId: string): Promise<void>;
  /** Resolves when the release is no longer pending, or the signal aborts. */
  settled(releaseId: string, signal: AbortSignal): Promise<void>;
  status(appId: string): ProcessStatus[];
  /** Scales, resizes and restarts, to their end. */
  changes: Changes;
  /** Stops everything of an app that is being destroyed; resolves when it is gone. */
  removeApp(appId: string): Promise<void>;
  networkOf: Networks;
  fromSlug: FromSlug;
  oneOffList: OneOffList;
  missing: Provision['missing'];
  /** Stops acting; what runs goes on. */
  close(): Promise<void>;
}

export function createProcesses(needs: ProcessNeeds): Processes {
  const { engine, store, instance } = needs;
  const networkOf = createNetworks({
    engine,
    instance,
    range: needs.networks,
    taken: () => store.apps.list().flatMap((app) => (app.subnet ? [app.subnet] : [])),
    fix: (appId, subnet) => store.apps.setSubnet(appId, subnet),
  });
  const fromSlug = createFromSlug(needs);
  const oneOffList = createOneOffList(needs);
  const ground = { ...needs, networkOf, fromSlug };
  const provision = createProvision(ground);
  const supervisors = new Map<string, Supervisor>();
  const rollouts = new Map<string, { version: number; abort: AbortController }>();
  const working = new Map<string, Promise<void>>();
  const retries = new Map<string, NodeJS.Timeout>();
  const settledNotice = createNotice();
  const life = new AbortController();
  // Whoever waits for something listens to it, and as many may wait as there are.
  setMaxListeners(0, life.signal);
  let events: ReturnType<typeof engine.events> | undefined;
  let acting = false;
  const told = (error: unknown): void => needs.onProblem(messageOf(error));
  const changes = createChanges({ ...needs, supervisorOf, signal: life.signal });

  function supervisorOf(appId: string): Supervisor {
    const known = supervisors.get(appId);
    if (known) return known;
    const made = createSupervisor(appId, ground);
    supervisors.set(appId, made);
    return made;
  }

  /** Brings one app to its newest release; started again whenever something was appended meanwhile. */
  async function converge(appId: string): Promise<void> {
    if (life.signal.aborted) return;
    const supervisor = supervisorOf(appId);
    // Acts only once it knows the serving release; else it would stop what it should keep.
    await resume(appId, supervisor);
    const unfinished = await newestPending(appId);
    // What a killed server had begun to start is kept: then the rollout says when to act.
    if (!unfinished || !supervisor.runs(unfinished.version)) supervisor.go();
    for (let release = unfinished; release; release = await newestPending(appId)) {
      await attempt(appId, supervisor, release);
      if (life.signal.aborted) return;
    }
  }

  /** The serving release as the store has it, when the supervisor does not have it yet. What a rollout replaces need not be whole. */
  async function resume(appId: string, supervisor: Supervisor): Promise<Runnable | null> {
    const version = store.apps.byId(appId)?.servingVersion ?? null;
    const current = supervisor.stage().serving;
    if (version === null || current?.version === version) return current as Runnable | null;
    const release = store.releases.byVersion(appId, version);
    if (!release?.slugId) return null;
    const runnable = await provision.serving(release, life.signal);
    supervisor.provide(runnable);
    await supervisor.switchTo(version);
    supervisor.setStage(steady(runnable));
    return runnable;
  }

  /** Of an older one nothing is left then: two release commands of an app never run at a time. */
  async function newestPending(appId: string): Promise<Release | undefined> {
    const pending = store.releases.list(appId).filter((release) => release.status === 'pending');
    const [newest, ...older] = pending;
    for (const release of older) {
      store.releases.end(
        release.id,
        'expired',
        `superseded by v${newest!.version} before it was switched to`,
      );
    }
    if (older.length > 0) settledNotice.tell();
    for (const release of older) await forgetReleasePhase(release);
    return newest;
  }

  async function attempt(appId: string, supervisor: Supervisor, release: Release): Promise<void> {
    const abort = new AbortController();
    rollouts.set(appId, { version: release.version, abort });
    if (life.signal.aborted) abort.abort(life.signal.reason);
    const { signal } = abort;
    try {
      if (!release.slugId) return commit(appId, release);
      const serving = supervisor.stage().serving as Runnable | null;
      const next = await provision.next(release, signal);
      await rollOut(
        supervisor,
        serving,
        next,
        {
          releasePhase: (stop) => runReleasePhase(appId, next, serving?.slug.id ?? null, ground, stop),
          commit: () => commit(appId, release),
          reached: needs.reached,
        },
        signal,
      );
    } catch (error) {
      // Superseded ones are ended by newestPending; at our own end the next server goes on.
      if (!abort.signal.aborted && !life.signal.aborted) failed(release, error);
    } finally {
      rollouts.delete(appId);
      if (!life.signal.aborted) {
        supervisor.go();
        // Who waits for this release's end looks again, also where no process has changed with it.
        supervisor.reconcile();
        await forgetReleasePhase(release);
      }
      needs.onReleaseEnded(release);
      settledNotice.tell();
    }
  }

  async function forgetReleasePhase(release: Release): Promise<void> {
    await removeReleaseContainers(release.appId, release.id, ground).catch((error: unknown) =>
      needs.onProblem(`The release process of v${release.version}: ${messageOf(error)}`),
    );
  }

  function commit(appId: string, release: Release): void {
    store.transaction(() => {
      store.releases.end(release.id, 'succeeded', null);
      store.apps.setServing(appId, release.version);
    });
    needs.onServing(appId);
    settledNotice.tell();
  }

  function failed(release: Release, error: unknown): void {
    store.releases.end(release.id, 'failed', reasonOf(error));
    needs.logs.write(release.appId, {
      source: 'twelve',
      process: 'api',
      text: `Release v${release.version} failed: ${messageOf(error)}`,
      release: release.version,
    });
  }

  /** One convergence per app at a time; a request during one makes it look once more. */
  function kick(appId: string): void {
    if (!acting) return;
    const current = rollouts.get(appId);
    const newest = store.releases.newest(appId);
    if (current && newest && newest.status === 'pending' && newest.version > current.version) {
      current.abort.abort(new PlatformError('conflict', `superseded by v${newest.version}`));
    }
    const before = working.get(appId) ?? Promise.resolve();
    const run = before
      .then(() => converge(appId))
      .catch((error: unknown) => {
        if (life.signal.aborted) return;
        needs.onProblem(
          `App ${store.apps.byId(appId)?.name ?? appId}: ${messageOf(error)}; trying again in 5 s`,
        );
        clearTimeout(retries.get(appId));
        retries.set(
          appId,
          setTimeout(() => retries.delete(appId) && kick(appId), 5000),
        );
      });
    working.set(appId, run);
    void run.finally(() => {
      if (working.get(appId) === run) working.delete(appId);
    });
  }

  /** What failed, and waits to be tried again, is tried now. */
  function retry(): void {
    for (const [appId, timer] of retries) {
      clearTimeout(timer);
      kick(appId);
    }
    retries.clear();
  }

  return {
    networkOf,
    fromSlug,
    oneOffList,
    missing: provision.missing,
    async adopt() {
      // Subscribed before listing, so that nothing ends unseen in between.
      events = engine.events(ownLabels(instance), life.signal);
      await adoptAll(needs, supervisorOf);
      const apps = store.apps.list();
      for (const app of apps) supervisorOf(app.id);
      await Promise.all([...supervisors.values()].map((supervisor) => supervisor.looked(1000)));
      return apps.map((app) => ({ appId: app.id, ...supervisorOf(app.id).currentRoute(app.servingVersion) }));
    },
    go() {
      acting = true;
      const busy = (appId: string): boolean => working.has(appId);
      const known = { networkOf, oneOffList, supervisors, supervisorOf, busy, retry };
      events ??= engine.events(ownLabels(instance), life.signal);
      void followEngine(events, { ...needs, ...known }).catch((error: unknown) => {
        if (!life.signal.aborted) needs.onProblem(`The engine's events ended: ${messageOf(error)}`);
      });
      void sweepReleaseContainers(ground).catch(told);
      void removeStrayNetworks(ground, () => false).catch(told);
      for (const app of store.apps.list()) kick(app.id);
      changes.resume();
    },
    changes,
    released: kick,
    async changed(appId) {
      const supervisor = supervisors.get(appId);
      supervisor?.reconcile();
      await supervisor?.routed();
    },
    settled: (releaseId, signal) =>
      settledNotice.until(() => store.releases.byId(releaseId)?.status !== 'pending', signal),
    status: (appId) => supervisors.get(appId)?.status() ?? [],
    async removeApp(appId) {
      rollouts.get(appId)?.abort.abort(new PlatformError('conflict', 'the app was destroyed'));
      await working.get(appId);
      const supervisor = supervisors.get(appId);
      if (supervisor) {
        try {
          await supervisor.switchTo(null).catch(() => undefined);
          supervisor.setStage(steady(null));
          await supervisor.untilEmpty();
        } finally {
          supervisor.close();
          supervisors.delete(appId);
        }
      }
      await networkOf.remove(appId);
    },
    async close() {
      life.abort(new PlatformError('cancelled', 'the server is stopping'));
      for (const timer of retries.values()) clearTimeout(timer);
      for (const { abort } of rollouts.values()) abort.abort(life.signal.reason);
      for (const supervisor of supervisors.values()) supervisor.close();
      await Promise.allSettled([...working.values()]);
    },
  };
}
