DROP TABLE counter_sweeps;
DROP TABLE counters;
CREATE TABLE counters (
    id      TEXT PRIMARY KEY NOT NULL,
    state   TEXT NOT NULL,
    weight  INTEGER NOT NULL,
    ends_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX counters_ends_at ON counters (ends_at);
