//! Databases with very many tokens, made by SQL in a few statements: ten million take minutes.
//!
//! Nobody has to keep the tokens: the secret of the first one is forty digits that say 1, and so on. What a row holds of it
//! is a SHA-256, which lies anywhere in the index.

use std::fmt::Write as _;

use countersign_core::Digest;
#[cfg(feature = "postgres")]
use diesel::PgConnection;
use diesel::{
    Connection as _, QueryResult, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::{LoadConnection, SimpleConnection},
    query_dsl::methods::LoadQuery,
    sql_types::{BigInt, Text},
};

use crate::process::Installation;

diesel::define_sql_function! {
    /// The digest of the token of a number, as a row holds it.
    fn digest_of(number: BigInt) -> Text;
}

/// An index that is left out while the rows come, and then made of all of them at once.
#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// How a database says what the others say otherwise.
struct Words {
    /// Behind `SELECT …`: rows of the numbers `i` from 1 on.
    numbers: fn(u32) -> String,
    /// The UUID of the user `i`.
    uuid: &'static str,
    /// The digest of the token `i`.
    digest: &'static str,
    /// The indexes of `tokens` that no constraint needs.
    indexes: &'static str,
    /// What the rows come in faster with.
    before: &'static str,
    after: &'static str,
}

const SQLITE: Words = Words {
    numbers: |count| {
        format!(
            "FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
        )
    },
    uuid: "printf('%08x-0000-4000-8000-%012x', i, i)",
    digest: "digest_of(i)",
    indexes: "SELECT name, sql AS definition FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tokens' AND sql IS NOT NULL",
    before: "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; \
             PRAGMA temp_store = FILE",
    after: "PRAGMA journal_mode = WAL",
};

#[cfg(feature = "postgres")]
const POSTGRES: Words = Words {
    numbers: |count| format!("FROM generate_series(1, {count}) AS n (i)"),
    uuid: "lpad(to_hex(i), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(i), 12, '0')",
    digest: "encode(sha256(lpad(i::text, 40, '0')::bytea), 'hex')",
    indexes: "SELECT indexname::text AS name, indexdef AS definition FROM pg_indexes WHERE tablename = 'tokens' \
              AND indexname NOT IN (SELECT conname FROM pg_constraint)",
    before: "SET maintenance_work_mem = '512MB'; SET synchronous_commit = off",
    after: "VACUUM (ANALYZE) tokens; VACUUM (ANALYZE) users",
};

/// Writes the token of a number behind `Bearer`, the first one's being 0; as Sanctum hands it out, with the number of its row,
/// or as it is found by its digest alone.
pub fn bearer(number: u32, has_id: bool, header: &mut String) {
    let number = number + 1;
    let written = if has_id { write!(header, "{number}|{number:0>40}") } else { write!(header, "{number:0>40}") };
    written.expect("a string takes everything");
}

/// Puts `tokens` personal access tokens into the migrated database of an installation that does not run, so many a user.
pub fn fill(installation: &Installation, tokens: u32, each: u32) {
    match installation.database() {
        #[cfg(feature = "postgres")]
        Some(url) => insert(&mut PgConnection::establish(url).expect(url), &POSTGRES, tokens, each),
        #[cfg(not(feature = "postgres"))]
        Some(url) => panic!("{url} needs the feature `postgres`"),
        None => {
            let file = installation.file();
            let mut conn = SqliteConnection::establish(&file).expect(&file);
            let digest = |number: i64| Digest::of(format!("{number:0>40}").as_bytes()).to_hex();
            digest_of_utils::register_impl(&mut conn, digest).expect("a function");
            insert(&mut conn, &SQLITE, tokens, each)
        }
    }
    .expect("a database that takes rows");
}

fn insert<C>(conn: &mut C, words: &Words, tokens: u32, each: u32) -> QueryResult<()>
where
    C: LoadConnection + SimpleConnection,
    diesel::query_builder::SqlQuery: for<'a> LoadQuery<'a, C, Index>,
{
    let Words { numbers, uuid, digest, indexes, before, after } = words;
    let indexes: Vec<Index> = diesel::sql_query(*indexes).load(conn)?;
    let (mut drop, mut create) = (String::new(), String::new());
    for Index { name, definition } in &indexes {
        let _ = write!(drop, "DROP INDEX {name};");
        let _ = write!(create, "{definition};");
    }
    let (of_users, of_tokens) = (numbers(tokens.div_ceil(each)), numbers(tokens));
    conn.batch_execute(before)?;
    // The last uses lie ahead, so that none has to be noted: what is measured is reading.
    conn.batch_execute(&format!(
        "BEGIN; {drop}
        INSERT INTO users (id, uuid, username, email, name, first_name, last_name, role, is_staff, is_superuser, is_active,
            created_at, updated_at)
            SELECT i, {uuid}, 'user' || i, 'user' || i || '@mail.example.com', 'User Number ' || i, 'User', 'Number ' || i,
                'tourist', FALSE, FALSE, TRUE, '2026-01-15 09:30:00', '2026-01-15 09:30:00' {of_users};
        INSERT INTO tokens (id, kind, user_id, name, digest, abilities, created_at, last_used_at)
            SELECT i, 'sanctum', (i + {each} - 1) / {each}, 'device ' || i, {digest}, '[\"*\"]', '2026-01-15 09:30:00',
                '2100-01-01 00:00:00' {of_tokens};
        {create} COMMIT;"
    ))?;
    conn.batch_execute(after)
}
