-- Each kind of counter has a bound of its own, and an index finds those of a kind that say least. All counters begin anew.
-- `counter_sweeps` is one row: whose turn it is to delete, and until when.
DROP TABLE counters;
CREATE TABLE counters (
    id      TEXT COLLATE "C" PRIMARY KEY,
    kind    SMALLINT NOT NULL,
    state   TEXT COLLATE "C" NOT NULL,
    weight  INTEGER NOT NULL,
    ends_at TIMESTAMP NOT NULL
);
CREATE INDEX counters_ends_at ON counters (ends_at);
CREATE INDEX counters_least ON counters (kind, weight, ends_at);
CREATE TABLE counter_sweeps (
    id         BIGINT PRIMARY KEY,
    turn       BIGINT NOT NULL,
    held_until TIMESTAMP NOT NULL
);
INSERT INTO counter_sweeps (id, turn, held_until) VALUES (1, 0, '1970-01-01 00:00:00');
