-- Processes of which the next server has to know more than their containers tell. Of a process that passed its health
-- checks, and whose readiness checks pass, there is nothing.
CREATE TABLE process_health (
  process_id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  -- Readiness checks that fail, by their place among those of the process type (JSON). None: it has not passed yet.
  failing TEXT
) STRICT;
