// The life of one container: started, proven ready, watched, stopped, its last lines read, removed.

import { errorName } from '../domain/code.ts';
import type { Declared } from '../domain/declared.ts';
import { hasCode, messageOf, PlatformError } from '../domain/errors.ts';
import { findSize } from '../domain/formation.ts';
import type { ProcessSettings } from '../domain/process-settings.ts';
import type { ContainerDetails } from '../engine/engine.ts';
import { processSpec } from './container.ts';
import { exitTimeout } from './exit-timeout.ts';
import type { FromSlug } from './from-slug.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Networks } from './network.ts';
import { pause } from './pause.ts';
import { isEnding } from './plan.ts';
import { createProof } from './proof.ts';
import { type Runnable, setState, type Tracked } from './tracked.ts';
import type { Traffic } from './traffic.ts';

export interface Life {
  /** Makes and starts its container, and proves it ready. */
  start(process: Tracked, runnable: Runnable): Promise<void>;
  /** From a started container on; found ones come in here. */
  watch(process: Tracked, details: ContainerDetails): Promise<void>;
  /** Out of the router, drained, then SIGTERM and in the end SIGKILL. */
  stop(process: Tracked): Promise<void>;
  /** The same of one that is not wanted any more, which is said where it was up. */
  dismiss(process: Tracked): Promise<void>;
  /** The engine told of its end, or it is looked at again; after an outage of the engine its end is no crash. */
  check(process: Tracked, after?: 'outage'): Promise<void>;
}

export interface LifeNeeds extends ProcessNeeds {
  networkOf: Networks;
  fromSlug: FromSlug;
  appId: string;
  appName(): string;
  traffic: Traffic;
  onTrial(process: Tracked): boolean;
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
  declaredOf(version: number): Declared;
  settings(process: Tracked): ProcessSettings;
  /** Nothing is said of what was up before we came. */
  quiet(): boolean;
  /** Something changed: plan again. */
  changed(): void;
  /** It did not become or stay ready. */
  failed(process: Tracked, sentence: string, lastLines: string[], upMs?: number): void;
  /** The engine was away, so it is not up. @returns whether that is news */
  interrupted(process: Tracked, sentence: string, pauseMs: number): boolean;
  /** It is ready. */
  ready(process: Tracked): void;
  /** It is gone, its container removed. */
  gone(process: Tracked): void;
  all(): readonly Tracked[];
}

/** How often a start is tried while no engine answers, should nobody tell that it is back. */
const awayPauseMs = 5000;
/** How long until it is tried again to stop one. */
const stopPauseMs = 2000;
const whileAway = 'The container engine was away meanwhile.';

