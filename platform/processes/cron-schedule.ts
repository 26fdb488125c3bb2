// When a cron entry is due, and what has to be done about it now. Pure: the clock is a parameter.
import { Cron } from 'croner';
import type { CronEntry, MissedRuns } from '../domain/cron.ts';

/** A run that starts this much after it was due is on time; one that could only start later was missed. */
export const lateMs = 30_000;
/** Missed runs beyond these are not counted. */
const mostCounted = 1000;
/** A clock that was set back by less: what ran already does not run again. By more: it was wrong before. */
const setBackMs = 3 * 3_600_000;

export interface Due {
  /** When the run to start now was due. */
  run: number | null;
  missed: MissedRuns | null;
  /** Everything due up to then is dealt with. */
  watchedUntil: number;
}

/**
 * Local time in the entry's zone. Where clocks are set forward, a run in the hour that is missing comes right after
 * it; where they are set back, one at a fixed time comes once, one of every few minutes goes on through both hours.
 * @returns null when it never comes
 */
export function nextDue(entry: Pick<CronEntry, 'schedule' | 'timezone'>, after: number): number | null {
  return reckoned(entry).nextRun(new Date(after))?.getTime() ?? null;
}

/** @returns null when nothing is due, and nothing is to be noted */
export function dueNow(entry: CronEntry, watchedUntil: number, now: number): Due | null {
  if (watchedUntil > now + setBackMs) return { run: null, missed: null, watchedUntil: now };
  const first = nextDue(entry, watchedUntil);
  if (first === null || first > now) return null;
  // A millisecond earlier, since what is looked for may be due exactly then.
  const latest = nextDue(entry, Math.max(watchedUntil, now - lateMs - 1));
  const run = latest !== null && latest <= now ? latest : null;
  const missed = missedBetween(entry, first, run ?? now + 1);
  return { run, missed, watchedUntil: run ?? now };
}

/** @param before the first that was not missed, or where to stop */
function missedBetween(entry: CronEntry, first: number, before: number): MissedRuns | null {
  let count = 0;
  let last = first;
  let due: number | null = first;
  while (due !== null && due < before && count < mostCounted) {
    count += 1;
    last = due;
    due = nextDue(entry, due);
  }
  if (count === 0) return null;
  const more = due !== null && due < before;
  const end = more ? (reckoned(entry).previousRuns(1, new Date(before))[0]?.getTime() ?? last) : last;
  return { count, more, from: new Date(first).toISOString(), to: new Date(end).toISOString() };
}

/** Parsing takes longer than reckoning, and the same few come again and again. */
const known = new Map<string, Cron>();

function reckoned({ schedule, timezone }: Pick<CronEntry, 'schedule' | 'timezone'>): Cron {
  const key = `${schedule} ${timezone}`;
  const found = known.get(key);
  if (found) return found;
  if (known.size >= 1000) known.clear();
  const made = new Cron(schedule, { mode: '5-part', timezone, paused: true });
  known.set(key, made);
  return made;
}
