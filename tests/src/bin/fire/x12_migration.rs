//! X12, the second half: a database of the first schema with 100,000 users is migrated by a start that is killed; the next one
//! finishes, and nobody is lost.

use std::{fmt::Write as _, thread};

use sha2::{Digest as _, Sha256};

use super::{FINISHED, schema, works};
use crate::harness::{Base, Figures, Installation, Process, Run, count, execute, percentile};

/// How many users there are; each has two identifiers and a token.
const USERS: i64 = 100_000;
/// The first schema, from which everything that came later has to be made of what is there.
const FIRST: [(&str, &str); 3] = [
    ("SQLite", include_str!("../../../../migrations/sqlite/2026-01-01-000000_create_tables/up.sql")),
    ("PostgreSQL", include_str!("../../../../migrations/postgres/2026-01-01-000000_create_tables/up.sql")),
    ("MariaDB", include_str!("../../../../migrations/mysql/2026-01-01-000000_create_tables/up.sql")),
];
/// The record of the migrations, as diesel makes it.
const RECORD: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
     run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
     INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000000');";
/// What is behind the `|` of somebody's token.
const SECRET: &str = "x12x12x12x12x12x12x12x12x12x12x12x12x12x";

pub fn run(run: &Run, figures: &mut Figures, on: &'static str) {
    let mut dice = run.dice(on);
    let rounds = run.rounds(1, 50);
    let (mut took, mut failed, mut lost, mut midway) = (Vec::new(), Vec::new(), Vec::new(), 0);
    // The moments are drawn from the time that a whole migration takes here.
    let base = filled(run, on);
    let installation = Installation::new(&base.url);
    let server = installation.spawn();
    let whole = server.ready_within(FINISHED * 3).unwrap_or_else(|| panic!("it migrates: {}", server.log()));
    let expected = schema(&base);
    lost.extend(missing(&base, &server));
    drop((server, base));
    let most = u64::try_from(whole.as_millis()).unwrap_or(1_000);
    for round in 0..rounds {
        let base = filled(run, on);
        let installation = Installation::new(&base.url);
        let mut server = installation.spawn();
        thread::sleep(dice.span(most / 10, most));
        server.kill();
        midway += usize::from(count(&base.url, "SELECT count(*) FROM __diesel_schema_migrations") < expected[0]);
        let server = installation.spawn();
        match server.ready_within(FINISHED) {
            Some(after) => took.push(after),
            None => failed.push(format!("round {round}: {}", server.log())),
        }
        failed.extend(works(std::slice::from_ref(&server)));
        lost.extend(missing(&base, &server));
        let now = schema(&base);
        if now != expected {
            failed.push(format!("round {round}: {now:?} instead of {expected:?}"));
        }
    }
    let told = format!("{rounds}, {midway}; {whole:.2?}");
    figures.told(on, "kills of a migration of 100,000 users, of these before it was done; a whole one took", told);
    figures.never(on, "such starts that do not finish, or make another schema", &failed);
    let slowest = percentile(&mut took, 1.0);
    figures.within(on, "slowest start after such a kill", FINISHED, slowest, "");
    figures.never(on, "rows or tokens lost by it", &lost);
}

/// A database of the first schema with its users.
fn filled(run: &Run, on: &'static str) -> Base {
    let base = run.base(on).expect("it was there before");
    let (_, first) = FIRST.iter().find(|(name, _)| *name == on).expect("a database of ours");
    let padded = match on {
        "SQLite" => "printf('%012d', id)",
        "PostgreSQL" => "lpad(id::text, 12, '0')",
        _ => "lpad(id, 12, '0')",
    };
    let number = padded.replace("id", "n");
    // MariaDB's recursion ends after a thousand steps, and its `||` is an OR, unless it is told otherwise.
    let further = format!(
        "SET max_recursive_iterations = {}; SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT');",
        USERS * 2
    );
    let session = if on == "MariaDB" { further.as_str() } else { "" };
    let known = Sha256::digest(SECRET).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let filler = "a".repeat(52);
    execute(
        &base.url,
        &format!(
            "{first} {RECORD} {session}
            CREATE TABLE numbers (n BIGINT PRIMARY KEY);
            INSERT INTO numbers WITH RECURSIVE seq(n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < {USERS}) SELECT n FROM seq;
            INSERT INTO users (uuid, username, email, name, first_name, last_name, role, is_staff, is_superuser, is_active,
                    created_at, updated_at)
                SELECT '00000000-0000-4000-8000-' || {number}, 'user' || n, 'user' || n || '@example.org', '', '', '', 'tourist',
                    FALSE, FALSE, n % 100 <> 0, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP FROM numbers ORDER BY n;
            INSERT INTO identifiers SELECT username, 'username', id FROM users;
            INSERT INTO identifiers SELECT email, 'email', id FROM users;
            INSERT INTO subjects SELECT id, id % 3 FROM users;
            INSERT INTO tokens (kind, user_id, name, digest, abilities, created_at)
                SELECT 'sanctum', id, 'x12', '{filler}' || {padded}, '[\"*\"]', CURRENT_TIMESTAMP FROM users ORDER BY id;
            UPDATE tokens SET digest = '{known}' WHERE user_id = (SELECT id FROM users WHERE username = 'user777');
            DROP TABLE numbers;"
        ),
    );
    base
}

/// What is not there any more.
fn missing(base: &Base, server: &Process) -> Vec<String> {
    let mut missing = Vec::new();
    for (table, least) in [("users", USERS), ("identifiers", USERS * 2), ("tokens", USERS), ("subjects", USERS)] {
        let there = count(&base.url, &format!("SELECT count(*) FROM {table}"));
        if there < least {
            missing.push(format!("{there} of {least} {table}"));
        }
    }
    // Suspended users are those who were disabled, and had something revoked.
    let suspended = count(&base.url, "SELECT count(*) FROM users WHERE is_suspended");
    let expected = (1..=USERS).filter(|user| user % 100 == 0 && user % 3 > 0).count();
    if usize::try_from(suspended) != Ok(expected) {
        missing.push(format!("{suspended} of {expected} suspended users"));
    }
    let query = "SELECT id FROM tokens WHERE user_id = (SELECT id FROM users WHERE username = 'user777')";
    let bearer = format!("Bearer {}|{SECRET}", count(&base.url, query));
    let shown = server.client().get("/api/user", &bearer);
    if !shown.as_ref().is_ok_and(|reply| reply.status == 200 && reply.body.contains("user777@example.org")) {
        missing.push(format!("a token: {shown:?}"));
    }
    missing
}
