-- Where log streams are sent to. What has been delivered is kept beside the log itself.
CREATE TABLE log_drains (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  -- Sealed: many a URL holds a key.
  url BLOB NOT NULL,
  token TEXT NOT NULL UNIQUE,
  insecure INTEGER NOT NULL CHECK (insecure IN (0, 1)),
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX log_drains_by_app ON log_drains(app_id);
