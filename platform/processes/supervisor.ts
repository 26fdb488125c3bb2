// Keeps one app's containers as the stage wants them: observes, plans, acts, again and again.
import type { Declared } from '../domain/declared.ts';
import { messageOf } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import { type ProcessSettings, settingsOf } from '../domain/process-settings.ts';
import type { Endpoint, RouteState } from '../domain/route.ts';
import { timeLimit } from '../domain/time-limit.ts';
import type { ContainerDetails } from '../engine/engine.ts';
import type { FromSlug } from './from-slug.ts';
import { idleStateOf } from './idle-state.ts';
import { createKeptSetbacks } from './kept-setbacks.ts';
import { createLife } from './life.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Networks } from './network.ts';
import { createNotice } from './notice.ts';
import { isEnding, type Manner, type Member, plan, slotOf } from './plan.ts';
import { createSetbacks } from './setbacks.ts';
import { mannerOf, type Stage, steady, wantedAt } from './stage.ts';
import { foundProcess, newProcess, type Runnable, statusOf, type Tracked } from './tracked.ts';
import { createTraffic } from './traffic.ts';
import { createTrial, type Trial } from './trial.ts';

export interface Supervisor {
  /** Plans and acts; nothing happens when all is as wanted. */
  reconcile(): void;
  /** Takes over a container found at start. */
  adopt(details: ContainerDetails): void;
  /** By its container, or by its own id while that is being made. */
  knows(containerId: string, processId: string | undefined): boolean;
  /** Nothing runs, and nothing should. */
  idle(): boolean;
  /** Whether processes of this release run, of any type or of one of these. */
  runs(version: number, types?: readonly string[]): boolean;
  /** What counts for this release now. */
  settings(version: number): ProcessSettings;
  /** The engine told of a container's end. */
  died(containerId: string): Promise<void>;
  /** Looks again at every container, after the engine was away. */
  recheck(): Promise<void>;
  /** Resolves when every adopted web process has been looked at, or after `ms`. */
  looked(ms: number): Promise<void>;
  /** The route as it is, for the router's start. */
  currentRoute(serving: number | null): { state: RouteState; endpoints: Endpoint[] };
  /** From now on it acts; before, it only learns. */
  go(): void;
  provide(runnable: Runnable): void;
  stage(): Stage;
  setStage(stage: Stage): void;
  /** Sends traffic to the ready web processes of this release, and only there; resolves when the router does. */
  switchTo(version: number | null): Promise<void>;
  /** Resolves when the router has done what it was told last. @throws PlatformError `service_unavailable` */
  routed(): Promise<void>;
  /** Resolves when every process of a release that is wanted at this stage is up; throws what kept one from it. */
  untilUp(version: number, signal: AbortSignal): Promise<void>;
  /** A new trial of this release: earlier failures do not count. */
  clearFailures(version: number): void;
  /** Scales, resizes and restarts. */
  trial: Trial;
  /** Resolves when this holds; it is looked at again whenever something changed. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
  status(): ProcessStatus[];
  /** Resolves when nothing runs any more; rejects when that takes longer than each of them may take to end. */
  untilEmpty(): Promise<void>;
  close(): void;
}

/** Beside draining and stopping: until the engine has done it, and the last lines are read. */
const endingMs = 60_000;

