-- How often the refresh token of a login was exchanged for a new one, and when that was last.
ALTER TABLE tokens ADD COLUMN rotation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN rotated_at TIMESTAMP;
