// Requests counted as they end, from the router's lines: by app, status and code, and how long they took.
import { STATUS_CODES } from 'node:http';
import type { AccessLine } from './access-log.ts';

export interface RequestCounts {
  /** By status; `other` are those that no standard names. */
  statuses: ReadonlyMap<string, number>;
  /** By Heroku's code, of those that have one. */
  codes: ReadonlyMap<string, number>;
  /** Of those that were answered by an app: how many took at most so long, by `durationBounds`; the last has the longer ones. */
  durations: readonly number[];
  /** Of all of these together. */
  milliseconds: number;
}

export interface RequestTally {
  /** Called for every request. */
  add(line: Pick<AccessLine, 'appId' | 'status' | 'serviceMs' | 'code'>): void;
  /** By the app's id. */
  all(): ReadonlyMap<string, RequestCounts>;
  forget(appId: string): void;
}

/** Seconds, up to the longest that a response may take to begin. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

interface Counts extends RequestCounts {
  statuses: Map<string, number>;
  codes: Map<string, number>;
  durations: number[];
}

export function createRequestTally(): RequestTally {
  const apps = new Map<string, Counts>();

  function of(appId: string): Counts {
    let counts = apps.get(appId);
    if (!counts) {
      const durations = new Array<number>(durationBounds.length + 1).fill(0);
      counts = { statuses: new Map(), codes: new Map(), durations, milliseconds: 0 };
      apps.set(appId, counts);
    }
    return counts;
  }

  return {
    add({ appId, status, serviceMs, code }) {
      const counts = of(appId);
      increase(counts.statuses, status in STATUS_CODES ? String(status) : 'other');
      if (code !== null) increase(counts.codes, code);
      if (serviceMs === null) return;
      const seconds = serviceMs / 1000;
      let place = 0;
      while (place < durationBounds.length && seconds > durationBounds[place]!) place += 1;
      counts.durations[place]! += 1;
      counts.milliseconds += serviceMs;
    },
    all: () => apps,
    forget: (appId) => void apps.delete(appId),
  };
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
