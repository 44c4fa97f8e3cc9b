-- Looked up by equality alone; a hash takes texts of any length.
CREATE INDEX users_email ON users USING hash (email);
