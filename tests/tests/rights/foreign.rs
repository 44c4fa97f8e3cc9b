//! Nobody acts for another by naming them in a body: every operation that writes, with a body that it takes and the fields that
//! would name somebody else or give more rights.

use std::fmt::Write as _;

use countersign_core::{
    Role, Token, User, UserId,
    password::EncodedPassword,
    store::{TokenStore as _, UserStore as _},
};
use countersign_tests::{
    Actor, Server,
    operations::{self, ALL, FORTIFY, Operation},
    people::{PASSWORD, Proof, add, fresh_address},
};
use serde_json::{Map, Value, json};

use crate::snapshot::assert_snapshot;

const HEAD: &str = "\
# What the operations that write answer to a body that they take and that also names somebody else (user_id, owner, sub and so on)
# and rights (role, is_admin, abilities and so on): with no proof, with a user's, and with an administrator's where others have
# none. Nothing of whom it names has changed then, and nobody has more rights. Written by the tests; see assert_snapshot.
";

/// What names whom something is done for.
const OWNERS: [&str; 12] = [
    "user_id",
    "userId",
    "user",
    "owner",
    "owner_id",
    "tokenable_id",
    "tokenable",
    "sub",
    "id",
    "pk",
    "uuid",
    "account",
];

/// Somebody else, as they were.
struct Victim {
    user: User,
    password: Option<EncodedPassword>,
    tokens: Vec<Token>,
}

impl Victim {
    fn of(server: &Server, proofs: &[Proof]) -> Self {
        let user = add(server, Role::Tourist, false);
        for proof in proofs {
            proof.of(server, &user);
        }
        Self::as_they_are(server, user.id)
    }

    fn as_they_are(server: &Server, user: UserId) -> Self {
        Self {
            user: server.store.user(user).unwrap().unwrap(),
            password: server.store.password(user).unwrap(),
            tokens: server.store.tokens_of(user, None).unwrap(),
        }
    }

    fn assert_unharmed(&self, server: &Server, what: &str) {
        let now = Self::as_they_are(server, self.user.id);
        assert_eq!((&now.user, &now.tokens), (&self.user, &self.tokens), "{what}");
        assert!(now.password == self.password, "{what}");
    }

    /// The fields that would name them, by number or by name, and those that would give rights.
    fn named(&self, by_number: bool) -> Map<String, Value> {
        let value = |field: &str| match (by_number, field) {
            (true, "user" | "tokenable") => json!({"id": self.user.id.0}),
            (true, _) => json!(self.user.id.0),
            (false, "id" | "sub" | "uuid") => json!(self.user.uuid.to_string()),
            (false, _) => json!(self.user.username),
        };
        let rights = json!({"role": "admin", "roles": ["admin"], "is_admin": true, "isAdmin": true, "is_staff": true,
            "is_superuser": true, "is_active": false, "abilities": ["*"], "scope": "*", "groups": [1]});
        let mut fields: Map<String, Value> = OWNERS.iter().map(|field| ((*field).to_owned(), value(field))).collect();
        fields.extend(rights.as_object().unwrap().clone());
        fields
    }
}

/// A value of `user`'s for a field that the operation reads.
fn value(server: &Server, operation: &Operation, user: &User, field: &str) -> Value {
    let creates = operation.path.ends_with("/register")
        || ["/auth/users/", "/auth/admin/users", "/auth/users/me/"].contains(&operation.path.as_str());
    let own = || json!(user.username);
    let tokens =
        |path: &str, name: &str| server.anon().post(path, json!({name: user.username, "password": PASSWORD})).json();
    match field {
        "email" | "username" | "login" | "identifier" if creates => json!(fresh_address()),
        "email" | "username" | "login" | "identifier" => own(),
        "new_username" | "re_new_username" => json!(format!("new-{}", user.id)),
        "name" | "first_name" | "last_name" | "device_name" | "token_name" => json!("Ada"),
        "refresh_token" => tokens("/auth/login", "identifier")["refresh_token"].clone(),
        "refresh" => tokens("/auth/jwt/create/", "username")["refresh"].clone(),
        "token" if operation.path == "/auth/jwt/verify/" => tokens("/auth/jwt/create/", "username")["access"].clone(),
        "token" | "token_type_hint" | "uid" => json!("x"),
        "role" => json!("tourist"),
        "reason" => json!("course_purchase"),
        "remember" => json!(false),
        "abilities" => json!(["read"]),
        "user_id" => json!(user.id.0),
        field if field.contains("password") => json!(PASSWORD),
        "phone" | "expires_at" => Value::Null,
        other => panic!("a new field, {other}: what is written there?"),
    }
}

