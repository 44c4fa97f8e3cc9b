DROP TABLE counter_sweeps;
DROP TABLE counters;
CREATE TABLE counters (
    id      VARBINARY(32) PRIMARY KEY,
    state   MEDIUMBLOB NOT NULL,
    weight  INT NOT NULL,
    ends_at DATETIME(6) NOT NULL,
    INDEX counters_ends_at (ends_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
