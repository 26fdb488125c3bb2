// What kept one app's processes from being up: when each slot may be tried again, and what a rollout is told.
import type { Code } from '../domain/code.ts';
import { PlatformError } from '../domain/errors.ts';
import type { KeptSetbacks } from './kept-setbacks.ts';
import { backOffMs, type Crash, slotOf } from './plan.ts';
import type { Tracked } from './tracked.ts';

/** Which process it was, and whether it was made before something else. */
export type Made = Pick<Tracked, 'id' | 'order' | 'createdAt' | 'adopted'>;

export interface Setback extends Crash {
  /** What the next one counts as its restarts. */
  restarts: number;
  since: number;
  /** The process that ended: what came after it was made is not to blame. */
  of: Made;
  /** The engine was away: nothing is known to be wrong with the process. */
  interrupted: boolean;
  /** Why, in Heroku's words; for a crash of web that has no other, what its visitors may see. */
  code: Code | null;
}

export interface Setbacks {
  /** By slot. */
  readonly all: ReadonlyMap<string, Setback>;
  /** It ended, or never became ready: each time in a row it waits longer. */
  crashed(process: Tracked, sentence: string, lastLines: readonly string[], upMs: number): void;
  /**
   * The engine went away under it: tried again after a pause that does not grow, and at once when the engine is back.
   * @returns whether that is new of this slot
   */
  interrupted(process: Tracked, sentence: string, pauseMs: number): boolean;
  /** Why a slot is not up, for whoever waits for it. */
  failure(slot: string): PlatformError | undefined;
  /** It is up: its earlier crashes are over; how many there were in a row it carries itself. */
  over(slot: string): void;
  /** It may be tried again at once, and what kept it from being up does not count any more. */
  excuse(slot: string): void;
  /** The engine is back. */
  excuseInterrupted(): void;
  forget(version: number): void;
}

/** A process that stayed up this long starts its back-off anew when it crashes. */
const steadyMs = 60_000;

/** @param kept what a server before us knew, and where the next one looks */
export function createSetbacks(now: () => number, kept: KeptSetbacks): Setbacks {
  const before = [...kept.load(now())];
  const all = new Map<string, Setback>(before.map(([slot, { setback }]) => [slot, setback]));
  const failures = new Map<string, PlatformError>(before.map(([slot, { failure }]) => [slot, failure]));

  function fail(process: Tracked, sentence: string, lastLines: readonly string[]): void {
    failures.set(
      slotOf(process),
      new PlatformError('release_failed', sentence, { process: process.name, lastLines }),
    );
  }

  function remove(slot: string): void {
    if (all.delete(slot)) kept.drop(slot);
    failures.delete(slot);
  }

  return {
    all,
    crashed(process, sentence, lastLines, upMs) {
      const known = all.get(slotOf(process));
      // A server before us told of it, and was killed before it had cleared the container away.
      if (known?.of.id === process.id && !known.interrupted) return;
      const since = now();
      const attempt = upMs > steadyMs ? 1 : process.attempt + 1;
      const retryAt = since + backOffMs(attempt);
      const restarts = process.restarts + 1;
      const code: Code | null = process.code ?? (process.type === 'web' ? 'H10' : null);
      const of = madeOf(process);
      const setback = { attempt, restarts, retryAt, since, of, interrupted: false, code };
      all.set(slotOf(process), setback);
      kept.keep(slotOf(process), setback, { process: process.name, sentence, lastLines });
      fail(process, sentence, lastLines);
    },
    interrupted(process, sentence, pauseMs) {
      const slot = slotOf(process);
      const before = all.get(slot);
      const retryAt = now() + pauseMs;
      const since = before?.since ?? now();
      const { attempt, restarts } = process;
      const of = madeOf(process);
      // The next server finds out by itself what became of it.
      if (before?.interrupted === false) kept.drop(slot);
      all.set(slot, { attempt, restarts, retryAt, since, of, interrupted: true, code: null });
      fail(process, sentence, []);
      return before?.interrupted !== true;
    },
    failure: (slot) => failures.get(slot),
    over: remove,
    excuse: remove,
    excuseInterrupted() {
      for (const setback of all.values()) if (setback.interrupted) setback.retryAt = now();
    },
    forget(version) {
      for (const slot of [...failures.keys(), ...all.keys()]) {
        if (slot.startsWith(`${version}/`)) remove(slot);
      }
    },
  };
}

function madeOf({ id, order, createdAt, adopted }: Tracked): Made {
  return { id, order, createdAt, adopted };
}
