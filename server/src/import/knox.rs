//! What becomes of a row of django-rest-knox's table: it holds the SHA-512 of a token and not the token.
//!
//! Knox 4.2 hashed the bytes that a token's digits stand for, Knox 5 hashes its text, so what was made before an upgrade is
//! dead there, and here. Which of the two made a row is seen by `token_key`, the beginning of the token, which is longer in
//! the fifth version. Before 4.2 there was a salt a row: such tokens cannot be looked for by anything but that beginning.

use chrono::{DateTime, NaiveDateTime};
use countersign_core::{TokenKind, strategy::KnoxEdition};

use super::{
    ImportError,
    person::column,
    source::{Column, Row, Source},
    table::{Field, Table},
    token::Bearer,
    user::number,
    value::{Unreadable, moment},
    zone::Zone,
};

/// The table, unless the application has a model of its own.
pub const TABLE: &str = "knox_authtoken";

/// Knox's `AuthToken`. Pages go by the digest, which is needed whole as well.
pub const FIELDS: &[Field] = &[
    Field { name: "digest", column: "digest", required: true },
    Field { name: "digest", column: "digest", required: true },
    Field { name: "token_key", column: "token_key", required: true },
    Field { name: "user_id", column: "user_id", required: true },
    Field { name: "created", column: "created", required: false },
    Field { name: "expiry", column: "expiry", required: true },
];
/// The place of a column among [`FIELDS`].
const TOKEN_KEY: usize = 2;
/// The length of `token_key` in the fourth version.
const KEY_OF_FOUR: usize = 8;
/// The migration that makes room for that of the fifth.
const MIGRATION_OF_FIVE: &str = "0009_extend_authtoken_field";

/// When a token ended that is dead and does not say when it was made: a moment that every database holds.
fn long_ago() -> NaiveDateTime {
    DateTime::from_timestamp(946_684_800, 0).unwrap_or_default().naive_utc()
}

/// Has the table salts, as it had before 4.2?
pub fn is_salted(columns: &[Column]) -> bool {
    columns.iter().any(|column| column.name == "salt")
}

/// Is it the fourth version that uses the table, so that its tokens are live there?
///
/// # Errors
/// The database's.
pub fn is_four(source: &mut Source, table: &Table) -> Result<bool, ImportError> {
    // A model of the application's own is possible since the fifth.
    if table.name != TABLE {
        return Ok(false);
    }
    let newer = if source.columns("django_migrations")?.is_empty() {
        table.count_where(source, &format!("NOT ({})", made_by_four(source, table)))?
    } else {
        let by_name = format!("app = 'knox' AND name = '{MIGRATION_OF_FIVE}'");
        source.number(&format!("SELECT COUNT(*) FROM django_migrations WHERE {by_name}"))?
    };
    Ok(newer == 0)
}

/// What the owner must know.
///
/// # Errors
/// The database's.
pub fn note(source: &mut Source, table: &Table) -> Result<Option<String>, ImportError> {
    if is_four(source, table)? {
        return Ok(None);
    }
    let dead = table.count_where(source, &made_by_four(source, table))?;
    let told =
        || format!("{} has {dead} tokens of Knox 4, which Knox 5 does not take: they are over here, too", table.name);
    Ok((dead > 0).then(told))
}

fn made_by_four(source: &Source, table: &Table) -> String {
    let key = source.quoted(table.column(TOKEN_KEY).unwrap_or("token_key"));
    format!("LENGTH({key}) <= {KEY_OF_FOUR}")
}

/// What becomes of a row; `is_four` as [`is_four`].
///
/// # Errors
/// Why it cannot be imported.
pub fn judge(origin: i64, mut row: Row, is_four: bool, zone: &Zone) -> Result<Bearer, Unreadable> {
    let stored = row.take(1).unwrap_or_default();
    let made_by_four = row.take(TOKEN_KEY).unwrap_or_default().chars().count() <= KEY_OF_FOUR;
    let edition = if made_by_four { KnoxEdition::Four } else { KnoxEdition::Five };
    let digest = edition.digest(&stored);
    let digest = digest.ok_or_else(|| Unreadable("is stored as something else than a SHA-512".to_owned()))?;
    let owner = number(row.take(3).as_deref()).map_err(|_| Unreadable("has no user's number".to_owned()))?;
    let mut at = |place: usize| row.take(place).map_or(Ok(None), |text| moment(FIELDS[place].name, &text, zone));
    let (created_at, expiry) = (column(at(4)?), column(at(5)?));
    let is_dead = made_by_four && !is_four;
    Ok(Bearer {
        origin,
        kind: TokenKind::Knox,
        owner,
        name: String::new(),
        digest,
        secret: None,
        abilities: r#"["*"]"#.to_owned(),
        created_at,
        last_used_at: None,
        expires_at: if is_dead { Some(created_at.unwrap_or_else(long_ago)) } else { expiry },
    })
}
