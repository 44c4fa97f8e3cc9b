//! How logins begin, live and end.

use chrono::TimeDelta;
use countersign_core::{Secret, TokenKind, UserId};
use countersign_tests::{Server, server::noon};
use serde_json::json;

use super::common::{
    ADA, EXPIRED, INACTIVE, INVALID, JSON, LOGIN, LOGOUT, ME, NO_ACCOUNT_FOR_TOKEN, NOT_FOUND, PASSWORD, assert_dead,
    assert_unusable, create, jti, not_valid, refresh, register, verify, with_ada,
};

#[test]
fn a_pair_is_created_used_refreshed_and_verified_on_every_database() {
    for server in Server::each() {
        let anon = server.anon();
        register(&anon, "ada");
        let pair = create(&anon, "ada");
        for scheme in ["Bearer", "JWT"] {
            let ada = anon.with("Authorization", &format!("{scheme} {}", pair.access));
            assert_eq!(ada.get(ME).whole(), (200, ADA), "{} {scheme}", server.backend);
        }
        for _ in 0..2 {
            let answer = refresh(&anon, &pair.refresh);
            let access = answer.text("access");
            assert_eq!(answer.whole(), (200, format!(r#"{{"access":"{access}"}}"#).as_str()), "{}", server.backend);
            assert_ne!(jti(&access), jti(&pair.access));
            assert_eq!(server.bearer(&access).get(ME).whole(), (200, ADA), "{}", server.backend);
        }
        for token in [&pair.access, &pair.refresh] {
            assert_eq!(verify(&anon, token).whole(), (200, "{}"), "{}", server.backend);
        }
        assert_eq!(server.owner.tokens(UserId(1), Some(TokenKind::Jwt)).unwrap().len(), 1, "{}", server.backend);
    }
}

#[test]
fn every_login_has_a_pair_of_its_own_which_ends_alone() {
    let (server, anon, first) = with_ada("");
    let second = create(&anon, "ada");
    let rows = server.owner.tokens(UserId(1), Some(TokenKind::Jwt)).unwrap();
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["djoser", "djoser"]);
    server.owner.revoke(rows[0].id, None).unwrap();
    assert_dead(&server, &first, &not_valid("Token is invalid"), INVALID);
    assert_eq!(server.bearer(&second.access).get(ME).whole(), (200, ADA));
    assert_eq!(refresh(&anon, &second.refresh).status, 200);
}

#[test]
fn tokens_end_after_their_lives() {
    let (server, anon, pair) = with_ada("");
    server.wait(TimeDelta::seconds(299));
    assert_eq!(server.bearer(&pair.access).get(ME).status, 200);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(server.bearer(&pair.access).get(ME).whole(), (401, not_valid("Token is expired").as_str()));
    assert_eq!(verify(&anon, &pair.access).whole(), (401, EXPIRED));
    server.wait(TimeDelta::seconds(86_400 - 301));
    let last = refresh(&anon, &pair.refresh).text("access");
    server.wait(TimeDelta::seconds(1));
    assert_eq!(refresh(&anon, &pair.refresh).whole(), (401, EXPIRED));
    // What the refresh token made in its last second has its whole life.
    server.wait(TimeDelta::seconds(298));
    assert_eq!(server.bearer(&last).get(ME).status, 200);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(server.bearer(&last).get(ME).status, 401);
}

#[test]
fn lives_are_options_of_the_mount() {
    let options = "access_token_lifetime = \"10s\"\nrefresh_token_lifetime = \"1m\"\n";
    let (server, anon, pair) = with_ada(&format!("[[mount]]\nadapter = \"djoser\"\n{options}"));
    server.wait(TimeDelta::seconds(10));
    assert_eq!(server.bearer(&pair.access).get(ME).status, 401);
    assert_eq!(refresh(&anon, &pair.refresh).status, 200);
    server.wait(TimeDelta::seconds(50));
    assert_eq!(refresh(&anon, &pair.refresh).whole(), (401, EXPIRED));
}

#[test]
fn the_owner_ends_logins_and_a_changed_password_does_not() {
    let (server, anon, pair) = with_ada("");
    let change = json!({"current_password": PASSWORD, "new_password": "Wy8-numbat-66"});
    assert_eq!(server.bearer(&pair.access).post("/auth/users/set_password/", change).status, 204);
    assert_eq!(server.bearer(&pair.access).get(ME).whole(), (200, ADA));
    assert_eq!(refresh(&anon, &pair.refresh).status, 200);
    server.owner.recover(UserId(1), &Secret::from(PASSWORD)).unwrap();
    assert_dead(&server, &pair, &not_valid("Token is invalid"), INVALID);
}

#[test]
fn a_disabled_and_a_deleted_user_are_told_so() {
    let (server, anon, pair) = with_ada("");
    assert_eq!(server.bearer(&pair.access).get(ME).status, 200);
    server.owner.set_active(UserId(1), false).unwrap();
    assert_dead(&server, &pair, INACTIVE, NO_ACCOUNT_FOR_TOKEN);
    server.owner.set_active(UserId(1), true).unwrap();
    assert_dead(&server, &pair, &not_valid("Token is invalid"), INVALID);
    let again = create(&anon, "ada");
    let gone =
        server.bearer(&again.access).send("DELETE", ME, JSON, &json!({"current_password": PASSWORD}).to_string());
    assert_eq!(gone.whole(), (204, ""));
    assert_unusable(&server, &again, NOT_FOUND, NO_ACCOUNT_FOR_TOKEN);
    // simplejwt does not ask for the user here.
    assert_eq!(verify(&anon, &again.access).whole(), (200, "{}"));
    // It would say so of this one too; here it cannot be told from the one before it, which was revoked.
    assert_eq!(verify(&anon, &again.refresh).whole(), (401, INVALID));
    assert_eq!(verify(&anon, &pair.refresh).whole(), (401, INVALID));
}

#[test]
fn a_logout_with_a_json_web_token_deletes_the_users_token_and_no_other() {
    let (server, anon, pair) = with_ada("");
    let token = anon.post(LOGIN, json!({"username": "ada", "password": PASSWORD})).text("auth_token");
    let ada = anon.with("Authorization", &format!("Token {token}"));
    assert_eq!(ada.get(ME).whole(), (200, ADA));
    assert_eq!(server.bearer(&pair.access).post_empty(LOGOUT).whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (401, r#"{"detail":"Invalid token."}"#));
    assert_eq!(server.bearer(&pair.access).get(ME).whole(), (200, ADA));
    assert_eq!(server.bearer(&pair.access).post_empty(LOGOUT).whole(), (204, ""));
    // And the other way round.
    let token = anon.post(LOGIN, json!({"username": "ada", "password": PASSWORD})).text("auth_token");
    assert_eq!(anon.with("Authorization", &format!("Token {token}")).post_empty(LOGOUT).whole(), (204, ""));
    assert_eq!(refresh(&anon, &pair.refresh).status, 200);
}

#[test]
fn a_pair_does_not_count_as_a_login() {
    let (server, anon, _) = with_ada("");
    assert_eq!(server.owner.user(UserId(1)).unwrap().last_login_at, None);
    assert_eq!(anon.post(LOGIN, json!({"username": "ada", "password": PASSWORD})).status, 200);
    assert_eq!(server.owner.user(UserId(1)).unwrap().last_login_at, Some(noon()));
}

#[test]
fn beside_any_strategy_there_are_pairs() {
    for strategy in ["sanctum_pat", "jwt_pair"] {
        let (server, anon, pair) = with_ada(&format!("[[mount]]\nadapter = \"djoser\"\nstrategy = \"{strategy}\"\n"));
        assert_eq!(server.bearer(&pair.access).get(ME).whole(), (200, ADA), "{strategy}");
        let as_token = anon.with("Authorization", &format!("Token {}", pair.access));
        assert_eq!(as_token.get(ME).status, if strategy == "jwt_pair" { 200 } else { 401 }, "{strategy}");
        let token = anon.post(LOGIN, json!({"username": "ada", "password": PASSWORD})).text("auth_token");
        // A token of its own ends with the logout that came with it.
        assert_eq!(server.bearer(&pair.access).post_empty(LOGOUT).whole(), (204, ""), "{strategy}");
        assert_dead(&server, &pair, &not_valid("Token is invalid"), INVALID);
        assert_eq!(anon.with("Authorization", &format!("Token {token}")).get(ME).status, 200, "{strategy}");
    }
}
