// Keeps one app's containers as the stage wants them: observes, plans, acts, again and again.
import { randomUUID } from 'node:crypto';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { findSize } from '../domain/formation.ts';
import { type ProcessStatus, processName, webPort } from '../domain/process.ts';
import type { Release } from '../domain/release.ts';
import type { Slug } from '../domain/slug.ts';
import type { ContainerDetails } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';
import { processSpec } from './container.ts';
import type { Endpoint, ProcessNeeds, RouteState } from './needs.ts';
import type { Networks } from './network.ts';
import { createNotice } from './notice.ts';
import { backOffMs, type Crash, type Member, plan, type Running, type Step, slotOf } from './plan.ts';
import { explainSilence, settleMs, untilListening } from './readiness.ts';
import { type Stage, wantedAt } from './stage.ts';

/** A process that stayed up this long starts its back-off anew when it crashes. */
const steadyMs = 60_000;

/** A release ready to run: read once from the store, shared by all of its processes. */
export interface Runnable {
  version: number;
  release: Release;
  slug: Slug;
  types: Slug['processTypes'];
  config: Readonly<Record<string, string>>;
  image: string;
}

interface Tracked extends Running {
  id: string;
  containerId: string | null;
  name: string;
  command: string;
  releaseId: string;
  address: string | null;
  attempt: number;
  createdAt: number;
  stateAt: number;
  ends: AbortController;
  /** Its end was told while it was still being started. */
  died: boolean;
}

/** Why a slot's process did not become ready, for the message of a failed rollout. */
export interface Failure {
  process: string;
  sentence: string;
  lastLines: string[];
}

export type Supervisor = ReturnType<typeof createSupervisor>;

