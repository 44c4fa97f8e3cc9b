//! The accounts that exist before the first step: with numbers, tokens and states that no client could give them.

mod personal_tokens;

use std::sync::Arc;

use countersign::{
    app::{self, Parts},
    config::Settings,
    serve,
};
use countersign_core::{
    Grant, Secret, User,
    env::{Random, SystemRandom},
    identifier::{Claim, Key, Kind},
    model::{NewUser, Role, Timestamp, UserChange},
    password::{EncodedPassword, Passwords},
};

use super::{json::Json, request::unhex};

/// Creates them in an empty database, in their order. No server may be running on it yet. Django's are a list; Laravel's
/// an object that has users and tokens.
///
/// # Panics
/// If the database refuses.
pub fn create(settings: &Settings, accounts: &Json) {
    let (parts, _) = serve::open(settings).expect("the database can be opened");
    personal_tokens::create(&parts, settings, accounts);
    for account in accounts.items() {
        let user = parts.stores.users().create_user(&draft(settings, &parts, account)).expect("the database answers");
        let user = user.expect("the names are free");
        if let Some(token) = text(account, "auth_token") {
            issue(settings, &parts, &user, token);
        }
        if !is(account, "is_active") {
            // As one who has not confirmed the address yet. Whom the owner disables, no mail enables.
            let address = user.email.clone();
            let claim = address.as_deref().map(|address| claimed(Kind::Email, Key::email(address)));
            let change = UserChange::Email { address, claim, deactivate: true };
            parts.stores.users().change_user(user.id, &change, parts.clock.now()).expect("the database answers");
        }
    }
}

fn draft(settings: &Settings, parts: &Parts, account: &Json) -> NewUser {
    let email = text(account, "email").expect("an address").to_owned();
    let own_name = text(account, "username");
    let username = own_name.unwrap_or(&email).to_owned();
    let passwords = Passwords::new(settings.passwords.argon2());
    let hashed = |clear| passwords.hash(&Secret::from(clear), parts.random.as_ref());
    let password = text(account, "hash").map(EncodedPassword::new).or_else(|| text(account, "password").map(hashed));
    let mut identifiers: Vec<_> =
        own_name.map(|name| claimed(Kind::Username, Key::username(name))).into_iter().collect();
    identifiers.push(claimed(Kind::Email, Key::email(&email)));
    NewUser {
        uuid: parts.random.uuid(),
        name: text(account, "name").unwrap_or(&username).to_owned(),
        username,
        email: Some(email),
        phone: None,
        first_name: String::new(),
        last_name: String::new(),
        role: Role::Tourist,
        is_staff: is(account, "is_staff"),
        is_superuser: is(account, "is_superuser"),
        is_active: true,
        email_verified_at: moment(account, "email_verified_at"),
        password,
        identifiers,
        now: moment(account, "created_at").unwrap_or_else(|| parts.clock.now()),
    }
}

fn claimed(kind: Kind, key: Key) -> Claim {
    Claim { kind, key, required: true }
}

/// Issues this very token: the randomness is made for it.
fn issue(settings: &Settings, parts: &Parts, user: &User, token: &str) {
    let random: Arc<dyn Random> = Arc::new(Loaded(unhex(token)));
    let door = app::owners_door(settings, Parts { random, ..parts.clone() }).expect("the mounts can be served");
    let subject = door.subject_by_owner(user.id).expect("the user is there");
    let issued = door.issue(&subject, &Grant::named("djoser")).expect("the database answers");
    assert_eq!(issued.access.expose(), token, "the strategy draws its token otherwise");
}

/// Whoever draws as many bytes as these are gets these.
struct Loaded(Vec<u8>);

impl Random for Loaded {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() == self.0.len() {
            bytes.copy_from_slice(&self.0);
        } else {
            SystemRandom.fill(bytes);
        }
    }
}

fn text<'a>(account: &'a Json, member: &str) -> Option<&'a str> {
    account.get(member).and_then(Json::as_text)
}

fn moment(account: &Json, member: &str) -> Option<Timestamp> {
    text(account, member).map(|moment| moment.parse().expect("a moment"))
}

fn is(account: &Json, member: &str) -> bool {
    account.get(member) == Some(&Json::Bool(true))
}
