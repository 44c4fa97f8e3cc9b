-- Who comes from another database may have no date of creation there; Laravel shows null.
ALTER TABLE users ALTER COLUMN created_at DROP NOT NULL, ALTER COLUMN updated_at DROP NOT NULL;
ALTER TABLE tokens ALTER COLUMN created_at DROP NOT NULL;
