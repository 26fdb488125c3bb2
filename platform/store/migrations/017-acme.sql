-- Hosts for which no certificate could be had, and when it is tried again. Those of apps that are gone go with them.
CREATE TABLE acme_failures (
  host_name TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  reason TEXT NOT NULL,
  failed_at TEXT NOT NULL,
  next_at TEXT NOT NULL
) STRICT;
