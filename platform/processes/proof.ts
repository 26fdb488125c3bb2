// Proves that a started process is up, by its health checks where it has some, and watches it from then on.
import { errorName } from '../domain/code.ts';
import type { Declared } from '../domain/declared.ts';
import type { HealthCheck } from '../domain/health-check.ts';
import { webPort } from '../domain/process.ts';
import type { ProcessSettings } from '../domain/process-settings.ts';
import type { ContainerDetails } from '../engine/engine.ts';
import { type HealthNeeds, passes, type Watcher, watchHealth } from './health.ts';
import type { ProcessNeeds } from './needs.ts';
import { pause } from './pause.ts';
import { runInside } from './probe.ts';
import { explainSilence } from './readiness.ts';
import { createStanding } from './standing.ts';
import type { Tracked } from './tracked.ts';

export interface ProofNeeds extends ProcessNeeds {
  appId: string;
  declaredOf(version: number): Declared;
  settings(process: Tracked): ProcessSettings;
  say(process: Tracked, text: string): void;
  lastLines(containerId: string): Promise<string[]>;
  failed(process: Tracked, sentence: string, lastLines: string[], upMs?: number): void;
  stop(process: Tracked): Promise<void>;
  up(process: Tracked): void;
  /** Plan again. */
  changed(): void;
  /** Whether it should get requests has changed. */
  routed(): void;
  /** Its release is being rolled out, and gets no requests yet. */
  onTrial(process: Tracked): boolean;
  /** As a notice's: looked at again when something of the app has changed. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
}

export interface Proof {
  /** Before it is started, or when the engine has started it again. */
  begins(process: Tracked): void;
  /** Resolves when it is up, or has failed and is stopped, or has ended. */
  prove(process: Tracked, details: ContainerDetails): Promise<void>;
  /** It is gone. */
  ended(process: Tracked): void;
}

