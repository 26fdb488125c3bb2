-- Runs of cron entries that were due, and are neither begun nor left out yet: one before them may still be ending.
CREATE TABLE cron_due (
  app_id TEXT NOT NULL REFERENCES apps(id),
  entry_id TEXT NOT NULL,
  due_at TEXT NOT NULL,
  PRIMARY KEY (app_id, entry_id, due_at)
) STRICT;
