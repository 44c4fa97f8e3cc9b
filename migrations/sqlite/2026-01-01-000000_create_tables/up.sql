-- AUTOINCREMENT: the number of a deleted user or token never comes back, so nothing old can speak for somebody new.
CREATE TABLE users (
    id                INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid              TEXT NOT NULL UNIQUE,
    username          TEXT NOT NULL,
    email             TEXT,
    phone             TEXT,
    name              TEXT NOT NULL,
    first_name        TEXT NOT NULL,
    last_name         TEXT NOT NULL,
    role              TEXT NOT NULL,
    is_staff          BOOLEAN NOT NULL,
    is_superuser      BOOLEAN NOT NULL,
    is_active         BOOLEAN NOT NULL,
    email_verified_at TIMESTAMP,
    password          TEXT,
    api_token         TEXT,
    last_login_at     TIMESTAMP,
    created_at        TIMESTAMP NOT NULL,
    updated_at        TIMESTAMP NOT NULL
);

CREATE TABLE identifiers (
    key     TEXT PRIMARY KEY NOT NULL,
    kind    TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX identifiers_user_id ON identifiers (user_id);

-- From here on users are known by number only, so that they may live elsewhere: nothing refers to the table above.
-- Every user to whom a token was issued, or of whom something was revoked; who has no row has generation 0.
CREATE TABLE subjects (
    user_id    INTEGER PRIMARY KEY NOT NULL,
    generation BIGINT NOT NULL
);

CREATE TABLE tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind         TEXT NOT NULL,
    user_id      BIGINT NOT NULL,
    name         TEXT NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    sealed       TEXT,
    abilities    TEXT NOT NULL,
    family       TEXT,
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    expires_at   TIMESTAMP,
    slot         TEXT UNIQUE
);
CREATE INDEX tokens_user_id ON tokens (user_id);
CREATE INDEX tokens_family ON tokens (family);
CREATE INDEX tokens_expires_at ON tokens (expires_at);

CREATE TABLE revocations (
    id         INTEGER PRIMARY KEY NOT NULL,
    user_id    BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX revocations_created_at ON revocations (created_at);

-- One row, whose lock makes the numbers of the log appear in their order.
CREATE TABLE revocation_counter (
    id   INTEGER PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);
INSERT INTO revocation_counter (id, last) VALUES (1, 0);

-- The keys that this database was used with, by their ids: another ring could open nothing of it.
CREATE TABLE key_rings (
    id         TEXT PRIMARY KEY NOT NULL,
    created_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
