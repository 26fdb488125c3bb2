-- What an authority said counts for orders from its own directory, and what it issued is known as its own.
ALTER TABLE acme_failures RENAME TO acme_failures_before;
CREATE TABLE acme_failures (
  -- '' of what was said before directories were stored.
  directory TEXT NOT NULL,
  -- '' of all orders.
  host_name TEXT NOT NULL,
  failures INTEGER NOT NULL,
  reason TEXT NOT NULL,
  failed_at TEXT NOT NULL,
  next_at TEXT NOT NULL,
  -- As long as the authority itself asked to wait, where it did.
  asked_until TEXT,
  PRIMARY KEY (directory, host_name)
) STRICT, WITHOUT ROWID;

-- What was said of all orders stood under '* ' and the directory. Whether a wait was asked for was not stored: all are kept to.
INSERT INTO acme_failures (directory, host_name, failures, reason, failed_at, next_at, asked_until)
SELECT iif(host_name LIKE '* %', substr(host_name, 3), ''), iif(host_name LIKE '* %', '', host_name),
  failures, reason, failed_at, next_at, next_at
FROM acme_failures_before;
DROP TABLE acme_failures_before;

-- Of what was ordered; '' of what was before directories were stored.
ALTER TABLE certificates ADD COLUMN directory TEXT;
UPDATE certificates SET directory = '' WHERE source = 'acme';
