ALTER TABLE import_sources DROP COLUMN is_django;
DROP TABLE outstanding_tokens;
ALTER TABLE subjects DROP COLUMN ended_at;
