//! Numbers that an import is going to keep: nobody who registers meanwhile gets one of them.

use countersign_core::{Digest, TokenKind, env::Random};
use diesel::{prelude::*, result::Error, sql_query, sql_types::BigInt};

use super::person::nobody;
use crate::store::{
    Backend, Bulk,
    connection::AnyConnection,
    schema::{tokens, users},
};

/// The tables whose rows keep their numbers.
#[derive(Debug, Clone, Copy)]
pub enum Numbered {
    /// Users.
    Users,
    /// Sanctum's tokens.
    Tokens,
}

impl Numbered {
    const fn table(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Tokens => "tokens",
        }
    }
}

/// Moves the sequence behind `highest`, never back.
///
/// # Errors
/// The database's.
pub fn reserve(bulk: &mut Bulk, numbered: Numbered, highest: i64, random: &dyn Random) -> QueryResult<()> {
    if highest <= 0 || !bulk.commits() {
        return Ok(());
    }
    let backend = bulk.backend();
    let outcome = bulk.page(|conn| match backend {
        Backend::Sqlite => sqlite(conn, numbered, highest),
        Backend::Postgres => postgres(conn, numbered, highest),
        Backend::Mysql => mysql(conn, numbered, highest, random),
    });
    match outcome {
        Err(Error::RollbackTransaction) => Ok(()),
        outcome => outcome,
    }
}

fn sqlite(conn: &mut AnyConnection, numbered: Numbered, highest: i64) -> QueryResult<()> {
    let table = numbered.table();
    let there = format!("SELECT 1 FROM sqlite_sequence WHERE name = '{table}'");
    sql_query(format!("INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', 0 WHERE NOT EXISTS ({there})"))
        .execute(conn)?;
    sql_query(format!("UPDATE sqlite_sequence SET seq = {highest} WHERE name = '{table}' AND seq < {highest}"))
        .execute(conn)?;
    Ok(())
}

fn postgres(conn: &mut AnyConnection, numbered: Numbered, highest: i64) -> QueryResult<()> {
    let sequence = format!("pg_get_serial_sequence('{}', 'id')", numbered.table());
    diesel::select(diesel::dsl::sql::<BigInt>(&format!(
        "setval({sequence}, GREATEST({highest}, nextval({sequence})))"
    )))
    .get_result::<i64>(conn)?;
    Ok(())
}

/// The counter of `InnoDB` follows the highest number that was ever inserted, also if the row is taken back: whereas a
/// statement that sets it might set it back.
fn mysql(conn: &mut AnyConnection, numbered: Numbered, highest: i64, random: &dyn Random) -> QueryResult<()> {
    let inserted = match numbered {
        Numbered::Users => {
            let row = (&nobody(highest), users::uuid.eq(random.uuid().to_string()), users::is_suspended.eq(true));
            diesel::insert_into(users::table).values(row).execute(conn)
        }
        Numbered::Tokens => {
            let row = (
                tokens::id.eq(highest),
                tokens::kind.eq(TokenKind::Sanctum.as_str()),
                tokens::user_id.eq(0),
                tokens::name.eq(""),
                tokens::digest.eq(Digest::of(random.uuid().as_bytes()).to_hex()),
                tokens::abilities.eq("[]"),
            );
            diesel::insert_into(tokens::table).values(row).execute(conn)
        }
    };
    match inserted {
        Ok(_) => Err(Error::RollbackTransaction),
        // Somebody has the number: the counter is behind it.
        Err(Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) => Ok(()),
        Err(error) => Err(error),
    }
}
