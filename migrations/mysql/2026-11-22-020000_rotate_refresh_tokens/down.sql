ALTER TABLE tokens DROP COLUMN rotated_at, DROP COLUMN rotation;
