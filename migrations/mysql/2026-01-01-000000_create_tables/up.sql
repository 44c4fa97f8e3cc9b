-- MySQL commits after every CREATE: IF NOT EXISTS lets a start finish what an interrupted one began.
-- What is looked up is VARBINARY: utf8mb4_bin would ignore blanks at the end, and the collations that do not have
-- different names in MySQL and MariaDB. 1020 bytes are 255 characters. Free text is MEDIUMTEXT (16 MB, more than a
-- request may carry): nothing that a client sends is too long for it.
CREATE TABLE IF NOT EXISTS users (
    id                BIGINT PRIMARY KEY AUTO_INCREMENT,
    uuid              VARBINARY(36) NOT NULL UNIQUE,
    username          MEDIUMTEXT NOT NULL,
    email             MEDIUMTEXT,
    phone             MEDIUMTEXT,
    name              MEDIUMTEXT NOT NULL,
    first_name        MEDIUMTEXT NOT NULL,
    last_name         MEDIUMTEXT NOT NULL,
    role              VARCHAR(32) NOT NULL,
    is_staff          BOOLEAN NOT NULL,
    is_superuser      BOOLEAN NOT NULL,
    is_active         BOOLEAN NOT NULL,
    email_verified_at DATETIME(6),
    password          MEDIUMTEXT,
    api_token         MEDIUMTEXT,
    last_login_at     DATETIME(6),
    created_at        DATETIME(6) NOT NULL,
    updated_at        DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS identifiers (
    `key`   VARBINARY(1020) PRIMARY KEY,
    kind    VARCHAR(32) NOT NULL,
    user_id BIGINT NOT NULL,
    INDEX identifiers_user_id (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- From here on users are known by number only, so that they may live elsewhere: nothing refers to the table above.
-- Every user to whom a token was issued, or of whom something was revoked; who has no row has generation 0.
CREATE TABLE IF NOT EXISTS subjects (
    user_id    BIGINT PRIMARY KEY,
    generation BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS tokens (
    id           BIGINT PRIMARY KEY AUTO_INCREMENT,
    kind         VARCHAR(32) NOT NULL,
    user_id      BIGINT NOT NULL,
    name         MEDIUMTEXT NOT NULL,
    digest       VARBINARY(64) NOT NULL UNIQUE,
    sealed       MEDIUMTEXT,
    abilities    MEDIUMTEXT NOT NULL,
    family       VARBINARY(1020),
    created_at   DATETIME(6) NOT NULL,
    last_used_at DATETIME(6),
    expires_at   DATETIME(6),
    slot         VARBINARY(1020) UNIQUE,
    INDEX tokens_user_id (user_id),
    INDEX tokens_family (family),
    INDEX tokens_expires_at (expires_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS revocations (
    id         BIGINT PRIMARY KEY,
    user_id    BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    INDEX revocations_created_at (created_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row, whose lock makes the numbers of the log appear in their order.
CREATE TABLE IF NOT EXISTS revocation_counter (
    id   BIGINT PRIMARY KEY,
    last BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO revocation_counter (id, last) VALUES (1, 0);

-- The keys that this database was used with, by their ids: another ring could open nothing of it.
CREATE TABLE IF NOT EXISTS key_rings (
    id         VARBINARY(64) PRIMARY KEY,
    created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
