-- Who comes from another database may have no date of creation there; Laravel shows null.
-- SQLite cannot take a NOT NULL back: new columns take the places of the old ones.
ALTER TABLE users RENAME COLUMN created_at TO old_created_at;
ALTER TABLE users RENAME COLUMN updated_at TO old_updated_at;
ALTER TABLE users ADD COLUMN created_at TIMESTAMP;
ALTER TABLE users ADD COLUMN updated_at TIMESTAMP;
UPDATE users SET created_at = old_created_at, updated_at = old_updated_at;
ALTER TABLE users DROP COLUMN old_created_at;
ALTER TABLE users DROP COLUMN old_updated_at;
ALTER TABLE tokens RENAME COLUMN created_at TO old_created_at;
ALTER TABLE tokens ADD COLUMN created_at TIMESTAMP;
UPDATE tokens SET created_at = old_created_at;
ALTER TABLE tokens DROP COLUMN old_created_at;
