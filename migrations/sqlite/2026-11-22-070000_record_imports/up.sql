-- Where users and tokens were imported from.
CREATE TABLE import_sources (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name       TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL
);

-- What each row of a source was like when it was imported: a short mark for each of its values. By them a later run sees what
-- changed there, and what changed here.
CREATE TABLE imports (
    source  BIGINT NOT NULL,
    subject INTEGER NOT NULL,
    origin  BIGINT NOT NULL,
    marks   TEXT NOT NULL,
    PRIMARY KEY (source, subject, origin)
) WITHOUT ROWID;
