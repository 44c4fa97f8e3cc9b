ALTER TABLE users ADD COLUMN is_suspended BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN suspended_at TIMESTAMP;
-- Who is inactive was disabled by the owner or waits for a mail; nobody wrote down which. A disabling revoked, so everybody
-- of whom nothing was ever revoked waits. The others may be either, and stay disabled until the owner enables them.
UPDATE users SET is_suspended = TRUE, suspended_at = updated_at
WHERE NOT is_active AND id IN (SELECT user_id FROM subjects WHERE generation > 0);
