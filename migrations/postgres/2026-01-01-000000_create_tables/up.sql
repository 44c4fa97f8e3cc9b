-- Moments are UTC without a zone: no session setting (nor a pooler that loses it) can shift them.
CREATE TABLE users (
    id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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
    generation        BIGINT NOT NULL DEFAULT 0,
    api_token         TEXT,
    last_login_at     TIMESTAMP,
    created_at        TIMESTAMP NOT NULL,
    updated_at        TIMESTAMP NOT NULL
);

-- Keys are compared byte for byte, whatever the collation of the database.
CREATE TABLE identifiers (
    key     VARCHAR(255) COLLATE "C" PRIMARY KEY,
    kind    TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX identifiers_user_id ON identifiers (user_id);

CREATE TABLE tokens (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         TEXT NOT NULL,
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    digest       TEXT COLLATE "C" NOT NULL UNIQUE,
    sealed       TEXT,
    abilities    TEXT NOT NULL,
    family       TEXT COLLATE "C",
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    expires_at   TIMESTAMP,
    slot         TEXT COLLATE "C" UNIQUE
);
CREATE INDEX tokens_user_id ON tokens (user_id);
CREATE INDEX tokens_family ON tokens (family);
CREATE INDEX tokens_expires_at ON tokens (expires_at);

-- No reference to users: the log outlives them.
CREATE TABLE revocations (
    id         BIGINT PRIMARY KEY,
    user_id    BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX revocations_created_at ON revocations (created_at);

-- One row, whose lock makes the numbers of the log appear in their order.
CREATE TABLE revocation_counter (
    id   BIGINT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO revocation_counter (id, last) VALUES (1, 0);
