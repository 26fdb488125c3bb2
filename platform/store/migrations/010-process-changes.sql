-- Scales, resizes and restarts: what each goes back to should it fail, and what became of it. The last ones of each app.
CREATE TABLE process_changes (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  kind TEXT NOT NULL CHECK (kind IN ('scale', 'restart')),
  -- Entries of the formation as they were before (JSON).
  former TEXT NOT NULL,
  target TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'expired')),
  reason TEXT,
  superseded_by TEXT,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX process_changes_by_app ON process_changes(app_id, status);
