-- Who comes from another database may have no date of creation there; Laravel shows null.
ALTER TABLE users MODIFY created_at DATETIME(6), MODIFY updated_at DATETIME(6);
ALTER TABLE tokens MODIFY created_at DATETIME(6);
