-- Crashes after which a process waits for its next attempt: the next server goes on waiting, and says what visitors get
-- meanwhile. Once it is up again there is nothing.
CREATE TABLE process_setbacks (
  app_id TEXT NOT NULL REFERENCES apps(id),
  -- `4/web.1`: release, type and number.
  slot TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  restarts INTEGER NOT NULL,
  -- Milliseconds since the epoch: of the next attempt, of the crash, and when the process that crashed was made.
  retry_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  -- The process that crashed: its container may be there still.
  process_id TEXT NOT NULL,
  code TEXT,
  -- Process, sentence and last lines, for whoever waits for it to be up (JSON).
  failure TEXT NOT NULL,
  PRIMARY KEY (app_id, slot)
) STRICT, WITHOUT ROWID;
