-- Links to a new password that Laravel mailed before the switch: the hash of the token, and a digest of the password hash and
-- address that the user had then. With any other they are dead.
CREATE TABLE old_resets (
    user_id    BIGINT PRIMARY KEY,
    token      TEXT COLLATE "C" NOT NULL,
    vouched    TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP NOT NULL
);
