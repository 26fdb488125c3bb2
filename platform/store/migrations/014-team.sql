-- A team: users of two kinds, tokens that may less than their users, apps that several work on.
-- A removed user keeps the row, since releases name it.
ALTER TABLE users ADD COLUMN admin INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1));
ALTER TABLE users ADD COLUMN removed_at TEXT;
-- Until now there was the administrator alone.
UPDATE users SET admin = 1;

ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'admin' CHECK (scope IN ('read', 'deploy', 'write', 'admin'));
ALTER TABLE tokens ADD COLUMN expires_at TEXT;
CREATE INDEX tokens_by_user ON tokens(user_id);

CREATE TABLE collaborators (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES apps(id),
  user_id TEXT NOT NULL REFERENCES users(id),
  created_at TEXT NOT NULL,
  UNIQUE (app_id, user_id)
) STRICT;
CREATE INDEX collaborators_by_user ON collaborators(user_id);
