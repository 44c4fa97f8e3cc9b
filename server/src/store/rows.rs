//! Rows as the tables hold them, and core's nouns made of them.

use chrono::{DateTime, NaiveDateTime, Utc};
use countersign_core::{
    Abilities, Account, Digest, NewToken, NewUser, Token, TokenId, TokenKind, User, UserId, model::Timestamp,
    password::EncodedPassword,
};
use diesel::{Insertable, Queryable, Selectable, result::Error};

use super::{
    connection::{self, AnyConnection},
    moment::Moment,
    schema::{identifiers, tokens, users},
};

/// The last moment that every database holds: MySQL's `DATETIME` has years of four digits.
const LAST_MOMENT: i64 = 253_402_300_799_999_999;
/// The first one: the columns hold nothing older than computers.
const FIRST_MOMENT: i64 = 0;

/// A moment as the columns hold it: UTC, in microseconds, within the range of every database.
pub fn stored(moment: Timestamp) -> NaiveDateTime {
    let micros = moment.timestamp_micros().clamp(FIRST_MOMENT, LAST_MOMENT);
    DateTime::from_timestamp_micros(micros).unwrap_or_default().naive_utc()
}

/// Free text as the columns hold it: PostgreSQL has no U+0000, so no database gets one.
pub fn text(text: &str) -> String {
    text.replace('\0', "")
}

fn read(Moment(moment): Moment) -> Timestamp {
    DateTime::<Utc>::from_naive_utc_and_offset(moment, Utc)
}

/// A value that this program never wrote.
fn foreign(column: &str, value: &str) -> Error {
    Error::DeserializationError(format!("{column} holds {value:?}").into())
}

/// A row of `users` without the password.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
pub struct UserRow {
    id: i64,
    uuid: String,
    username: String,
    email: Option<String>,
    phone: Option<String>,
    name: String,
    first_name: String,
    last_name: String,
    role: String,
    is_staff: bool,
    is_superuser: bool,
    is_active: bool,
    email_verified_at: Option<Moment>,
    api_token: Option<String>,
    last_login_at: Option<Moment>,
    created_at: Option<Moment>,
    updated_at: Option<Moment>,
    is_suspended: bool,
    suspended_at: Option<Moment>,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            id: UserId(row.id),
            uuid: row.uuid.parse().map_err(|_| foreign("users.uuid", &row.uuid))?,
            username: row.username,
            email: row.email,
            phone: row.phone,
            name: row.name,
            first_name: row.first_name,
            last_name: row.last_name,
            role: row.role.parse().map_err(|_| foreign("users.role", &row.role))?,
            is_staff: row.is_staff,
            is_superuser: row.is_superuser,
            is_active: row.is_active,
            is_suspended: row.is_suspended,
            suspended_at: row.suspended_at.map(read),
            email_verified_at: row.email_verified_at.map(read),
            api_token: row.api_token,
            last_login_at: row.last_login_at.map(read),
            created_at: row.created_at.map(read),
            updated_at: row.updated_at.map(read),
        })
    }
}

/// A user and the password column.
pub fn account(user: UserRow, password: Option<String>) -> Result<Account, Error> {
    Ok(Account { user: user.try_into()?, password: password.map(EncodedPassword::new) })
}

/// A row of `tokens`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tokens)]
pub struct TokenRow {
    id: i64,
    kind: String,
    user_id: i64,
    name: String,
    digest: String,
    sealed: Option<String>,
    abilities: String,
    family: Option<String>,
    created_at: Option<Moment>,
    last_used_at: Option<Moment>,
    expires_at: Option<Moment>,
    slot: Option<String>,
    rotation: i64,
    rotated_at: Option<Moment>,
}

impl TryFrom<TokenRow> for Token {
    type Error = Error;

    fn try_from(row: TokenRow) -> Result<Self, Error> {
        Ok(Self {
            id: TokenId(row.id),
            kind: TokenKind::parse(&row.kind).ok_or_else(|| foreign("tokens.kind", &row.kind))?,
            user_id: UserId(row.user_id),
            name: row.name,
            digest: Digest::from_hex(&row.digest).ok_or_else(|| foreign("tokens.digest", "no SHA-256"))?,
            sealed: row.sealed,
            abilities: serde_json::from_str(&row.abilities)
                .map(Abilities)
                .map_err(|_| foreign("tokens.abilities", &row.abilities))?,
            family: row.family,
            created_at: row.created_at.map(read),
            last_used_at: row.last_used_at.map(read),
            expires_at: row.expires_at.map(read),
            slot: row.slot,
            rotation: row.rotation,
            rotated_at: row.rotated_at.map(read),
        })
    }
}

/// A row of `users` to be written; the database adds the number.
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct NewUserRow {
    uuid: String,
    username: String,
    email: Option<String>,
    phone: Option<String>,
    name: String,
    first_name: String,
    last_name: String,
    role: &'static str,
    is_staff: bool,
    is_superuser: bool,
    is_active: bool,
    email_verified_at: Option<NaiveDateTime>,
    password: Option<String>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<&NewUser> for NewUserRow {
    fn from(new: &NewUser) -> Self {
        Self {
            uuid: new.uuid.to_string(),
            username: text(&new.username),
            email: new.email.as_deref().map(text),
            phone: new.phone.as_deref().map(text),
            name: text(&new.name),
            first_name: text(&new.first_name),
            last_name: text(&new.last_name),
            role: new.role.as_str(),
            is_staff: new.is_staff,
            is_superuser: new.is_superuser,
            is_active: new.is_active,
            email_verified_at: new.email_verified_at.map(stored),
            password: new.password.as_ref().map(|encoded| encoded.as_str().to_owned()),
            created_at: stored(new.now),
            updated_at: stored(new.now),
        }
    }
}

/// A row of `identifiers`.
#[derive(Insertable)]
#[diesel(table_name = identifiers, treat_none_as_default_value = false)]
pub struct IdentifierRow<'a> {
    /// The compared form.
    pub key: &'a str,
    /// User name, e-mail address or phone number.
    pub kind: &'static str,
    /// Whose it is.
    pub user_id: i64,
}

/// A row of `tokens` to be written; the database adds the number.
#[derive(Insertable)]
#[diesel(table_name = tokens, treat_none_as_default_value = false)]
pub struct NewTokenRow {
    kind: &'static str,
    user_id: i64,
    name: String,
    digest: String,
    sealed: Option<String>,
    abilities: String,
    family: Option<String>,
    created_at: NaiveDateTime,
    expires_at: Option<NaiveDateTime>,
    slot: Option<String>,
}

impl NewTokenRow {
    /// The row of `new`, in `slot`, for this database.
    pub fn new(conn: &AnyConnection, new: &NewToken, slot: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            kind: new.kind.as_str(),
            user_id: new.user_id.0,
            name: text(&new.name),
            digest: new.digest.to_hex(),
            sealed: new.sealed.clone(),
            abilities: serde_json::to_string(&new.abilities.0)
                .map_err(|error| Error::SerializationError(error.into()))?,
            family: new.family.clone(),
            created_at: stored(new.created_at),
            expires_at: new.expires_at.map(|end| connection::token_end(conn, stored(end))),
            slot: slot.map(str::to_owned),
        })
    }
}
