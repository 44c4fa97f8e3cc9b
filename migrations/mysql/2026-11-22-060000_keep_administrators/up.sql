-- MySQL commits at every CREATE INDEX and knows no IF NOT EXISTS for it: a start that finishes an interrupted one asks
-- first. Whoever changes what administrators there are looks for the others, and does not pass by all users for that.
SET @users_role = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX users_role ON users (role)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'users' AND index_name = 'users_role'
);
PREPARE users_role FROM @users_role;
EXECUTE users_role;
DEALLOCATE PREPARE users_role;

-- One row, whose lock makes such changes come one after the other.
CREATE TABLE IF NOT EXISTS administration (
    id    BIGINT PRIMARY KEY,
    steps BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO administration (id, steps) VALUES (1, 0);
