// What a slug's app.json declares about its processes: part of what was built, so a rollback brings it back.
import type { CronEntry } from './cron.ts';
import type { HealthChecks } from './health-check.ts';
import type { WrittenSettings } from './process-settings.ts';

export interface Declared {
  /** By process type. */
  healthchecks?: HealthChecks;
  cron?: readonly CronEntry[];
  /** What `ps:set` has not been told otherwise. */
  settings?: WrittenSettings;
}
