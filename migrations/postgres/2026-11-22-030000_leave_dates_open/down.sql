UPDATE users SET created_at = COALESCE(created_at, 'epoch'), updated_at = COALESCE(updated_at, 'epoch');
UPDATE tokens SET created_at = 'epoch' WHERE created_at IS NULL;
ALTER TABLE users ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE tokens ALTER COLUMN created_at SET NOT NULL;