export function createLife(needs: LifeNeeds): Life {
  const { engine, logs, appId } = needs;
  const say = (process: Tracked, text: string): void =>
    logs.write(appId, { source: 'twelve', process: process.name, text, release: process.version });
  const lastLines = (id: string): Promise<string[]> => engine.lastLines(id, 20).catch(() => []);
  const proof = createProof({
    ...needs,
    say,
    lastLines,
    stop,
    up: becameUp,
    routed: () => needs.traffic.update(),
  });

  async function start(process: Tracked, runnable: Runnable): Promise<void> {
    try {
      proof.begins(process);
      needs.reached('create');
      process.containerId = await create(process, runnable);
      needs.reached('start');
      if (process.attempt > 0) say(process, 'State changed from crashed to starting');
      say(process, `Starting process with command \`${process.command}\``);
      await engine.start(process.containerId);
      await watch(process, await engine.inspect(process.containerId));
    } catch (error) {
      await couldNotStart(process, error);
    }
  }

  async function create(process: Tracked, runnable: Runnable): Promise<string> {
    const subnet = needs.store.apps.byId(appId)?.subnet ?? null;
    return needs.networkOf.within({ id: appId, subnet }, (network) => createIn(network, process, runnable));
  }

  function createIn(network: string, process: Tracked, runnable: Runnable): Promise<string> {
    return needs.fromSlug.create(runnable.slug, (image) =>
      processSpec({
        instance: needs.instance,
        kind: 'process',
        appId,
        appName: needs.appName(),
        id: process.id,
        type: process.type,
        name: process.name,
        command: process.command,
        size: findSize(process.size, needs.sizes),
        version: process.version,
        releaseId: runnable.release.id,
        commit: runnable.slug.commit,
        image,
        network,
        config: runnable.config,
        attempt: process.attempt,
        restarts: process.restarts,
      }),
    );
  }

  function gone(process: Tracked): void {
    proof.ended(process);
    needs.gone(process);
  }

  async function couldNotStart(process: Tracked, error: unknown): Promise<void> {
    if (isEnding(process)) return;
    const code = error instanceof PlatformError ? error.code : undefined;
    if (code === 'not_found') needs.networkOf.forget(appId);
    const sentence = `${process.name} could not be started: ${messageOf(error)}`;
    const news =
      code === 'engine_unavailable' ? needs.interrupted(process, sentence, awayPauseMs) : undefined;
    if (news !== false) say(process, `Could not start: ${messageOf(error)}`);
    if (process.containerId) await engine.remove(process.containerId).catch(() => undefined);
    if (news === undefined) needs.failed(process, sentence, []);
    gone(process);
  }

  async function watch(process: Tracked, seen: ContainerDetails): Promise<void> {
    // Its end may have been told between our look and now.
    const details = process.died ? await engine.inspect(seen.id) : seen;
    process.containerId = details.id;
    process.died = false;
    if (details.logPath) {
      logs.follow({
        id: details.id,
        appId,
        process: process.name,
        logPath: details.logPath,
        release: process.version,
      });
    }
    process.address = Object.values(details.addresses)[0] ?? null;
    if (details.state !== 'running') return ended(process, details);
    if (process.state !== 'booting') setState(process, 'booting');
    needs.changed();
    await proof.prove(process, details);
  }

  function becameUp(process: Tracked): void {
    needs.reached('up');
    if (needs.quiet()) {
      // Found running: it is up since it started, and that was told then.
      process.state = 'up';
    } else {
      setState(process, 'up');
      say(process, 'State changed from starting to up');
    }
    needs.ready(process);
    needs.changed();
  }

  async function ended(process: Tracked, details: ContainerDetails, after?: 'outage'): Promise<void> {
    if (process.state === 'ended') return;
    const before = process.state;
    process.ends.abort();
    const code = details.exitCode ?? 0;
    const upMs = before === 'up' ? Date.now() - process.stateAt : 0;
    setState(process, 'ended');
    // The crash of another, or whatever else has us plan meanwhile, must not start it anew without its pause.
    process.unsettled = before !== 'stopping';
    // Out of the router at once: nobody should be sent there while the last lines are read.
    needs.traffic.update();
    if (details.oomKilled) needs.figures.killed(details);
    if (before !== 'stopping' && after === 'outage') {
      needs.interrupted(process, `${process.name} exited with status ${code}. ${whileAway}`, 0);
    } else if (before !== 'stopping') {
      // A child's kill is marked on the container too; only this status says that its main process was killed.
      const killed = details.oomKilled && code === 137;
      if (killed) process.code = 'R15';
      const named = killed ? `${errorName('R15')}: ` : process.type === 'web' ? `${errorName('H10')}: ` : '';
      const memory = killed ? ' It was killed by the kernel for using more than its memory.' : '';
      const when = before === 'up' ? '' : ' before it was ready';
      const lines = await lastLines(details.id);
      const sentence = `${named}${process.name} exited with status ${code}${when}.${memory}`;
      needs.failed(process, sentence, lines, upMs);
    }
    process.unsettled = false;
    await logs.drained(details.id);
    say(process, `Process exited with status ${code}`);
    if (before !== 'stopping')
      say(process, `State changed from ${before === 'up' ? 'up' : 'starting'} to crashed`);
    needs.reached('remove');
    await engine
      .remove(details.id)
      .catch((error: unknown) => needs.onProblem(`${details.name} was not removed: ${messageOf(error)}`));
    gone(process);
  }

  async function vanished(process: Tracked, after?: 'outage'): Promise<void> {
    if (process.state === 'ended') return;
    const before = process.state;
    process.ends.abort();
    if (before !== 'stopping' && after === 'outage')
      needs.interrupted(process, `The container of ${process.name} is gone. ${whileAway}`, 0);
    else if (before !== 'stopping')
      needs.failed(process, `The container of ${process.name} was removed from outside.`, []);
    setState(process, 'ended');
    needs.traffic.update();
    if (process.containerId) await logs.drained(process.containerId);
    gone(process);
  }

  async function dismiss(process: Tracked): Promise<void> {
    // Where another has its name already, that one's state is what is said under it.
    const goesOn = needs.all().some((one) => one !== process && one.name === process.name && !isEnding(one));
    if (process.state === 'up' && !goesOn) say(process, 'State changed from up to down');
    await stop(process);
  }

  async function stop(process: Tracked): Promise<void> {
    if (isEnding(process) || !process.containerId) return;
    const id = process.containerId;
    setState(process, 'stopping');
    // Also one that we do not know to be up: whoever ran before us may have sent visitors there.
    if (process.type === 'web') {
      needs.traffic.update();
      await needs.traffic.drained(id);
    }
    needs.reached('stop');
    say(process, 'Stopping all processes with SIGTERM');
    // Where the engine is away it is tried again: what is not wanted must not stay.
    for (let said = ''; !process.ends.signal.aborted; ) {
      try {
        const graceMs = needs.settings(process).stopTimeoutMs ?? needs.stopGraceMs;
        process.graceMs = graceMs;
        const how = await engine.stop(id, { graceSeconds: graceMs / 1000 });
        if (how === 'killed') for (const text of exitTimeout(graceMs)) say(process, text);
        return await ended(process, await engine.inspect(id));
      } catch (error) {
        if (hasCode(error, 'not_found')) return vanished(process);
        const problem = `${process.name} of ${needs.appName()} was not stopped: ${messageOf(error)}`;
        if (problem !== said) needs.onProblem(problem);
        said = problem;
        await pause(stopPauseMs, process.ends.signal);
      }
    }
  }

  async function check(process: Tracked, after?: 'outage'): Promise<void> {
    if (process.state === 'ended' || !process.containerId) return;
    if (process.state === 'creating') {
      process.died = true;
      return;
    }
    const details = await engine
      .inspect(process.containerId)
      .catch((error: unknown) => (hasCode(error, 'not_found') ? null : undefined));
    if (details === undefined) {
      // The engine did not say: its end must not be missed.
      setTimeout(() => void check(process, after).catch(() => undefined), 1000).unref();
      return;
    }
    if (details === null) await vanished(process, after);
    else if (details.state !== 'running') await ended(process, details, after);
    else if (!Object.values(details.addresses).includes(process.address ?? '')) await moved(process, details);
  }

  /** Started again by the engine under another address: proven anew. */
  async function moved(process: Tracked, details: ContainerDetails): Promise<void> {
    if (process.state === 'stopping') return;
    process.ends.abort();
    process.ends = new AbortController();
    proof.begins(process);
    await watch(process, details);
  }

  return { start, watch, stop, dismiss, check };
}
