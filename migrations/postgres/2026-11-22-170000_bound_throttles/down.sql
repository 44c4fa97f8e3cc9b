DROP TABLE counter_sweeps;
DROP TABLE counters;
CREATE TABLE counters (
    id      TEXT COLLATE "C" PRIMARY KEY,
    state   TEXT COLLATE "C" NOT NULL,
    weight  INTEGER NOT NULL,
    ends_at TIMESTAMP NOT NULL
);
CREATE INDEX counters_ends_at ON counters (ends_at);
