-- Whoever changes what administrators there are looks for the others, and does not pass by all users for that.
CREATE INDEX users_role ON users (role);

-- One row, whose lock makes such changes come one after the other.
CREATE TABLE administration (
    id    BIGINT PRIMARY KEY,
    steps BIGINT NOT NULL
);
INSERT INTO administration (id, steps) VALUES (1, 0);
