ALTER TABLE users DROP COLUMN suspended_at, DROP COLUMN is_suspended;
