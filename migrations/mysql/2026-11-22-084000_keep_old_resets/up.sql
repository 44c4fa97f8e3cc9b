-- Links to a new password that Laravel mailed before the switch: the hash of the token, and a digest of the password hash and
-- address that the user had then. With any other they are dead.
CREATE TABLE IF NOT EXISTS old_resets (
    user_id    BIGINT PRIMARY KEY,
    token      VARBINARY(1020) NOT NULL,
    vouched    VARBINARY(64) NOT NULL,
    created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
