-- Certificates for visitors: an app's, or (without app_id) the server's for all apps. Private keys are sealed.
CREATE TABLE certificates (
  id TEXT PRIMARY KEY,
  app_id TEXT REFERENCES apps(id),
  name TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('added', 'acme')),
  chain TEXT NOT NULL,
  private_key BLOB NOT NULL,
  facts TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX certificates_by_app ON certificates(app_id);

-- Keys of the platform's own: its certificate authority, what that issued, its account with a public one.
CREATE TABLE own_keys (
  name TEXT PRIMARY KEY,
  chain TEXT NOT NULL,
  private_key BLOB NOT NULL
) STRICT;

-- Visitors over plain HTTP are sent to HTTPS.
ALTER TABLE apps ADD COLUMN https_redirect INTEGER NOT NULL DEFAULT 0;
