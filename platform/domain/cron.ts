// Cron: commands of an app that run at set times, and what became of their runs.

/** What is done when the run before still goes on: start one more, leave this one out, or end the one before. */
export const cronPolicies = ['allow', 'forbid', 'replace'] as const;
export type CronPolicy = (typeof cronPolicies)[number];

/** As app.json declares it. */
export interface CronEntry {
  /** Of command, schedule and time zone, so that it is the same in every release that has the entry. */
  id: string;
  /** Or a process type, whose command it then is. */
  command: string;
  /** Five fields, or a macro such as `@daily`. */
  schedule: string;
  /** An IANA name. */
  timezone: string;
  policy: CronPolicy;
  /** Suspended until somebody resumes it. */
  maintenance: boolean;
}

/** The newest run of an entry. */
export interface CronRun {
  id: string;
  /** When it was due; null: somebody asked for it. */
  dueAt: string | null;
  startedAt: string;
  endedAt: string | null;
  /** `run.4821`; null until it exists. */
  process: string | null;
  /** Exit status. */
  status: number | null;
  /** Why there is no exit status. */
  failure: string | null;
}

export interface MissedRuns {
  count: number;
  /** More than `count`: they were not counted further. */
  more: boolean;
  /** When the first and the last of them were due. */
  from: string;
  to: string;
}

/** What is kept of an entry between runs. */
export interface CronRecord {
  entryId: string;
  /** Runs due up to then were started, left out or told; null: nobody waits for it. */
  watchedUntil: string | null;
  /** Somebody's word, which counts more than app.json's; null: nobody said anything. */
  suspended: boolean | null;
  run: CronRun | null;
  /** How many were left out since that run began. */
  skipped: number;
  /** The last ones that nobody was there to start. */
  missed: MissedRuns | null;
}

/** Why an entry does not run by itself now. */
export type CronPause = 'suspended' | 'maintenance';

export interface CronStatus {
  entry: CronEntry;
  record: CronRecord;
  pause: CronPause | null;
  nextAt: string | null;
}
