-- The counters of the throttles, where several processes count together (`throttle.store = "database"`). A key is a MAC and names
-- nobody; what is over is deleted every minute.
CREATE TABLE counters (
    id      TEXT PRIMARY KEY NOT NULL,
    state   TEXT NOT NULL,
    weight  INTEGER NOT NULL,
    ends_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX counters_ends_at ON counters (ends_at);
