// What a slug's app.json declares about its processes: part of what was built, so a rollback brings it back.
export interface Declared {
  /** By process type. */
  healthchecks?: unknown;
  cron?: unknown;
}
