-- Users and their tokens (only hashes are kept).
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users(id),
  description TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  last_used_at TEXT
) STRICT;

-- Apps. A destroyed app keeps its row (its releases name it); the name becomes free again.
CREATE TABLE apps (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  owner_id TEXT NOT NULL REFERENCES users(id),
  stack TEXT NOT NULL,
  maintenance INTEGER NOT NULL DEFAULT 0,
  subnet TEXT,
  serving_version INTEGER,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  destroyed_at TEXT
) STRICT;
CREATE UNIQUE INDEX apps_by_name ON apps(name) WHERE destroyed_at IS NULL;
CREATE UNIQUE INDEX apps_by_subnet ON apps(subnet) WHERE destroyed_at IS NULL AND subnet IS NOT NULL;

-- Slugs: facts; removal of the blobs is noted beside them.
CREATE TABLE slugs (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  manifest TEXT NOT NULL,
  layers TEXT NOT NULL,
  process_types TEXT NOT NULL,
  stack TEXT NOT NULL,
  stack_image TEXT NOT NULL,
  buildpacks TEXT NOT NULL,
  commit_id TEXT,
  commit_description TEXT,
  size INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX slugs_by_app ON slugs(app_id);
CREATE TABLE slug_removals (
  slug_id TEXT PRIMARY KEY REFERENCES slugs(id),
  removed_at TEXT NOT NULL
) STRICT;

-- The ledger. Facts are append-only; the database itself refuses to change or delete them.
CREATE TABLE releases (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  version INTEGER NOT NULL,
  slug_id TEXT REFERENCES slugs(id),
  cause TEXT NOT NULL,
  description TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users(id),
  commit_id TEXT,
  created_at TEXT NOT NULL,
  UNIQUE (app_id, version)
) STRICT;
CREATE TRIGGER releases_no_update BEFORE UPDATE ON releases
BEGIN SELECT RAISE(ABORT, 'releases are append-only'); END;
CREATE TRIGGER releases_no_delete BEFORE DELETE ON releases
BEGIN SELECT RAISE(ABORT, 'releases are append-only'); END;
CREATE TRIGGER releases_no_gap BEFORE INSERT ON releases
WHEN NEW.version <> 1 + (SELECT coalesce(max(version), 0) FROM releases WHERE app_id = NEW.app_id)
BEGIN SELECT RAISE(ABORT, 'release versions have no gaps'); END;

-- A release's config, encrypted. Erasable (a destroyed app, a leaked secret), never changeable.
CREATE TABLE release_config (
  release_id TEXT PRIMARY KEY REFERENCES releases(id),
  sealed BLOB NOT NULL
) STRICT;
CREATE TRIGGER release_config_no_update BEFORE UPDATE ON release_config
BEGIN SELECT RAISE(ABORT, 'the config of a release never changes'); END;

-- How a release ended: pending becomes one of the others, once.
CREATE TABLE release_status (
  release_id TEXT PRIMARY KEY REFERENCES releases(id),
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'expired')),
  reason TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE TRIGGER release_status_once BEFORE UPDATE ON release_status
WHEN OLD.status <> 'pending'
BEGIN SELECT RAISE(ABORT, 'a release ends once'); END;
CREATE TRIGGER release_status_no_delete BEFORE DELETE ON release_status
BEGIN SELECT RAISE(ABORT, 'releases are append-only'); END;

CREATE TABLE builds (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  user_id TEXT NOT NULL REFERENCES users(id),
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  reason TEXT,
  commit_id TEXT,
  stack TEXT NOT NULL,
  buildpacks TEXT NOT NULL DEFAULT '[]',
  slug_id TEXT REFERENCES slugs(id),
  release_id TEXT REFERENCES releases(id),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX builds_by_app ON builds(app_id, created_at);

-- How many of each type run. Not part of a release.
CREATE TABLE formation (
  app_id TEXT NOT NULL REFERENCES apps(id),
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity >= 0),
  size TEXT NOT NULL,
  position INTEGER NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (app_id, type)
) STRICT;