/// The status of an operation with `user`'s things and the victim's names.
fn status(server: &Server, operation: &Operation, actor: &Actor, user: &User, victim: &Victim, by_number: bool) -> u16 {
    let own = operation.fields.iter().flat_map(Map::keys);
    let mut document = victim.named(by_number);
    document.extend(own.map(|field| (field.clone(), value(server, operation, user, field))));
    let path = operation.about(server, user);
    let answer = actor.send(&operation.method, &path, Some("application/json"), &Value::from(document).to_string());
    let what = format!("{} {path}: {} {}", operation.method, answer.status, answer.body);
    assert!(answer.status < 500, "{what}");
    assert!(!answer.body.contains(&victim.user.username), "{what}");
    victim.assert_unharmed(server, &what);
    answer.status
}

/// Fails if somebody behind `after` has rights that nobody gave them.
fn assert_humble(server: &Server, after: UserId, what: &str) {
    for user in server.owner.users(after, 100).unwrap() {
        let rights = (user.role, user.is_staff, user.is_superuser);
        assert_eq!(rights, (Role::Tourist, false, false), "{what}: {user:?}");
    }
}

#[test]
fn nobody_is_acted_for_by_naming_them() {
    let mut text = HEAD.to_owned();
    let everything = [Proof::Personal, Proof::Djoser, Proof::Jwt, Proof::Hotel, Proof::Session];
    let laravels = [Proof::Personal, Proof::Session];
    for (configuration, proofs) in [(ALL, &everything[..]), (FORTIFY, &laravels)] {
        let server = Server::with(configuration);
        let victim = Victim::of(&server, proofs);
        let writes = |operation: &Operation| operation.method != "GET";
        for operation in operations::of(&server).into_iter().filter(writes) {
            for proof in operation.proofs.iter().filter(|proof| proofs.contains(proof)) {
                let line = format!("{:6} {:44} {:9}", operation.method, operation.path, proof.name());
                let ask = |role: Option<Role>, by_number: bool| {
                    let user = add(&server, role.unwrap_or_default(), false);
                    let actor = role.map_or_else(|| proof.nobody(&server), |_| proof.of(&server, &user));
                    // An administrator acts on somebody else's account.
                    let about =
                        if role == Some(Role::Admin) { add(&server, Role::Tourist, false) } else { user.clone() };
                    let status = status(&server, &operation, &actor, &about, &victim, by_number);
                    assert_humble(&server, user.id, &line);
                    if role == Some(Role::Tourist) {
                        assert_humble(&server, UserId(user.id.0 - 1), &line);
                    }
                    if role == Some(Role::Admin) {
                        server.owner.delete_user(user.id).unwrap();
                    }
                    status
                };
                let roles: &[Option<Role>] = if operation.path.starts_with("/auth/admin/") {
                    &[None, Some(Role::Tourist), Some(Role::Admin)]
                } else {
                    &[None, Some(Role::Tourist)]
                };
                write!(text, "{line}").unwrap();
                for role in roles {
                    let (by_number, by_name) = (ask(*role, true), ask(*role, false));
                    assert_eq!(by_number, by_name, "{line}");
                    write!(text, " {by_number}").unwrap();
                }
                text.push('\n');
            }
        }
    }
    assert_snapshot("foreign.txt", &text);
}
