//! Roles are the store's truth: neither an old token nor what a token says makes anybody more than they are.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::{Role, User};
use countersign_tests::{
    Actor, Server,
    people::{PASSWORD, Proof, add},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const SECRET: &str = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";
const USERS: &str = "/auth/admin/users";
const TOKENS: [Proof; 4] = [Proof::Personal, Proof::Djoser, Proof::Jwt, Proof::Hotel];

fn is_admin(actor: &Actor) -> u16 {
    actor.get("/verify?role=admin").status
}

#[test]
fn a_role_that_is_taken_away_counts_on_the_next_request_whatever_the_token_was_issued_to() {
    for server in Server::each() {
        let user = add(&server, Role::Admin, false);
        let old = TOKENS.map(|proof| proof.of(&server, &user));
        let session = Proof::Session.of(&server, &user);
        let hotel = &old[3];
        for role in [Role::Tourist, Role::Hotelier, Role::Restaurant] {
            server.owner.set_role(user.id, Role::Admin).unwrap();
            assert_eq!(old.each_ref().map(is_admin), [200; 4], "{}", server.backend);
            assert_eq!(hotel.get(USERS).status, 200, "{}", server.backend);
            server.owner.set_role(user.id, role).unwrap();
            assert_eq!(old.each_ref().map(is_admin), [403; 4], "{}", server.backend);
            assert_eq!(hotel.get(USERS).status, 403, "{}", server.backend);
            assert_eq!(hotel.get("/auth/me").json()["role"], role.as_str());
            let passed = hotel.get(&format!("/verify?role={role}"));
            assert_eq!((passed.status, passed.header("X-Auth-Role")), (200, role.as_str()), "{}", server.backend);
        }
        // A browser's session ends with another role.
        assert_eq!(is_admin(&session), 401, "{}", server.backend);
    }
}

/// The token with these members in its claims as well, under the server's own key.
fn claiming(token: &str, more: &Value) -> String {
    let claims = BASE64.decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

fn log_in(server: &Server, user: &User, path: &str, field: &str, member: &str) -> String {
    server.anon().post(path, json!({field: user.username, "password": PASSWORD})).text(member)
}

#[test]
fn a_role_that_only_a_token_claims_counts_for_nothing() {
    let server = Server::with(&format!("[jwt]\nsecret = \"{SECRET}\""));
    let (tourist, admin) = (add(&server, Role::Tourist, false), add(&server, Role::Admin, false));
    let hotel = |user: &User| log_in(&server, user, "/auth/login", "identifier", "access_token");
    let simple = |user: &User| log_in(&server, user, "/auth/jwt/create/", "username", "access");
    for claimed in ["admin", "tourist"] {
        let more = json!({"role": claimed, "roles": [claimed], "is_admin": claimed == "admin", "is_staff": true,
            "is_superuser": true, "scope": "*", "abilities": ["*"], "user": {"role": claimed}});
        for (user, role, status) in [(&tourist, "tourist", 403), (&admin, "admin", 200)] {
            let what = format!("a {role} who claims to be {claimed}");
            let forged = server.bearer(&claiming(&hotel(user), &more));
            let me = forged.get("/auth/me");
            assert_eq!((me.status, me.json()["role"].as_str()), (200, Some(role)), "{what}");
            assert_eq!(forged.get(USERS).status, status, "{what}");
            let document = json!({"role": "admin"}).to_string();
            let path = format!("{USERS}/{}/role", tourist.uuid);
            if status == 403 {
                let given = forged.send("PUT", &path, Some("application/json"), &document);
                assert_eq!(given.status, status, "{what}");
            }
            let forged_simple = server.bearer(&claiming(&simple(user), &more));
            assert_eq!(forged_simple.get("/auth/users/me/").status, 200, "{what}");
            // Who is no staff sees nobody else.
            assert_eq!(forged_simple.get("/auth/users/").json().as_array().unwrap().len(), 1, "{what}");
            for actor in [&forged, &forged_simple] {
                assert_eq!(is_admin(actor), status, "{what}");
                assert_eq!(actor.get("/verify").header("X-Auth-Role"), role, "{what}");
            }
        }
    }
    assert_eq!(server.owner.user(tourist.id).unwrap().role, Role::Tourist);
}