export function createSupervisor(appId: string, needs: ProcessNeeds & { networkOf: Networks }) {
  const { engine, logs } = needs;
  const tracked = new Map<string, Tracked>();
  const crashes = new Map<string, Crash & { since: number }>();
  const failures = new Map<string, Failure>();
  const runnables = new Map<number, Runnable>();
  const notice = createNotice();
  let stage: Stage = { serving: null, next: null, phase: 'steady' };
  let servedVersion: number | null = null;
  let order = 0;
  let wake: NodeJS.Timeout | undefined;
  let sent = '';
  let routing: Promise<{ drained: Promise<void> }> = Promise.resolve({ drained: Promise.resolve() });
  const drains = new Map<string, Promise<void>>();
  let routedKeys: string[] = [];
  // Until everything that runs is known, nothing is started, stopped or routed.
  let held = true;
  let closed = false;

  const appName = (): string => needs.store.apps.byId(appId)?.name ?? appId.slice(0, 8);
  const wanted = (): Member[] => wantedAt(stage, needs.store.formations.of(appId));
  const say = (process: string, text: string): void => logs.write(appId, { source: 'twelve', process, text });

  function reconcile(): void {
    if (closed || held) return;
    clearTimeout(wake);
    const steps = plan(wanted(), [...tracked.values()], crashes, Date.now());
    for (const step of steps) act(step);
    const next = steps.flatMap((step) => (step.do === 'wait' ? [step.until] : []));
    if (next.length > 0) wake = setTimeout(reconcile, Math.max(10, Math.min(...next) - Date.now()));
    route();
    notice.tell();
  }

  function act(step: Step): void {
    if (step.do === 'wait') return;
    if (step.do === 'start') {
      void start(step.member, step.attempt);
      return;
    }
    const process = tracked.get(step.ref);
    if (process) void stop(process);
  }

  async function start(member: Member, attempt: number): Promise<void> {
    const runnable = runnables.get(member.version);
    if (!runnable) return;
    const process = track(member, runnable, attempt);
    try {
      const network = await needs.networkOf.ensure({
        id: appId,
        subnet: needs.store.apps.byId(appId)?.subnet ?? null,
      });
      process.containerId = await engine.create(
        processSpec({
          instance: needs.instance,
          kind: 'process',
          appId,
          appName: appName(),
          id: process.id,
          type: member.type,
          name: process.name,
          command: process.command,
          size: findSize(member.size),
          version: member.version,
          releaseId: runnable.release.id,
          commit: runnable.slug.commit,
          image: runnable.image,
          network,
          config: runnable.config,
          attempt,
        }),
      );
      say(process.name, `Starting process with command \`${process.command}\``);
      await engine.start(process.containerId);
      await watch(process, await engine.inspect(process.containerId));
    } catch (error) {
      await couldNotStart(process, error);
    }
  }

  function track(member: Member, runnable: Runnable, attempt: number): Tracked {
    const id = randomUUID();
    const process: Tracked = {
      ref: id,
      id,
      version: member.version,
      type: member.type,
      number: member.number,
      size: member.size,
      state: 'creating',
      stale: false,
      order: order++,
      containerId: null,
      name: processName(member.type, member.number),
      command: runnable.types[member.type] ?? '',
      releaseId: runnable.release.id,
      address: null,
      attempt,
      createdAt: Date.now(),
      stateAt: Date.now(),
      ends: new AbortController(),
      died: false,
    };
    tracked.set(id, process);
    return process;
  }

  async function couldNotStart(process: Tracked, error: unknown): Promise<void> {
    if (error instanceof PlatformError && error.code === 'not_found') needs.networkOf.forget(appId);
    say(process.name, `Could not start: ${messageOf(error)}`);
    if (process.containerId) await engine.remove(process.containerId).catch(() => undefined);
    fail(process, `${process.name} could not be started: ${messageOf(error)}`, []);
    forget(process);
  }

  /** From a started container on: its log, its readiness, its end. Adopted ones come in here too. */
  async function watch(process: Tracked, seen: ContainerDetails): Promise<void> {
    const id = seen.id;
    // Its end may have been told between our look and now.
    const details = process.died ? await engine.inspect(id) : seen;
    process.containerId = id;
    if (details.logPath) logs.follow({ id, appId, process: process.name, logPath: details.logPath });
    process.address = Object.values(details.addresses)[0] ?? null;
    if (details.state !== 'running') return ended(process, details);
    setState(process, 'booting');
    reconcile();
    await (process.type === 'web' ? proveWeb(process, id) : proveOther(process, details));
  }

  async function proveWeb(process: Tracked, id: string): Promise<void> {
    const address = process.address;
    if (address && (await untilListening(address, needs.bootTimeoutMs, process.ends.signal))) {
      if (process.state === 'booting') becameUp(process);
      return;
    }
    if (process.ends.signal.aborted || process.state !== 'booting') return;
    const seconds = Math.round(needs.bootTimeoutMs / 1000);
    const what = await explainSilence(engine, id);
    say(
      process.name,
      `Error R10 (Boot timeout) -> Web process failed to bind to $PORT within ${seconds} seconds of launch`,
    );
    const sentence = `${process.name} did not listen on port $PORT (${webPort}) within ${seconds} s. ${what}. Use process.env.PORT and host 0.0.0.0.`;
    fail(process, sentence, await lastLines(id));
    await stop(process);
  }

  async function proveOther(process: Tracked, details: ContainerDetails): Promise<void> {
    const age = Date.now() - Date.parse(details.startedAt ?? new Date().toISOString());
    const left = settleMs - age;
    if (left > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        process.ends.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (process.state === 'booting' && !process.ends.signal.aborted) becameUp(process);
  }

  function becameUp(process: Tracked): void {
    setState(process, 'up');
    if (!held) say(process.name, 'State changed from starting to up');
    reconcile();
    notice.tell();
  }

  async function ended(process: Tracked, details: ContainerDetails): Promise<void> {
    if (process.state === 'ended') return;
    const before = process.state;
    process.ends.abort();
    setState(process, 'ended');
    const code = details.exitCode ?? 0;
    // Out of the router first: nobody should be sent there while the last lines are read.
    route();
    if (before !== 'stopping') {
      const memory = details.oomKilled ? ' It was killed by the kernel for using more than its memory.' : '';
      const lines = await lastLines(details.id);
      fail(
        process,
        `${process.name} exited with status ${code}${before === 'up' ? '' : ' before it was ready'}.${memory}`,
        lines,
      );
    }
    await logs.drained(details.id);
    say(process.name, `Process exited with status ${code}`);
    if (before !== 'stopping')
      say(process.name, `State changed from ${before === 'up' ? 'up' : 'starting'} to crashed`);
    await engine
      .remove(details.id)
      .catch((error: unknown) => needs.onProblem(`${details.name} was not removed: ${messageOf(error)}`));
    forget(process);
  }

  async function vanished(process: Tracked): Promise<void> {
    if (process.state === 'ended') return;
    const before = process.state;
    process.ends.abort();
    setState(process, 'ended');
    if (before !== 'stopping')
      fail(process, `The container of ${process.name} was removed from outside.`, []);
    if (process.containerId) await logs.drained(process.containerId);
    forget(process);
  }

  /** Counts a crash and says when the next attempt may be. */
  function fail(process: Tracked, sentence: string, lines: string[]): void {
    const slot = slotOf(process);
    const steady = process.state === 'up' && Date.now() - process.stateAt > steadyMs;
    const attempt = steady ? 1 : process.attempt + 1;
    const now = Date.now();
    crashes.set(slot, { attempt, retryAt: now + backOffMs(attempt), since: now });
    if (!failures.has(slot)) failures.set(slot, { process: process.name, sentence, lastLines: lines });
    notice.tell();
  }

  function forget(process: Tracked): void {
    tracked.delete(process.ref);
    process.ends.abort();
    if (process.containerId) drains.delete(process.containerId.slice(0, 12));
    reconcile();
    notice.tell();
    if (tracked.size === 0 && !closed) void removeNetworkIfIdle();
  }

  async function removeNetworkIfIdle(): Promise<void> {
    if (wanted().length > 0) return;
    await needs.networkOf.remove(appId).catch((error: unknown) => needs.onProblem(messageOf(error)));
  }

  /** Out of the router, drained, then SIGTERM and in the end SIGKILL. The end itself comes through `watch`. */
  async function stop(process: Tracked): Promise<void> {
    if (process.state === 'stopping' || process.state === 'ended' || !process.containerId) return;
    const wasUp = process.state === 'up';
    setState(process, 'stopping');
    try {
      if (wasUp && process.type === 'web') {
        route();
        await drains.get(process.containerId.slice(0, 12));
      }
      say(process.name, 'Stopping all processes with SIGTERM');
      await engine.stop(process.containerId, { graceSeconds: needs.stopGraceMs / 1000 });
      await ended(process, await engine.inspect(process.containerId));
    } catch (error) {
      if (error instanceof PlatformError && error.code === 'not_found') return vanished(process);
      needs.onProblem(`${process.name} of ${appName()} was not stopped: ${messageOf(error)}`);
      process.state = 'booting';
      setTimeout(reconcile, 2000);
    }
  }

  function setState(process: Tracked, state: Running['state']): void {
    process.state = state;
    process.stateAt = Date.now();
  }

  const lastLines = (id: string): Promise<string[]> => engine.lastLines(id, 20).catch(() => []);

  /** Tells the router when what should get traffic differs from what it was told last. */
  function route(): void {
    const endpoints = serving();
    const state = routeState(endpoints);
    const text = signatureOf(state, endpoints);
    if (text === sent || closed || held) return;
    sent = text;
    const keys = endpoints.map((endpoint) => endpoint.key);
    const removed = routedKeys.filter((key) => !keys.includes(key));
    routedKeys = keys;
    const before = routing;
    routing = before
      .catch(() => undefined)
      .then(() => needs.serve({ appId, state, endpoints }))
      .catch((error: unknown) => {
        sent = '';
        needs.onProblem(`The router was not told about ${appName()}: ${messageOf(error)}`);
        setTimeout(reconcile, 1000);
        throw error;
      });
    routing.catch(() => undefined);
    const drained = routing.then((result) => result.drained).catch(() => undefined);
    for (const key of removed) drains.set(key, drained);
  }

  /** What the router was told, to tell it only of differences. The name is in it since hosts follow from it. */
  function signatureOf(state: RouteState, endpoints: readonly Endpoint[]): string {
    return JSON.stringify([appName(), state, endpoints.map((endpoint) => endpoint.key).sort()]);
  }

  function serving(): Endpoint[] {
    return [...tracked.values()]
      .filter(
        (process) =>
          process.type === 'web' &&
          process.state === 'up' &&
          process.version === servedVersion &&
          process.address,
      )
      .map((process) => ({
        process: process.name,
        key: process.containerId!.slice(0, 12),
        address: process.address!,
        port: webPort,
      }));
  }

  function routeState(endpoints: Endpoint[]): RouteState {
    if (needs.store.apps.byId(appId)?.maintenance) return 'maintenance';
    if (endpoints.length > 0) return 'up';
    return wanted().some((member) => member.type === 'web' && crashes.has(slotOf(member)))
      ? 'crashed'
      : 'none';
  }

  return {
    appId,
    reconcile,
    /** Takes over a container found at start. */
    adopt(details: ContainerDetails): void {
      const labels = details.labels;
      const type = labels[label.type] ?? '';
      const name = labels[label.process] ?? '';
      const created = Date.parse(details.createdAt);
      const process: Tracked = {
        ref: labels[label.id] ?? details.id,
        id: labels[label.id] ?? details.id,
        version: Number(labels[label.release]),
        type,
        number: Number(name.slice(type.length + 1)),
        size: labels[label.size] ?? '',
        state: 'booting',
        stale: false,
        order: order++,
        containerId: details.id,
        name,
        command: labels[label.command] ?? '',
        releaseId: labels[label.releaseId] ?? '',
        address: null,
        attempt: Number(labels[label.attempt] ?? 0),
        createdAt: created,
        stateAt: Date.parse(details.startedAt ?? details.createdAt),
        ends: new AbortController(),
        died: false,
      };
      tracked.set(process.ref, process);
      watch(process, details).catch((error: unknown) => needs.onProblem(`${name}: ${messageOf(error)}`));
    },
    /** A container of this app ended. */
    async died(containerId: string): Promise<void> {
      const process = [...tracked.values()].find((one) => one.containerId === containerId);
      if (!process || process.state === 'ended') return;
      if (process.state === 'creating') {
        process.died = true;
        return;
      }
      const details = await engine.inspect(containerId).catch(() => null);
      if (details === null) await vanished(process);
      else if (details.state !== 'running') await ended(process, details);
    },
    /** Resolves when every adopted web process has been looked at, or after `ms`. */
    async looked(ms: number): Promise<void> {
      const signal = AbortSignal.timeout(ms);
      await notice
        .until(
          () =>
            ![...tracked.values()].some((process) => process.type === 'web' && process.state === 'booting'),
          signal,
        )
        .catch(() => undefined);
    },
    /** The route as it is now, for the router's start. */
    currentRoute(version: number | null): { state: RouteState; endpoints: Endpoint[] } {
      servedVersion = version;
      const endpoints = serving();
      const state = routeState(endpoints);
      sent = signatureOf(state, endpoints);
      routedKeys = endpoints.map((endpoint) => endpoint.key);
      return { state, endpoints };
    },
    /** From now on it acts. */
    go(): void {
      if (!held) return;
      held = false;
      reconcile();
    },
    /** Container ids already known, so that a second listing adopts only what is new. */
    knows: (containerId: string): boolean =>
      [...tracked.values()].some((process) => process.containerId === containerId),
    /** Looks again at every container after the engine was away. */
    async recheck(): Promise<void> {
      for (const process of [...tracked.values()]) {
        if (!process.containerId || process.state === 'creating') continue;
        const details = await engine
          .inspect(process.containerId)
          .catch((error: unknown) =>
            error instanceof PlatformError && error.code === 'not_found' ? null : undefined,
          );
        if (details === null) await vanished(process);
        else if (details && details.state !== 'running' && process.state !== 'stopping')
          await ended(process, details);
        else if (details) refresh(process, details);
      }
      reconcile();
    },
    provide(runnable: Runnable): void {
      runnables.set(runnable.version, runnable);
    },
    setStage(next: Stage): void {
      stage = next;
      for (const version of runnables.keys()) {
        if (version !== next.serving?.version && version !== next.next?.version) runnables.delete(version);
      }
      reconcile();
    },
    stage: (): Stage => stage,
    /** Sends traffic to the ready web processes of this release, and only there; resolves when the router does. */
    async switchTo(version: number | null): Promise<void> {
      servedVersion = version;
      route();
      await routing;
    },
    /** Resolves when every wanted process of `version` (of web only, or all) is up; throws what kept one from it. */
    async untilUp(version: number, only: 'web' | 'all', signal: AbortSignal): Promise<void> {
      await notice.until(() => {
        const members = wanted().filter(
          (member) => member.version === version && (only === 'all' || member.type === 'web'),
        );
        const bad = members
          .map((member) => failures.get(slotOf(member)))
          .find((failure) => failure !== undefined);
        if (bad) throw releaseFailure(bad);
        const slots = new Set([...tracked.values()].filter((process) => process.state === 'up').map(slotOf));
        return members.every((member) => slots.has(slotOf(member)));
      }, signal);
    },
    /** A new trial of this release: earlier failures do not count. */
    clearFailures(version: number): void {
      for (const slot of [...failures.keys()]) {
        if (slot.startsWith(`${version}/`)) failures.delete(slot);
      }
      for (const slot of [...crashes.keys()]) {
        if (slot.startsWith(`${version}/`)) crashes.delete(slot);
      }
    },
    /** Marks processes for replacement: all, of a type, or one. Returns how many. */
    restart(matches: (name: string, type: string) => boolean): number {
      let count = 0;
      for (const process of tracked.values()) {
        if (process.state === 'ended' || process.state === 'stopping' || !matches(process.name, process.type))
          continue;
        process.stale = true;
        count++;
      }
      for (const slot of [...crashes.keys()]) {
        const [type = '', number = ''] = slot.slice(slot.indexOf('/') + 1).split(/\.(?=\d+$)/);
        if (!matches(`${type}.${number}`, type)) continue;
        if (count === 0) count++;
        crashes.delete(slot);
      }
      reconcile();
      return count;
    },
    status(): ProcessStatus[] {
      return statusOf(appId, [...tracked.values()], wanted(), crashes, runnables);
    },
    /** Told of a change outside (formation, maintenance). */
    async settled(): Promise<void> {
      await routing.catch(() => undefined);
    },
    isEmpty: (): boolean => tracked.size === 0,
    untilEmpty: (signal: AbortSignal): Promise<void> => notice.until(() => tracked.size === 0, signal),
    close(): void {
      closed = true;
      clearTimeout(wake);
      for (const process of tracked.values()) process.ends.abort();
    },
  };

  /** The engine was away and came back: the old wait is dead, and the address may have changed. */
  function refresh(process: Tracked, details: ContainerDetails): void {
    if (process.state === 'stopping' || process.state === 'ended') return;
    process.ends.abort();
    process.ends = new AbortController();
    watch(process, details).catch((error: unknown) =>
      needs.onProblem(`${process.name}: ${messageOf(error)}`),
    );
  }
}

function releaseFailure(failure: Failure): PlatformError {
  return new PlatformError('release_failed', failure.sentence, {
    process: failure.process,
    lastLines: failure.lastLines,
  });
}

function statusOf(
  appId: string,
  tracked: readonly Tracked[],
  wanted: readonly Member[],
  crashes: ReadonlyMap<string, Crash & { since: number }>,
  runnables: ReadonlyMap<number, Runnable>,
): ProcessStatus[] {
  const live = tracked
    .filter((process) => process.state !== 'ended')
    .map(
      (process): ProcessStatus => ({
        id: process.id,
        appId,
        name: process.name,
        type: process.type,
        number: process.number,
        command: process.command,
        size: process.size,
        state: process.state === 'up' ? 'up' : process.state === 'stopping' ? 'down' : 'starting',
        releaseId: process.releaseId,
        releaseVersion: process.version,
        updatedAt: new Date(process.stateAt).toISOString(),
        createdAt: new Date(process.createdAt).toISOString(),
      }),
    );
  const slots = new Set(tracked.filter((process) => process.state !== 'ended').map(slotOf));
  const crashed = wanted
    .filter((member) => !slots.has(slotOf(member)) && crashes.has(slotOf(member)))
    .map((member): ProcessStatus => {
      const since = new Date(crashes.get(slotOf(member))!.since).toISOString();
      const runnable = runnables.get(member.version);
      return {
        id: `${appId.slice(0, 24)}${String(member.version * 1000 + member.number).padStart(12, '0')}`,
        appId,
        name: processName(member.type, member.number),
        type: member.type,
        number: member.number,
        command: runnable?.types[member.type] ?? '',
        size: member.size,
        state: 'crashed',
        releaseId: runnable?.release.id ?? '',
        releaseVersion: member.version,
        updatedAt: since,
        createdAt: since,
      };
    });
  return [...live, ...crashed].sort((a, b) => a.type.localeCompare(b.type) || a.number - b.number);
}
