-- Who changed what, when and from where. The database itself refuses to change it, or to forget what the budget still holds.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
  detail TEXT,
  user_id TEXT,
  user_email TEXT,
  token_id TEXT,
  app_id TEXT,
  app_name TEXT,
  address TEXT,
  request_id TEXT
) STRICT;
CREATE INDEX audit_by_app ON audit(app_id, number);
CREATE INDEX audit_by_user ON audit(user_id, number);

-- How many of the newest entries cannot be deleted.
CREATE TABLE audit_budget (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  entries INTEGER NOT NULL CHECK (entries >= 1000)
) STRICT;
INSERT INTO audit_budget VALUES (1, 100000);
CREATE TRIGGER audit_budget_no_delete BEFORE DELETE ON audit_budget
BEGIN SELECT RAISE(ABORT, 'the audit log always has a budget'); END;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN OLD.number > (SELECT max(number) FROM audit) - (SELECT entries FROM audit_budget)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_gap BEFORE INSERT ON audit
WHEN NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log has no gaps'); END;
