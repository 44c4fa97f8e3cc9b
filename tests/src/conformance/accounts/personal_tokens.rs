//! The users and personal access tokens of Laravel's database, whose tokens are known by their numbers.

use countersign::{app::Parts, config::Settings};
use countersign_core::{
    Digest,
    model::{Abilities, NewToken, TokenKind, UserId},
};

use super::{draft, moment, text};
use crate::{conformance::json::Json, databases::run};

/// Creates what `accounts` has of them.
pub fn create(parts: &Parts, settings: &Settings, accounts: &Json) {
    let (Some(users), Some(tokens)) = (accounts.get("users"), accounts.get("tokens")) else { return };
    let mut numbers = Vec::new();
    for account in users.items() {
        let user = parts.stores.users().create_user(&draft(settings, parts, account)).expect("the database answers");
        let user = user.expect("the addresses are free");
        if text(account, "created_at").is_none() {
            execute(settings, &format!("UPDATE users SET created_at = NULL, updated_at = NULL WHERE id = {}", user.id));
        }
        numbers.push((account.get("id").cloned(), user.id));
    }
    for token in tokens.items() {
        let owner = numbers.iter().find(|(number, _)| number.as_ref() == token.get("user"));
        let (_, owner) = owner.expect("a user of these");
        insert(parts, settings, token, *owner);
    }
    count_on(settings.database.url.expose(), tokens);
}

/// What is stored from now on comes behind the highest of these numbers. SQLite sees to that by itself.
fn count_on(url: &str, tokens: &Json) {
    let numbers =
        tokens.items().iter().filter_map(|token| text(token, "token")?.split_once('|')?.0.parse::<i64>().ok());
    let next = numbers.max().unwrap_or_default() + 1;
    if url.starts_with("postgres://") {
        run(url, &format!("ALTER SEQUENCE tokens_id_seq RESTART WITH {next}"));
    } else if url.starts_with("mysql://") {
        run(url, &format!("ALTER TABLE tokens AUTO_INCREMENT = {next}"));
    }
}

/// Stores this very token under its number, which no use case lets anybody choose.
fn insert(parts: &Parts, settings: &Settings, token: &Json, user_id: UserId) {
    let (number, secret) = text(token, "token").and_then(|token| token.split_once('|')).expect("number|secret");
    let abilities = token.get("abilities").map(Json::items).unwrap_or_default();
    let abilities = abilities.iter().filter_map(|ability| ability.as_text().map(str::to_owned)).collect();
    let new = NewToken {
        kind: TokenKind::Sanctum,
        user_id,
        name: text(token, "name").expect("a name").to_owned(),
        digest: Digest::of(secret.as_bytes()),
        sealed: None,
        abilities: Abilities(abilities),
        family: None,
        created_at: moment(token, "created_at").unwrap_or_else(|| parts.clock.now()),
        expires_at: moment(token, "expires_at"),
        slot: None,
        generation: parts.stores.tokens().generation(user_id).expect("the database answers"),
    };
    let stored = parts.stores.tokens().insert_token(&new).expect("the database answers").expect("the user is there");
    if let Some(used) = moment(token, "last_used_at") {
        parts.stores.tokens().touch_tokens(&[(stored.id, used)]).expect("the database answers");
    }
    if text(token, "created_at").is_none() {
        execute(settings, &format!("UPDATE tokens SET created_at = NULL WHERE id = {}", stored.id));
    }
    execute(settings, &format!("UPDATE tokens SET id = {number} WHERE id = {}", stored.id));
}

/// Writes what no use case writes.
fn execute(settings: &Settings, statement: &str) {
    run(settings.database.url.expose(), statement);
}
