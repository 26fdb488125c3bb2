-- When a build's turn came; it may have waited since it was asked for, and a restarted server begins it again.
ALTER TABLE builds ADD COLUMN started_at TEXT;
