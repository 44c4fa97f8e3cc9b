-- MySQL commits at every ALTER TABLE: both columns at once, and a start that finishes an interrupted one asks first.
SET @suspend_users = (
    SELECT IF(
        COUNT(*) = 0,
        'ALTER TABLE users ADD COLUMN is_suspended BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN suspended_at DATETIME(6)',
        'DO 0'
    )
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'users' AND column_name = 'suspended_at'
);
PREPARE suspend_users FROM @suspend_users;
EXECUTE suspend_users;
DEALLOCATE PREPARE suspend_users;
-- Who is inactive was disabled by the owner or waits for a mail; nobody wrote down which. A disabling revoked, so everybody
-- of whom nothing was ever revoked waits. The others may be either, and stay disabled until the owner enables them.
UPDATE users SET is_suspended = TRUE, suspended_at = updated_at
WHERE NOT is_active AND id IN (SELECT user_id FROM subjects WHERE generation > 0);
