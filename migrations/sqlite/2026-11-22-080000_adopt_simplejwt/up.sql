-- When everything of a user's was ended last: what another server signed until then counts no more. Of those who are here
-- nobody knows any more whether and when, so that it is now.
ALTER TABLE subjects ADD COLUMN ended_at TIMESTAMP;
UPDATE subjects SET ended_at = STRFTIME('%Y-%m-%d %H:%M:%f', 'now') WHERE generation > 0;

-- Refresh tokens that another server signed: they became a login here, or that server had taken them back. Neither does so
-- again.
CREATE TABLE outstanding_tokens (
    digest         TEXT PRIMARY KEY NOT NULL,
    is_blacklisted BOOLEAN NOT NULL,
    expires_at     TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX outstanding_tokens_expires_at ON outstanding_tokens (expires_at);

-- Is it a Django's? The numbers of its users are those that its tokens name.
ALTER TABLE import_sources ADD COLUMN is_django BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE import_sources SET is_django = TRUE WHERE name LIKE 'django %';
