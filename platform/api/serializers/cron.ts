// Cron entries → a shape of our own, in the manner of the Platform API v3.
import type { App } from '../../domain/app.ts';
import type { CronRun, CronStatus } from '../../domain/cron.ts';
import { seconds, secondsOrNull } from './resources.ts';

export function cron(app: App, { entry, record, pause, nextAt }: CronStatus) {
  const { missed } = record;
  return {
    id: entry.id,
    app: { id: app.id, name: app.name },
    command: entry.command,
    schedule: entry.schedule,
    timezone: entry.timezone,
    concurrency_policy: entry.policy,
    state: pause ?? 'scheduled',
    next_run_at: secondsOrNull(nextAt),
    last_run: record.run && run(record.run),
    skipped: record.skipped,
    missed: missed && {
      count: missed.count,
      more: missed.more,
      from: seconds(missed.from),
      to: seconds(missed.to),
    },
  };
}

function run(one: CronRun) {
  return {
    dyno: one.process,
    due_at: secondsOrNull(one.dueAt),
    started_at: seconds(one.startedAt),
    ended_at: secondsOrNull(one.endedAt),
    exit_status: one.status,
    failure: one.failure,
  };
}
