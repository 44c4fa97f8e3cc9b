DROP TABLE key_rings;
DROP TABLE revocation_counter;
DROP TABLE revocations;
DROP TABLE tokens;
DROP TABLE subjects;
DROP TABLE identifiers;
DROP TABLE users;
