//! What becomes of a row of tokens: judged by itself, without a look at any database.

use chrono::NaiveDateTime;
use countersign_core::{
    Digest, Secret, TokenKind, UserId,
    strategy::{DjoserToken, KnoxEdition},
};

use super::{
    person::{column, held},
    source::Row,
    table::Field,
    user::number,
    value::{Unreadable, abilities, moment, shortened},
    zone::Zone,
};
use crate::store::imports::Marks;

/// Django REST framework's `authtoken_token`, counted by its users: each has one.
pub const AUTHTOKEN: &[Field] = &[
    Field { name: "user_id", column: "user_id", required: true },
    Field { name: "key", column: "key", required: true },
    Field { name: "created", column: "created", required: false },
];

/// Sanctum's `personal_access_tokens`. `expires_at` came with its third version.
pub const PERSONAL: &[Field] = &[
    Field { name: "id", column: "id", required: true },
    Field { name: "tokenable_type", column: "tokenable_type", required: true },
    Field { name: "tokenable_id", column: "tokenable_id", required: true },
    Field { name: "name", column: "name", required: true },
    Field { name: "token", column: "token", required: true },
    Field { name: "abilities", column: "abilities", required: true },
    Field { name: "last_used_at", column: "last_used_at", required: false },
    Field { name: "expires_at", column: "expires_at", required: false },
    Field { name: "created_at", column: "created_at", required: false },
];

/// The values of a token that are compared, in the order of their marks.
pub const VALUES: [&str; 6] = ["digest", "owner", "name", "abilities", "expires_at", "last_used_at"];
/// The place of a value among [`VALUES`].
pub const DIGEST: usize = 0;
/// See [`DIGEST`].
pub const OWNER: usize = 1;
/// See [`DIGEST`].
pub const EXPIRES: usize = 4;
/// See [`DIGEST`].
pub const LAST_USED: usize = 5;

/// A token that can be imported.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The source's number of it, which a Sanctum token keeps.
    pub origin: i64,
    /// What it stands for.
    pub kind: TokenKind,
    /// The source's number of its user.
    pub owner: i64,
    /// The name that its client gave it.
    pub name: String,
    /// What it is recognised by.
    pub digest: Digest,
    /// The token itself, where it must be handed out again.
    pub secret: Option<Secret>,
    /// A JSON list of texts.
    pub abilities: String,
    /// When it was issued.
    pub created_at: Option<NaiveDateTime>,
    /// When it was used last.
    pub last_used_at: Option<NaiveDateTime>,
    /// When it ends.
    pub expires_at: Option<NaiveDateTime>,
}

impl Bearer {
    /// The place that is its own: of the one that a user of Django's has, or by which it is found again.
    pub fn slot(&self) -> Option<String> {
        match self.kind {
            TokenKind::Djoser => Some(DjoserToken::slot(UserId(self.owner))),
            TokenKind::Knox => Some(KnoxEdition::slot(self.origin)),
            _ => None,
        }
    }

    /// The marks of the values.
    pub fn marks(&self) -> Marks {
        let owner = self.owner.to_string();
        marks(&self.digest.to_hex(), &owner, &self.name, &self.abilities, self.expires_at, self.last_used_at)
    }
}

/// The marks of a token's values.
pub fn marks(
    digest: &str,
    owner: &str,
    name: &str,
    abilities: &str,
    expires_at: Option<NaiveDateTime>,
    last_used_at: Option<NaiveDateTime>,
) -> Marks {
    let moment = |at: Option<NaiveDateTime>| at.map(|at| at.and_utc().timestamp_micros().to_string());
    let (expires_at, last_used_at) = (moment(expires_at), moment(last_used_at));
    let texts =
        [Some(digest), Some(owner), Some(name), Some(abilities), expires_at.as_deref(), last_used_at.as_deref()];
    Marks::of(texts)
}

/// What becomes of a row of `authtoken_token`.
///
/// # Errors
/// Why it cannot be imported.
pub fn of_django(user: i64, mut row: Row, zone: &Zone) -> Result<Bearer, Unreadable> {
    const WIDTH: usize = 255;
    let key = row.take(1).filter(|key| !key.is_empty() && key.len() <= WIDTH);
    let key = key.ok_or_else(|| Unreadable("the key is empty or too long".to_owned()))?;
    let created = row.take(2).map_or(Ok(None), |text| moment("created", &text, zone))?;
    let secret = Secret::new(key);
    Ok(Bearer {
        origin: user,
        kind: TokenKind::Djoser,
        owner: user,
        name: String::new(),
        digest: secret.digest(),
        secret: Some(secret),
        abilities: r#"["*"]"#.to_owned(),
        created_at: column(created),
        last_used_at: None,
        expires_at: None,
    })
}

/// What becomes of a row of `personal_access_tokens`; `models` are the names under which users have tokens.
///
/// # Errors
/// Why it cannot be imported.
pub fn of_laravel(id: i64, mut row: Row, models: &[String], zone: &Zone) -> Result<Bearer, Unreadable> {
    let model = row.take(1).unwrap_or_default();
    if !models.contains(&model) {
        return Err(Unreadable(format!(
            "belongs to a {:?}, which is not the model of the users; if it is, name it by --user-model",
            shortened(&model)
        )));
    }
    let owner = number(row.take(2).as_deref()).map_err(|_| Unreadable("has no user's number".to_owned()))?;
    let name = held(row.take(3));
    let digest = row.take(4).unwrap_or_default();
    let digest =
        Digest::from_hex(&digest).ok_or_else(|| Unreadable("is stored as something else than a SHA-256".to_owned()))?;
    let list = abilities(row.take(5).as_deref())?;
    let mut at = |place: usize| row.take(place).map_or(Ok(None), |text| moment(PERSONAL[place].name, &text, zone));
    let (last_used_at, expires_at, created_at) = (at(6)?, at(7)?, at(8)?);
    Ok(Bearer {
        origin: id,
        kind: TokenKind::Sanctum,
        owner,
        name,
        digest,
        secret: None,
        abilities: serde_json::to_string(&list).map_err(|error| Unreadable(error.to_string()))?,
        created_at: column(created_at),
        last_used_at: column(last_used_at),
        expires_at: column(expires_at),
    })
}