export function createProof(needs: ProofNeeds): Proof {
  const { engine, store, say } = needs;
  const standing = createStanding(needs);
  const isOn = (process: Tracked): boolean => needs.settings(process).checks(process.type);
  /** @param signal as it was when this proof began: one that the engine has started again is proven by another */
  const isOpen = (process: Tracked, signal: AbortSignal): boolean =>
    process.state === 'booting' && !signal.aborted;

  /** By the code it runs. */
  function checksOf(process: Tracked): readonly HealthCheck[] {
    const { healthchecks = {} } = needs.declaredOf(process.version);
    return Object.hasOwn(healthchecks, process.type) ? healthchecks[process.type]! : [];
  }

  function begins(process: Tracked): void {
    process.found = false;
    if (isOn(process) && checksOf(process).some(({ type }) => type !== 'liveness')) standing.begins(process);
  }

  async function prove(process: Tracked, details: ContainerDetails): Promise<void> {
    process.unready.clear();
    const { signal } = process.ends;
    const checks = checksOf(process);
    const noted = process.found ? standing.of(process) : null;
    // Found running, of the release that serves, and not noted as one that still has to pass: it did when it started. A
    // check that fails for a moment while we come back must not end it.
    const serves = store.apps.byId(needs.appId)?.servingVersion === process.version;
    const proven = process.found && serves && noted !== null;
    const passed = proven
      ? await isThere(process, details, [], signal)
      : await passesAll(process, details, checks, signal);
    if (!passed) return;
    for (const place of noted ?? []) if (proven && checks[place]) process.unready.add(checks[place]);
    if (process.unready.size === 0) standing.passed(process);
    needs.up(process);
    watch(process, checks, healthNeeds(process, details, signal), proven);
  }

  /** Without a check that says so: a web process listens, any other stayed up for a while. */
  async function isThere(
    process: Tracked,
    details: ContainerDetails,
    gate: readonly HealthCheck[],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (process.type === 'web' && !gate.some(asksOwnPort)) {
      if (!(await listens(process, details.id, signal))) return false;
    } else if (process.type !== 'web' && !gate.some(isStartup)) {
      await pause(startOf(details) + needs.settleMs - Date.now(), signal);
    }
    return isOpen(process, signal);
  }

  /** Those of startup and readiness, unless somebody switches them off meanwhile. */
  async function passesAll(
    process: Tracked,
    details: ContainerDetails,
    checks: readonly HealthCheck[],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!isOn(process) || checks.length === 0) return isThere(process, details, [], signal);
    const [off, over] = [new AbortController(), new AbortController()];
    const waits = AbortSignal.any([signal, over.signal]);
    const switchedOff = new Promise<undefined>((resolve) => {
      off.signal.addEventListener('abort', () => resolve(undefined));
    });
    needs
      .until(() => !isOn(process), waits)
      .then(
        () => off.abort(),
        () => undefined,
      );
    try {
      if (!(await isThere(process, details, checks, signal))) return false;
      const health = healthNeeds(process, details, AbortSignal.any([signal, off.signal]));
      // Not every question can be called back.
      const why = await Promise.race([passes(checks, health), switchedOff]);
      if (!isOpen(process, signal)) return false;
      if (off.signal.aborted) {
        say(process, 'Its health checks were switched off while it was starting (checks=off)');
        return await isThere(process, details, [], signal);
      }
      if (why !== undefined) await notReady(process, details.id, why, 'become');
      return why === undefined;
    } finally {
      over.abort();
    }
  }

  function healthNeeds(process: Tracked, details: ContainerDetails, signal: AbortSignal): HealthNeeds {
    const { address } = process;
    return {
      target: { containerId: details.id, address: address ?? '' },
      ask: needs.ask,
      startedAt: startOf(details),
      signal,
      listening: (ms) => needs.listening(address ?? '', ms, signal),
      warn: (sentence) => say(process, `Warning: ${sentence}`),
      onFailure(check) {
        if (check.onFailure !== null) void runInside(engine, details.id, check.onFailure, 60, signal);
      },
    };
  }

  async function listens(process: Tracked, id: string, signal: AbortSignal): Promise<boolean> {
    const timeoutMs = needs.settings(process).bootTimeoutMs ?? needs.bootTimeoutMs;
    if (process.address && (await needs.listening(process.address, timeoutMs, signal))) return true;
    if (signal.aborted || process.state !== 'booting') return false;
    const seconds = Math.round(timeoutMs / 1000);
    process.code = 'R10';
    say(
      process,
      `${errorName('R10')} -> Web process failed to bind to $PORT within ${seconds} seconds of launch`,
    );
    const what = await explainSilence(engine, id);
    const sentence = `${errorName('R10')}: ${process.name} did not listen on port $PORT (${webPort}) within ${seconds} s. ${what}. Use process.env.PORT and host 0.0.0.0.`;
    needs.failed(process, sentence, await needs.lastLines(id));
    await needs.stop(process);
    say(process, 'State changed from starting to crashed');
    return false;
  }

  async function notReady(process: Tracked, id: string, why: string, be: 'become' | 'stay'): Promise<void> {
    process.code = 'R10';
    say(process, `${errorName('R10')} -> ${capital(why)}`);
    const hint = why.includes('nothing listens there') ? ` ${await explainSilence(engine, id)}.` : '';
    const sentence = `${errorName('R10')}: ${process.name} did not ${be} ready: its ${why}.${hint}`;
    needs.failed(process, sentence, await needs.lastLines(id));
    await needs.stop(process);
    say(process, 'State changed from starting to crashed');
  }

  function watch(
    process: Tracked,
    checks: readonly HealthCheck[],
    health: HealthNeeds,
    proven: boolean,
  ): void {
    const watcher: Watcher = {
      // One that is being stopped is expected to fail them.
      enabled: () => process.state === 'up' && isOn(process),
      readiness(check, sentence) {
        if (sentence === null) process.unready.delete(check);
        else process.unready.add(check);
        // It would be sent requests next, so it is as if it had not passed.
        if (sentence !== null && needs.onTrial(process))
          return void notReady(process, health.target.containerId, sentence, 'stay');
        say(
          process,
          sentence === null
            ? `Readiness check "${check.name}" passes again${process.unready.size === 0 ? ': it gets requests' : ''}`
            : `${capital(sentence)}. It gets no requests until it passes`,
        );
        standing.failing(
          process,
          [...process.unready].map((one) => checks.indexOf(one)),
        );
        needs.routed();
      },
      liveness(_check, sentence) {
        if (process.state !== 'up') return;
        void notAlive(process, sentence);
      },
    };
    watchHealth(checks, health, watcher, proven ? new Set(process.unready) : null);
  }

  async function notAlive(process: Tracked, why: string): Promise<void> {
    const upMs = Date.now() - process.stateAt;
    const lines = process.containerId ? await needs.lastLines(process.containerId) : [];
    if (process.state !== 'up') return;
    say(process, `${capital(why)}. It is started again`);
    say(process, 'State changed from up to crashed');
    needs.failed(process, `${process.name} is not alive: its ${why}.`, lines, upMs);
    const stopped = needs.stop(process);
    // The next one need not wait until what hangs was drained.
    needs.changed();
    await stopped;
  }

  return { begins, prove, ended: standing.ended };
}

function startOf(details: ContainerDetails): number {
  return Date.parse(details.startedAt ?? new Date().toISOString());
}

function isStartup(check: HealthCheck): boolean {
  return check.type === 'startup' && !check.warn;
}

/** It shows by itself that something listens where visitors are sent. */
function asksOwnPort(check: HealthCheck): boolean {
  const { probe } = check;
  return (
    isStartup(check) &&
    (probe.how === 'http' || probe.how === 'listening') &&
    (probe.port ?? webPort) === webPort
  );
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}
