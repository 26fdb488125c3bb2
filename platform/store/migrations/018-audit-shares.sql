-- Of more than the budget goes what most is there of: nobody's many changes push out what others did.
CREATE TABLE audit_shares (
  -- '' of what nobody is behind.
  user_id TEXT NOT NULL,
  action TEXT NOT NULL,
  entries INTEGER NOT NULL CHECK (entries > 0),
  PRIMARY KEY (user_id, action)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_shares SELECT coalesce(user_id, ''), action, count(*) FROM audit GROUP BY 1, 2;
CREATE INDEX audit_by_share ON audit(user_id, action);

CREATE TRIGGER audit_counted AFTER INSERT ON audit
BEGIN
  INSERT INTO audit_shares VALUES (coalesce(NEW.user_id, ''), NEW.action, 1)
  ON CONFLICT DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER audit_discounted AFTER DELETE ON audit
BEGIN
  DELETE FROM audit_shares WHERE user_id = coalesce(OLD.user_id, '') AND action = OLD.action AND entries = 1;
  UPDATE audit_shares SET entries = entries - 1 WHERE user_id = coalesce(OLD.user_id, '') AND action = OLD.action;
END;

-- Beyond the budget, of the user with the most entries, of the action that they have most of: the oldest, never the newest of all.
DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN (SELECT sum(entries) FROM audit_shares) <= (SELECT entries FROM audit_budget)
  OR OLD.number = (SELECT max(number) FROM audit)
  OR EXISTS (SELECT 1 FROM audit WHERE user_id IS OLD.user_id AND action = OLD.action AND number < OLD.number)
  OR (SELECT entries FROM audit_shares WHERE user_id = coalesce(OLD.user_id, '') AND action = OLD.action)
    < (SELECT max(entries) FROM audit_shares WHERE user_id = coalesce(OLD.user_id, ''))
  OR (SELECT sum(entries) FROM audit_shares WHERE user_id = coalesce(OLD.user_id, ''))
    < (SELECT max(total) FROM (SELECT sum(entries) AS total FROM audit_shares GROUP BY user_id))
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
