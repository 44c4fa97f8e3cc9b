-- MySQL commits at every ALTER TABLE: a start that finishes an interrupted migration asks first.
-- When everything of a user's was ended last: what another server signed until then counts no more. Of those who are here
-- nobody knows any more whether and when, so that it is now.
SET @adopt_simplejwt = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE subjects ADD COLUMN ended_at DATETIME(6)', 'DO 0')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'subjects' AND column_name = 'ended_at'
);
PREPARE adopt_simplejwt FROM @adopt_simplejwt;
EXECUTE adopt_simplejwt;
DEALLOCATE PREPARE adopt_simplejwt;
UPDATE subjects SET ended_at = UTC_TIMESTAMP(6) WHERE generation > 0 AND ended_at IS NULL;

-- Refresh tokens that another server signed: they became a login here, or that server had taken them back. Neither does so
-- again.
CREATE TABLE IF NOT EXISTS outstanding_tokens (
    digest         VARBINARY(64) PRIMARY KEY,
    is_blacklisted BOOLEAN NOT NULL,
    expires_at     DATETIME(6) NOT NULL,
    INDEX outstanding_tokens_expires_at (expires_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Is it a Django's? The numbers of its users are those that its tokens name.
SET @adopt_simplejwt = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE import_sources ADD COLUMN is_django BOOLEAN NOT NULL DEFAULT FALSE', 'DO 0')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'import_sources' AND column_name = 'is_django'
);
PREPARE adopt_simplejwt FROM @adopt_simplejwt;
EXECUTE adopt_simplejwt;
DEALLOCATE PREPARE adopt_simplejwt;
UPDATE import_sources SET is_django = TRUE WHERE name LIKE 'django %';
