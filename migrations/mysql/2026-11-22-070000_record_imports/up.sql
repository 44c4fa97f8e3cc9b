-- Where users and tokens were imported from.
CREATE TABLE IF NOT EXISTS import_sources (
    id         BIGINT PRIMARY KEY AUTO_INCREMENT,
    name       VARBINARY(1020) NOT NULL UNIQUE,
    created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What each row of a source was like when it was imported: a short mark for each of its values. By them a later run sees what
-- changed there, and what changed here.
CREATE TABLE IF NOT EXISTS imports (
    source  BIGINT NOT NULL,
    subject INT NOT NULL,
    origin  BIGINT NOT NULL,
    marks   VARBINARY(255) NOT NULL,
    PRIMARY KEY (source, subject, origin)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
