-- What is kept of a cron entry of app.json between its runs. The entry itself is part of the slug.
CREATE TABLE cron_entries (
  app_id TEXT NOT NULL REFERENCES apps(id),
  entry_id TEXT NOT NULL,
  -- Runs due up to then were started, left out or told. None: nobody waits for it (suspended, maintenance, another release).
  watched_until TEXT,
  -- 1 and 0 are somebody's word; none: as app.json says.
  suspended INTEGER CHECK (suspended IN (0, 1)),
  -- The newest run.
  run_id TEXT,
  run_due_at TEXT,
  run_started_at TEXT,
  run_ended_at TEXT,
  run_process TEXT,
  run_status INTEGER,
  run_failure TEXT,
  -- Left out since it began.
  skipped INTEGER NOT NULL DEFAULT 0,
  -- The last ones that nobody was there to start (JSON).
  missed TEXT,
  PRIMARY KEY (app_id, entry_id)
) STRICT;
-- Apps of which nothing runs by itself.
CREATE TABLE cron_suspended (
  app_id TEXT PRIMARY KEY REFERENCES apps(id)
) STRICT;
