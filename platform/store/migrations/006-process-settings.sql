-- What was set of an app's processes (`ps:set`), where it is not the default.
CREATE TABLE process_settings (
  app_id TEXT NOT NULL REFERENCES apps(id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (app_id, key)
) STRICT;
