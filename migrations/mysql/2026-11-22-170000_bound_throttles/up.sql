-- Each kind of counter has a bound of its own, and an index finds those of a kind that say least. All counters begin anew.
-- `counter_sweeps` is one row: whose turn it is to delete, and until when.
DROP TABLE IF EXISTS counters;
CREATE TABLE counters (
    id      VARBINARY(32) PRIMARY KEY,
    kind    SMALLINT NOT NULL,
    state   MEDIUMBLOB NOT NULL,
    weight  INT NOT NULL,
    ends_at DATETIME(6) NOT NULL,
    INDEX counters_ends_at (ends_at),
    INDEX counters_least (kind, weight, ends_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS counter_sweeps (
    id         BIGINT PRIMARY KEY,
    turn       BIGINT NOT NULL,
    held_until DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO counter_sweeps (id, turn, held_until) VALUES (1, 0, '1970-01-01 00:00:00');
