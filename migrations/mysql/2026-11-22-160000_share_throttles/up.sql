-- The counters of the throttles, where several processes count together (`throttle.store = "database"`). A key is a MAC and names
-- nobody; what is over is deleted every minute.
CREATE TABLE IF NOT EXISTS counters (
    id      VARBINARY(32) PRIMARY KEY,
    state   MEDIUMBLOB NOT NULL,
    weight  INT NOT NULL,
    ends_at DATETIME(6) NOT NULL,
    INDEX counters_ends_at (ends_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
