//! Only what was issued is let in, to the letter, in every dialect and on every database.

use countersign_tests::{Actor, Server};
use proptest::prelude::any;
use serde_json::json;

use super::common::{change, ensure, hold};

const PASSWORD: &str = "Zx9-quokka-77";
/// What tokens of all sorts are written in, and what stands between their parts. No blank: at an end it is none of the token. No
/// comma: Laravel's `bearerToken` reads up to one.
const LETTERS: &str = "ABCXYZabcxyz0123456789-_.|+/=%~\"";

/// A scheme, a live credential, and where it is asked.
type Live = (&'static str, String, &'static str);

fn issued(server: &Server) -> Vec<Live> {
    let anon = server.anon();
    let ada = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    assert_eq!(anon.post("/auth/users/", ada).status, 201);
    let form = json!({"email": "ada@example.org", "password": PASSWORD, "device_name": "x"});
    let sanctum = anon.wants_json().post("/sanctum/token", form).body;
    let names = json!({"username": "ada", "password": PASSWORD});
    let djoser = anon.post("/auth/token/login/", names.clone()).text("auth_token");
    let simplejwt = anon.post("/auth/jwt/create/", names).text("access");
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("access_token");
    vec![
        ("Bearer", sanctum, "/api/user"),
        ("Token", djoser, "/auth/users/me/"),
        ("JWT", simplejwt, "/auth/users/me/"),
        ("Bearer", hotel, "/auth/me"),
    ]
}

/// Is it the same token to its reader? `PyJWT`, whose tokens have two dots, completes the padding of a part by itself and takes one that is
/// there.
fn is_the_same(token: &str, changed: &str) -> bool {
    changed == token || token.contains('.') && changed.replace('=', "") == token
}

fn ask(anon: &Actor, (scheme, token, path): &Live) -> u16 {
    anon.wants_json().with("Authorization", &format!("{scheme} {token}")).get(path).status
}

#[test]
fn a_token_is_let_in_to_the_letter_alone() {
    for server in Server::each() {
        let issued = issued(&server);
        let anon = server.anon();
        for live in &issued {
            assert_eq!(ask(&anon, live), 200, "{live:?} on {}", server.backend);
        }
        hold(300, &(any::<u8>(), change(LETTERS)), |(which, change)| {
            let (scheme, token, path) = &issued[usize::from(which) % issued.len()];
            let changed = change.of(token);
            if is_the_same(token, &changed) {
                return Ok(());
            }
            let status = ask(&anon, &(scheme, changed.clone(), path));
            ensure(status == 401, || format!("{token:?} as {changed:?} on {}: {status}", server.backend))
        });
        for live in &issued {
            assert_eq!(ask(&anon, live), 200, "{live:?} on {}", server.backend);
        }
    }
}

/// A refresh token and a link are asked where they are used: nothing but they themselves does anything.
#[test]
fn a_refresh_token_is_exchanged_to_the_letter_alone() {
    let server = Server::start();
    issued(&server);
    let anon = server.anon();
    let names = json!({"username": "ada", "password": PASSWORD});
    let simplejwt = anon.post("/auth/jwt/create/", names).text("refresh");
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("refresh_token");
    let wires = [("/auth/jwt/refresh/", "refresh", simplejwt), ("/auth/refresh", "refresh_token", hotel)];
    hold(200, &(any::<bool>(), change(LETTERS)), |(which, change)| {
        let (path, field, token) = &wires[usize::from(which)];
        let changed = change.of(token);
        if is_the_same(token, &changed) {
            return Ok(());
        }
        let status = anon.post(path, json!({*field: changed})).status;
        // Nothing at all is no token.
        let expected: &[u16] = if changed.is_empty() { &[400, 401, 422] } else { &[401] };
        ensure(expected.contains(&status), || format!("{token:?} as {changed:?}: {status}"))
    });
    for (path, field, token) in wires {
        assert_eq!(anon.post(path, json!({field: token})).status, 200, "{path}");
    }
}

#[test]
fn a_link_is_followed_to_the_letter_alone() {
    let server = Server::start();
    issued(&server);
    let user = server.owner.find_user("ada").unwrap();
    let account = server.owner.account(user.id).unwrap();
    let life = chrono::TimeDelta::days(1);
    let (link, reset) = (server.owner.make_link(&account), server.owner.make_reset_token(&account));
    assert!(server.owner.follow_link(user.id, &link, life).is_ok());
    assert!(server.owner.follow_reset_token(server.owner.account(user.id).unwrap(), &reset, life).is_ok());
    let base = server.owner.make_verification_link("/verify-email/1/x", &user, life);
    let (path, query) = base.split_once('?').unwrap();
    assert!(server.owner.is_signed(path, query), "{base}");
    hold(3_000, &(0..3_u8, change(LETTERS)), |(which, change)| {
        let text = [&link, &reset, query][usize::from(which)];
        let changed = change.of(text);
        if changed == *text {
            return Ok(());
        }
        let holds = match which {
            0 => server.owner.follow_link(user.id, &changed, life).is_ok(),
            1 => {
                let account = server.owner.account(user.id).unwrap();
                server.owner.follow_reset_token(account, &changed, life).is_ok()
            }
            _ => server.owner.is_signed(path, &changed),
        };
        ensure(!holds, || format!("{text:?} as {changed:?}"))
    });
}
