-- How often the refresh token of a login was exchanged for a new one, and when that was last. MySQL commits at every ALTER
-- TABLE: both columns at once, and a start that finishes an interrupted one asks first.
SET @rotate_refresh_tokens = (
    SELECT IF(
        COUNT(*) = 0,
        'ALTER TABLE tokens ADD COLUMN rotation BIGINT NOT NULL DEFAULT 0, ADD COLUMN rotated_at DATETIME(6)',
        'DO 0'
    )
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'tokens' AND column_name = 'rotated_at'
);
PREPARE rotate_refresh_tokens FROM @rotate_refresh_tokens;
EXECUTE rotate_refresh_tokens;
DEALLOCATE PREPARE rotate_refresh_tokens;
