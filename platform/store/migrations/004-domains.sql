-- Names by which visitors reach an app, besides its own. One name leads to one app.
CREATE TABLE domains (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  host_name TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX domains_by_app ON domains(app_id);
