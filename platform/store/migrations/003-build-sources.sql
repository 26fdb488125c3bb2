-- Builds of a source that a client gave: what has to be known to begin one again after the server was stopped.
CREATE TABLE build_sources (
  build_id TEXT PRIMARY KEY REFERENCES builds(id),
  -- Where it is from, encrypted: a URL may hold a password. Without one, its archive was sent to us.
  sealed_url BLOB,
  shown_url TEXT NOT NULL,
  checksum TEXT,
  description TEXT,
  -- How many times it was begun.
  starts INTEGER NOT NULL
) STRICT;
