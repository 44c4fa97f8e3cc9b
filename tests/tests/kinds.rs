//! No kind of credential passes for another: everything that is handed out is shown at every door.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "kinds/abilities.rs"]
mod abilities;
#[path = "kinds/doors.rs"]
mod doors;
#[path = "kinds/world.rs"]
mod world;

use chrono::TimeDelta;
use countersign_core::{Digest, TokenKind, store::TokenStore as _};
use countersign_tests::Server;
use doors::DOORS;
use serde_json::json;
use world::{JWT, PASSWORD, World, jti};

/// What is shown, where it comes from, and the only doors that it opens. What opens a link's door ends it, and the sessions
/// as well: so each is made when it is shown, the links last.
type Kind = (&'static str, fn(&World) -> String, &'static [&'static str]);

const KINDS: &[Kind] = &[
    (
        "djoser's token",
        |world| world.djoser(),
        &["djoser, Token", "verify, Token", "introspect, asked about", "introspect, Token"],
    ),
    (
        "simplejwt's access token",
        |world| world.simple().0,
        &[
            "djoser, Bearer",
            "djoser, JWT",
            "jwt/verify/",
            "verify, Bearer",
            "introspect, asked about",
            "introspect, Bearer",
        ],
    ),
    (
        "simplejwt's refresh token",
        |world| world.simple().1,
        &["jwt/refresh/", "jwt/verify/", "introspect, asked about"],
    ),
    (
        "hotel's access token",
        |world| world.hotel().0,
        &["hotel", "verify, Bearer", "introspect, asked about", "introspect, Bearer"],
    ),
    ("hotel's refresh token", |world| world.hotel().1, &["hotel's refresh", "introspect, asked about"]),
    ("sanctum's token", |world| world.sanctum(), SANCTUM),
    ("the secret of sanctum's token", |world| world.sanctum().split_once('|').unwrap().1.to_owned(), SANCTUM),
    ("minimal's token", |world| world.minimal(), SANCTUM),
    ("the api-token of a page", |world| world.page().api_token, SANCTUM),
    ("a session's cookie", |world| world.page().session, &["a session"]),
    ("the CSRF token of the session that is asked about", |world| world.asked.csrf.clone(), &["CSRF"]),
    ("another session's CSRF token", |world| world.page().csrf, &[]),
    ("a remembered device's cookie", |world| world.page().device, &["a remembered device"]),
    ("the jti of an access token", |world| jti(&world.simple().0), &[]),
    ("the jti of a refresh token", |world| jti(&world.simple().1), &[]),
    ("the password", |_| PASSWORD.to_owned(), &[]),
    ("the link that confirms the address", |world| world.confirmation(), &["a confirmation"]),
    // Djoser's links are one kind, whatever they were mailed for.
    ("djoser's link, for another name", |world| world.name_link(), &["djoser's link"]),
    ("laravel's link to a password", |world| world.laravel_link(), &["laravel's link"]),
    ("djoser's link, for another password", |world| world.password_link(), &["djoser's link"]),
];

const SANCTUM: &[&str] = &[
    "sanctum",
    "the socket",
    "the socket, as subprotocol",
    "verify, Bearer",
    "introspect, asked about",
    "introspect, Bearer",
];

#[test]
fn each_kind_opens_its_own_doors_and_no_other() {
    let mut world = World::new();
    for (kind, make, own) in KINDS {
        // Some doors open six times a minute.
        world.server.wait(TimeDelta::minutes(1));
        world.renew();
        let shown = make(&world);
        let opened: Vec<&str> = DOORS.iter().filter(|(_, door)| door(&world, &shown)).map(|(name, _)| *name).collect();
        let own: Vec<&str> = DOORS.iter().map(|(name, _)| *name).filter(|name| own.contains(name)).collect();
        assert_eq!(opened, own, "{kind}");
    }
    assert_eq!(world.anon.get("/health/live").status, 200);
}

#[test]
fn no_text_that_anybody_can_read_off_a_token_is_looked_up_as_a_refresh_token() {
    let server = Server::with(JWT);
    let anon = server.anon();
    assert_eq!(anon.post("/auth/users/", json!({"username": "ada", "password": PASSWORD})).status, 201);
    let pair = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD}));
    for token in [pair.text("access"), pair.text("refresh")] {
        for prefix in ["", "simplejwt", "simplejwt\0"] {
            let digest = Digest::of(format!("{prefix}{}", jti(&token)).as_bytes());
            assert!(server.store.token_by_digest(TokenKind::Jwt, &digest).unwrap().is_none(), "{prefix:?}");
        }
    }
}
