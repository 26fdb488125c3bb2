// What this room is given by main.ts: the engine, the store, and callbacks into the router and the logs.
import type { Size } from '../domain/formation.ts';
import type { LogFilter, LogSource, StoredLine } from '../domain/log-line.ts';
import type { Release } from '../domain/release.ts';
import type { Endpoint, RouteState } from '../domain/route.ts';
import type { Slug } from '../domain/slug.ts';
import type { Step } from '../domain/steps.ts';
import type { Engine } from '../engine/engine.ts';
import type { Store } from '../store/store.ts';
import type { CronProcess } from './cron-mark.ts';
import type { Figures } from './figures.ts';
import type { Ask } from './probe.ts';

export interface ProcessNeeds {
  engine: Engine;
  store: Store;
  instance: string;
  /** Every size there is. */
  sizes: readonly Size[];
  /** Range that apps' networks are cut from. */
  networks: string;
  bootTimeoutMs: number;
  stopGraceMs: number;
  /** How long the router lets open requests of one that is replaced go on. */
  drainMs: number;
  releasePhaseTimeoutMs: number;
  /** How long a one-off waits for a caller whose connection broke. */
  reattachMs: number;
  /** Processes other than web count as up after they stayed up this long. */
  settleMs: number;
  /** Whether $PORT is bound there before the deadline; false also when `signal` aborts. */
  listening(address: string, deadlineMs: number, signal: AbortSignal): Promise<boolean>;
  /** Asks a process one question of a health check. */
  ask: Ask;
  /** Makes sure the engine has a slug's image; returns what to run. */
  image(slug: Slug, signal?: AbortSignal): Promise<string>;
  /** Resolves when traffic goes to exactly these. */
  serve(route: { appId: string; state: RouteState; endpoints: Endpoint[] }): Promise<void>;
  /** Resolves when an endpoint that gets no traffic any more has no open request, whoever took it out. */
  drained(key: string): Promise<void>;
  logs: {
    follow(container: { id: string; appId: string; process: string; logPath: string; release: number }): void;
    drained(containerId: string): Promise<void>;
    write(appId: string, line: { source: LogSource; process: string; text: string; release?: number }): void;
    /** The newest lines that match. */
    read(appId: string, query: { lines: number; filter: LogFilter }): Promise<StoredLine[]>;
  };
  /** Who reads what processes use is told what happens to them. */
  figures: Pick<Figures, 'seen' | 'killed' | 'crashed'>;
  /** A line of a release phase's output, for whoever waits for the release. */
  onReleaseOutput(release: Release, line: string): void;
  /** No more output of its release phase comes. */
  onReleaseEnded(release: Release): void;
  /** Another release of it serves now. */
  onServing(appId: string): void;
  /** A one-off that cron started has ended; without a status it is not known how. */
  onCronEnded(run: CronProcess, status: number | null): void;
  /** The engine was away and answers again: others may have something to clear away, too. */
  onEngineBack(): Promise<void>;
  /** Told at each named step, before what follows it. */
  reached(step: Step): void;
  onProblem(message: string): void;
}
