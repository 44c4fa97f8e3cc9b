UPDATE users SET created_at = COALESCE(created_at, '1970-01-01'), updated_at = COALESCE(updated_at, '1970-01-01');
UPDATE tokens SET created_at = '1970-01-01' WHERE created_at IS NULL;
ALTER TABLE users MODIFY created_at DATETIME(6) NOT NULL, MODIFY updated_at DATETIME(6) NOT NULL;
ALTER TABLE tokens MODIFY created_at DATETIME(6) NOT NULL;