export function createSupervisor(
  appId: string,
  needs: ProcessNeeds & { networkOf: Networks; fromSlug: FromSlug },
): Supervisor {
  const tracked = new Map<string, Tracked>();
  const setbacks = createSetbacks(Date.now, createKeptSetbacks({ ...needs, appId }));
  const runnables = new Map<number, Runnable>();
  const notice = createNotice();
  let stage: Stage = steady(null);
  let served: number | null = null;
  let wake: NodeJS.Timeout | undefined;
  let held = true;
  let closed = false;

  const all = (): Tracked[] => [...tracked.values()];
  const appName = (): string => needs.store.apps.byId(appId)?.name ?? appId.slice(0, 8);
  const settings = (version: number | undefined): ProcessSettings => {
    const declared = version === undefined ? undefined : declaredOf(version).settings;
    return settingsOf(needs.store.processSettings.of(appId), declared);
  };
  const manner = (): Manner => stage.rollout?.manner ?? mannerOf(settings(stage.serving?.version));
  const wanted = (): Member[] => wantedAt(stage, needs.store.formations.of(appId));
  const traffic = createTraffic({
    appId,
    appName,
    // The built-in name follows from the app's.
    names: () => {
      const custom = needs.store.domains.ofApp(appId).map((one) => one.hostName);
      return [appName(), needs.store.apps.byId(appId)?.httpsRedirect, ...custom].join(' ');
    },
    serve: needs.serve,
    drained: needs.drained,
    onProblem: needs.onProblem,
    retry: reconcile,
    serving: () =>
      all().filter(
        (one) => one.type === 'web' && one.state === 'up' && one.version === served && isReady(one),
      ),
    idleState: () => idleStateOf({ store: needs.store, appId, served, all: all(), setbacks }),
  });
  const life = createLife({
    ...needs,
    appId,
    appName,
    declaredOf,
    onTrial: ({ version }) => stage.rollout?.next.version === version && served !== version,
    until: notice.until,
    settings: (process) => settings(process.version),
    traffic: { ...traffic, update: route },
    quiet: () => held,
    changed: reconcile,
    failed(process, sentence, lastLines, upMs = 0) {
      setbacks.crashed(process, sentence, lastLines, upMs);
      needs.figures.crashed(appId, process.type);
      notice.tell();
    },
    interrupted(process, sentence, pauseMs) {
      const news = setbacks.interrupted(process, sentence, pauseMs);
      notice.tell();
      return news;
    },
    ready: (process) => setbacks.over(slotOf(process)),
    ...{ gone, all },
  });

  const trial = createTrial({
    appId,
    store: needs.store,
    setbacks,
    all,
    wanted,
    stage: () => stage,
    settings: () => settings(stage.serving?.version),
    held: () => held,
  });

  function reconcile(): void {
    notice.tell();
    if (closed || held) return;
    clearTimeout(wake);
    const turn = trial.turn();
    const steps = plan(turn.wanted, turn.running, setbacks.all, Date.now(), manner());
    for (const step of steps) {
      if (step.do === 'start') begin(step.member, step.attempt);
      else if (step.do === 'stop') void life.dismiss(tracked.get(step.ref)!);
    }
    const times = steps.flatMap((step) => (step.do === 'wait' ? [step.until] : []));
    if (times.length > 0) wake = setTimeout(reconcile, Math.max(10, Math.min(...times) - Date.now()));
    route();
  }

  function isReady(process: Tracked): boolean {
    return process.unready.size === 0 || !settings(process.version).checks(process.type);
  }

  function begin(member: Member, attempt: number): void {
    const runnable = runnables.get(member.version);
    if (!runnable) return;
    const restarts = setbacks.all.get(slotOf(member))?.restarts ?? 0;
    const process = newProcess(member, runnable, { attempt, restarts });
    tracked.set(process.ref, process);
    void life.start(process, runnable);
  }

  function route(): void {
    if (!closed && !held) traffic.update();
  }

  function gone(process: Tracked): void {
    tracked.delete(process.ref);
    process.ends.abort();
    reconcile();
    if (tracked.size > 0 || closed || held || wanted().length > 0) return;
    needs.networkOf.remove(appId).catch((error: unknown) => needs.onProblem(messageOf(error)));
  }

  const supervisor: Supervisor = {
    reconcile,
    adopt(details) {
      const process = foundProcess(details);
      // Ended, and of a release that does not serve: it was stopped, it did not crash.
      const serving = needs.store.apps.byId(appId)?.servingVersion;
      if (details.state !== 'running' && process.version !== serving) process.state = 'stopping';
      process.stale = trial.isStale(process);
      tracked.set(process.ref, process);
      life
        .watch(process, details)
        .catch((error: unknown) => needs.onProblem(`${process.name}: ${messageOf(error)}`));
    },
    knows: (containerId, processId) =>
      all().some((process) => process.containerId === containerId || process.id === processId),
    idle: () => !held && tracked.size === 0 && wanted().length === 0,
    runs: (version, types) =>
      all().some((one) => one.version === version && types?.includes(one.type) !== false && !isEnding(one)),
    settings,
    async died(containerId) {
      const process = all().find((one) => one.containerId === containerId);
      if (process) await life.check(process);
    },
    async recheck() {
      setbacks.excuseInterrupted();
      await Promise.all(
        all().map((process) => (process.state === 'creating' ? undefined : life.check(process, 'outage'))),
      );
      reconcile();
    },
    async looked(ms) {
      const open = (): boolean =>
        all().some((process) => process.type === 'web' && process.state === 'booting');
      await notice.until(() => !open(), timeLimit(ms)).catch(() => undefined);
    },
    currentRoute(serving) {
      served = serving;
      return traffic.begin();
    },
    go() {
      if (!held) return;
      held = false;
      reconcile();
    },
    provide(runnable) {
      runnables.set(runnable.version, runnable);
    },
    stage: () => stage,
    setStage(next) {
      stage = next;
      for (const version of runnables.keys()) {
        if (version !== next.serving?.version && version !== next.rollout?.next.version)
          forgetVersion(version);
      }
      reconcile();
    },
    async switchTo(version) {
      served = version;
      route();
      await traffic.told();
    },
    routed: traffic.followed,
    untilUp: (version, signal) => notice.until(() => isUp(version), signal),
    clearFailures: setbacks.forget,
    trial,
    until: notice.until,
    status: () => statusOf(appId, all(), wanted(), setbacks.all, runnables),
    async untilEmpty() {
      // One that is being stopped already keeps the time that it was given then.
      const graces = all().map((one) => one.graceMs ?? settings(one.version).stopTimeoutMs ?? 0);
      const longest = Math.max(needs.stopGraceMs, ...graces);
      await notice.until(() => tracked.size === 0, timeLimit(needs.drainMs + longest + endingMs));
    },
    close() {
      closed = true;
      clearTimeout(wake);
      for (const process of all()) process.ends.abort();
    },
  };
  return supervisor;

  /** Also of what was found, and not been told of yet. */
  function declaredOf(version: number): Declared {
    const known = runnables.get(version)?.slug;
    const slugId = known ? null : needs.store.releases.byVersion(appId, version)?.slugId;
    return (known ?? (slugId ? needs.store.slugs.byId(slugId) : undefined))?.declared ?? {};
  }

  function forgetVersion(version: number): void {
    runnables.delete(version);
    setbacks.forget(version);
  }

  function isUp(version: number): boolean {
    const members = wanted().filter((one) => one.version === version);
    const failure = members
      .map((member) => setbacks.failure(slotOf(member)))
      .find((one) => one !== undefined);
    if (failure) throw failure;
    const up = new Set(
      all().flatMap((process) => (process.state === 'up' && isReady(process) ? [slotOf(process)] : [])),
    );
    return members.every((member) => up.has(slotOf(member)));
  }
}
