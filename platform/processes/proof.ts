// Proves that a started process is up, by its health checks where it has some, and watches it from then on.
import type { HealthCheck } from '../domain/health-check.ts';
import { webPort } from '../domain/process.ts';
import type { ProcessSettings } from '../domain/process-settings.ts';
import type { ContainerDetails } from '../engine/engine.ts';
import { type HealthNeeds, passes, watchHealth } from './health.ts';
import type { ProcessNeeds } from './needs.ts';
import { pause } from './pause.ts';
import { runInside } from './probe.ts';
import { explainSilence } from './readiness.ts';
import type { Tracked } from './tracked.ts';

export interface ProofNeeds extends ProcessNeeds {
  appId: string;
  settings(): ProcessSettings;
  say(process: Tracked, text: string): void;
  lastLines(containerId: string): Promise<string[]>;
  failed(process: Tracked, sentence: string, lastLines: string[], upMs?: number): void;
  stop(process: Tracked): Promise<void>;
  up(process: Tracked): void;
  /** Plan again. */
  changed(): void;
  /** Whether it should get requests has changed. */
  routed(): void;
}

/** Resolves when it is up, or has failed and is stopped, or has ended. */
export type Prove = (process: Tracked, details: ContainerDetails) => Promise<void>;

export function createProof(needs: ProofNeeds): Prove {
  const { engine, store, say } = needs;

  /** By the code it runs. */
  function checksOf(process: Tracked): readonly HealthCheck[] {
    const slugId = store.releases.byVersion(needs.appId, process.version)?.slugId;
    const declared = slugId ? store.slugs.byId(slugId)?.declared.healthchecks : undefined;
    return declared && Object.hasOwn(declared, process.type) ? declared[process.type]! : [];
  }

  async function prove(process: Tracked, details: ContainerDetails): Promise<void> {
    const { signal } = process.ends;
    process.unready.clear();
    const open = (): boolean => process.state === 'booting' && !signal.aborted;
    const checks = checksOf(process);
    // Found running, and of the release that serves: it was proven when it started. A check that fails for a moment while
    // we come back must not end it.
    const proven = process.found && store.apps.byId(needs.appId)?.servingVersion === process.version;
    const gate = proven || !needs.settings().checks(process.type) ? [] : checks;
    if (process.type === 'web' && !gate.some(asksOwnPort)) {
      if (!(await listens(process, details.id, signal))) return;
    } else if (process.type !== 'web' && !gate.some(isStartup)) {
      await pause(startOf(details) + needs.settleMs - Date.now(), signal);
    }
    if (!open()) return;
    const health = healthNeeds(process, details, signal);
    const why = await passes(gate, health);
    if (!open()) return;
    if (why !== undefined) return await notReady(process, details.id, why);
    needs.up(process);
    watch(process, checks, health);
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
    const timeoutMs = needs.settings().bootTimeoutMs ?? needs.bootTimeoutMs;
    if (process.address && (await needs.listening(process.address, timeoutMs, signal))) return true;
    if (signal.aborted || process.state !== 'booting') return false;
    const seconds = Math.round(timeoutMs / 1000);
    say(
      process,
      `Error R10 (Boot timeout) -> Web process failed to bind to $PORT within ${seconds} seconds of launch`,
    );
    const what = await explainSilence(engine, id);
    const sentence = `Error R10 (Boot timeout): ${process.name} did not listen on port $PORT (${webPort}) within ${seconds} s. ${what}. Use process.env.PORT and host 0.0.0.0.`;
    needs.failed(process, sentence, await needs.lastLines(id));
    await needs.stop(process);
    say(process, 'State changed from starting to crashed');
    return false;
  }

  async function notReady(process: Tracked, id: string, why: string): Promise<void> {
    say(process, `Error R10 (Boot timeout) -> ${capital(why)}`);
    const hint = why.includes('nothing listens there') ? ` ${await explainSilence(engine, id)}.` : '';
    const sentence = `Error R10 (Boot timeout): ${process.name} did not become ready: its ${why}.${hint}`;
    needs.failed(process, sentence, await needs.lastLines(id));
    await needs.stop(process);
    say(process, 'State changed from starting to crashed');
  }

  function watch(process: Tracked, checks: readonly HealthCheck[], health: HealthNeeds): void {
    watchHealth(checks, health, {
      // One that is being stopped is expected to fail them.
      enabled: () => process.state === 'up' && needs.settings().checks(process.type),
      readiness(check, sentence) {
        if (sentence === null) process.unready.delete(check);
        else process.unready.add(check);
        say(
          process,
          sentence === null
            ? `Readiness check "${check.name}" passes again${process.unready.size === 0 ? ': it gets requests' : ''}`
            : `${capital(sentence)}. It gets no requests until it passes`,
        );
        needs.routed();
      },
      liveness(_check, sentence) {
        if (process.state !== 'up') return;
        void notAlive(process, sentence);
      },
    });
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

  return prove;
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
