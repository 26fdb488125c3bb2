-- The buildpacks that an app's user named, in order. Not part of a release: each slug says what it was built with.
CREATE TABLE app_buildpacks (
  app_id TEXT NOT NULL REFERENCES apps(id),
  position INTEGER NOT NULL,
  -- As it may be shown.
  reference TEXT NOT NULL,
  -- The whole of it, encrypted, where its URL has a login or a query.
  sealed BLOB,
  -- The commit or checksum it was resolved to when it was set; none for ours.
  pin TEXT,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (app_id, position),
  UNIQUE (app_id, reference)
) STRICT;
