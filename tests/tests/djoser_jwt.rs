//! Simple JWT at Djoser's mount, statement by statement.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use countersign_core::{Digest, Secret, TokenKind, UserId, store::TokenStore as _};
use countersign_tests::{Actor, Answer, Server, server::noon};
use serde_json::{Value, json};

const PASSWORD: &str = "Zx9-quokka-77";
const CREATE: &str = "/auth/jwt/create/";
const REFRESH: &str = "/auth/jwt/refresh/";
const VERIFY: &str = "/auth/jwt/verify/";
const LOGIN: &str = "/auth/token/login/";
const LOGOUT: &str = "/auth/token/logout/";
const ME: &str = "/auth/users/me/";
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");

const ADA: &str = r#"{"email":"","id":1,"username":"ada"}"#;
const BEARER: &str = r#"Bearer realm="api""#;
const NO_ACCOUNT: &str = r#"{"detail":"No active account found with the given credentials"}"#;
const NO_ACCOUNT_FOR_TOKEN: &str = r#"{"detail":"No active account found for the given token."}"#;
const INVALID: &str = r#"{"detail":"Token is invalid","code":"token_not_valid"}"#;
const EXPIRED: &str = r#"{"detail":"Token is expired","code":"token_not_valid"}"#;
const NO_CREDENTIALS: &str = r#"{"detail":"Authentication credentials were not provided."}"#;
const INACTIVE: &str = r#"{"detail":"User is inactive","code":"user_inactive"}"#;
const NOT_FOUND: &str = r#"{"detail":"User not found","code":"user_not_found"}"#;

/// What a view says to a token that is no access token.
fn not_valid(message: &str) -> String {
    format!(
        r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{{"token_class":"AccessToken","token_type":"access","message":"{message}"}}]}}"#
    )
}

struct Pair {
    refresh: String,
    access: String,
}

fn register(anon: &Actor, name: &str) {
    assert_eq!(anon.post("/auth/users/", json!({"username": name, "password": PASSWORD})).status, 201);
}

fn create(anon: &Actor, name: &str) -> Pair {
    let answer = anon.post(CREATE, json!({"username": name, "password": PASSWORD}));
    let pair = Pair { refresh: answer.text("refresh"), access: answer.text("access") };
    let whole = format!(r#"{{"refresh":"{}","access":"{}"}}"#, pair.refresh, pair.access);
    assert_eq!(answer.whole(), (200, whole.as_str()));
    pair
}

fn refresh(anon: &Actor, token: &str) -> Answer {
    anon.post(REFRESH, json!({"refresh": token}))
}

fn verify(anon: &Actor, token: &str) -> Answer {
    anon.post(VERIFY, json!({"token": token}))
}

/// A server where ada is registered and logged in with a pair.
fn with_ada(configuration: &str) -> (Server, Actor, Pair) {
    let server = Server::with(configuration);
    let anon = server.anon();
    register(&anon, "ada");
    let pair = create(&anon, "ada");
    (server, anon, pair)
}

/// Nothing accepts any token of the pair any more.
fn assert_dead(server: &Server, pair: &Pair, used: &str, refreshed: &str) {
    let anon = server.anon();
    assert_eq!(server.bearer(&pair.access).get(ME).whole(), (401, used));
    assert_eq!(refresh(&anon, &pair.refresh).whole(), (401, refreshed));
    for token in [&pair.access, &pair.refresh] {
        assert_eq!(verify(&anon, token).whole(), (401, INVALID));
    }
}

/// Header and claims as they are written.
fn opened(token: &str) -> [String; 2] {
    let mut parts =
        token.split('.').map(|part| String::from_utf8(BASE64.decode(part).unwrap_or_default()).unwrap_or_default());
    [parts.next().unwrap(), parts.next().unwrap()]
}

fn jti(token: &str) -> String {
    let claims: Value = serde_json::from_str(&opened(token)[1]).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

const KEY: &str = "forged-Vq3-forged-Kd8-forged-Xz5-forged";

/// HMAC-SHA256 (RFC 2104) under [`KEY`], which is shorter than a block.
fn hmac(message: &str) -> [u8; 32] {
    let mut block = [0; 64];
    block[..KEY.len()].copy_from_slice(KEY.as_bytes());
    let inner = Digest::of(&[block.map(|byte| byte ^ 0x36).as_slice(), message.as_bytes()].concat());
    *Digest::of(&[block.map(|byte| byte ^ 0x5c).as_slice(), inner.as_bytes()].concat()).as_bytes()
}

/// The token with other claims, signed with the server's own key.
fn forged(token: &str, changes: &[(&str, Option<Value>)]) -> String {
    let mut claims: Value = serde_json::from_str(&opened(token)[1]).unwrap();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        members.remove(*name);
        members.extend(value.clone().map(|value| ((*name).to_owned(), value)));
    }
    let message = format!("{}.{}", token.split('.').next().unwrap(), BASE64.encode(claims.to_string()));
    format!("{message}.{}", BASE64.encode(hmac(&message)))
}

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
fn tokens_have_the_claims_of_simplejwt_to_the_letter() {
    let (_server, anon, pair) = with_ada("");
    let now = noon().timestamp();
    let made = refresh(&anon, &pair.refresh).text("access");
    for (token, kind, life) in
        [(&pair.refresh, "refresh", 86_400), (&pair.access, "access", 300), (&made, "access", 300)]
    {
        let jti = jti(token);
        let claims =
            format!(r#"{{"token_type":"{kind}","exp":{},"iat":{now},"jti":"{jti}","user_id":"1"}}"#, now + life);
        assert_eq!(opened(token), [r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(), claims]);
        // A version 4 UUID in hex.
        assert!(jti.len() == 32 && jti.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{jti}");
        assert!(&jti[12..13] == "4" && "89ab".contains(&jti[16..17]), "{jti}");
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
fn the_database_has_neither_token_and_no_digest_that_another_form_looks_for() {
    let (server, anon, pair) = with_ada("");
    let row = server.store.tokens_of(UserId(1), Some(TokenKind::Jwt)).unwrap().remove(0);
    for token in [&pair.access, &pair.refresh] {
        assert_ne!(row.digest, Digest::of(token.as_bytes()));
        assert!(
            !token.contains(row.family.as_deref().unwrap()) && !jti(token).contains(row.family.as_deref().unwrap())
        );
    }
    assert_eq!(row.sealed, None);
    // The hotel API at the same prefix signs with the same key, and each takes its own form alone.
    assert_eq!(anon.post("/auth/refresh", json!({"refresh_token": pair.refresh})).status, 401);
    assert_eq!(server.bearer(&pair.access).get("/auth/me").status, 401);
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("access_token");
    assert_eq!(server.bearer(&hotel).get(ME).whole(), (401, not_valid("Token has no type").as_str()));
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
fn who_does_not_log_in_is_told_with_simplejwts_challenge() {
    let (server, anon, _) = with_ada("");
    server.owner.set_active(UserId(1), false).unwrap();
    register(&anon, "bob");
    for (name, password) in [("ada", PASSWORD), ("nobody", PASSWORD), ("bob", "wrong"), ("BOB", PASSWORD)] {
        let answer = anon.post(CREATE, json!({"username": name, "password": password}));
        assert_eq!(answer.whole(), (401, NO_ACCOUNT), "{name}");
        assert_eq!((answer.header("WWW-Authenticate"), answer.header("Allow")), (BEARER, "POST, OPTIONS"));
    }
    assert_eq!(anon.post(CREATE, json!({"username": " bob ", "password": format!(" {PASSWORD} ")})).status, 200);
}

#[test]
fn whatever_the_header_holds_is_not_read_here() {
    let (_server, anon, pair) = with_ada("");
    for header in ["Bearer x y z", "Bearer", "Token", "Token x", "Token a b", "JWT a.b.c", "Basic YTpi"] {
        let actor = anon.with("Authorization", header);
        assert_eq!(actor.post(CREATE, json!({"username": "ada", "password": PASSWORD})).status, 200, "{header}");
        assert_eq!(refresh(&actor, &pair.refresh).status, 200, "{header}");
        assert_eq!(verify(&actor, &pair.access).whole(), (200, "{}"), "{header}");
        assert_eq!(actor.get(VERIFY).whole(), (405, r#"{"detail":"Method \"GET\" not allowed."}"#), "{header}");
    }
}

#[test]
fn bodies_may_be_json_or_a_form_and_paths_without_their_slash() {
    let (_server, anon, pair) = with_ada("");
    let login = format!("username=ada&password={PASSWORD}");
    assert_eq!(anon.send("POST", "/auth/jwt/create", FORM, &login).status, 200);
    assert_eq!(anon.send("POST", "/auth/jwt/refresh", FORM, &format!("refresh={}", pair.refresh)).status, 200);
    assert_eq!(anon.send("POST", "/auth/jwt/verify", FORM, &format!("token={}", pair.access)).whole(), (200, "{}"));
    let multipart =
        format!("--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n{}\r\n--b--\r\n", pair.access);
    assert_eq!(anon.send("POST", VERIFY, Some("multipart/form-data; boundary=b"), &multipart).whole(), (200, "{}"));
    assert_eq!(verify(&anon, &format!(" {} ", pair.access)).whole(), (200, "{}"));
}

#[test]
fn fields_are_told_by_name() {
    let (_server, anon, _) = with_ada("");
    for (path, body, errors) in [
        (CREATE, "{}", r#"{"username":["This field is required."],"password":["This field is required."]}"#),
        (
            CREATE,
            r#"{"username":"","password":null}"#,
            r#"{"username":["This field may not be blank."],"password":["This field may not be null."]}"#,
        ),
        (CREATE, r#"{"username":true,"password":"x"}"#, r#"{"username":["Not a valid string."]}"#),
        (CREATE, "[]", r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#),
        (REFRESH, "{}", r#"{"refresh":["This field is required."]}"#),
        (REFRESH, r#"{"refresh":"  "}"#, r#"{"refresh":["This field may not be blank."]}"#),
        (REFRESH, r#"{"refresh":{"a":1}}"#, r#"{"refresh":["Not a valid string."]}"#),
        (VERIFY, r#"{"token":null}"#, r#"{"token":["This field may not be null."]}"#),
        (VERIFY, r#"{"token":["x"]}"#, r#"{"token":["Not a valid string."]}"#),
        (
            VERIFY,
            "{",
            r#"{"detail":"JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"}"#,
        ),
    ] {
        assert_eq!(anon.send("POST", path, JSON, body).whole(), (400, errors), "{path} {body}");
    }
    for (path, body) in [(REFRESH, r#"{"refresh":5}"#), (VERIFY, r#"{"token":5.5}"#), (VERIFY, r#"{"token":"a.b.c"}"#)]
    {
        let answer = anon.send("POST", path, JSON, body);
        assert_eq!((answer.whole(), answer.header("WWW-Authenticate")), ((401, INVALID), BEARER), "{path} {body}");
    }
}

#[test]
fn a_token_of_the_other_type_or_under_the_other_scheme_is_refused() {
    let (server, anon, pair) = with_ada("");
    let wrong_type = r#"{"detail":"Token has wrong type","code":"token_not_valid"}"#;
    assert_eq!(refresh(&anon, &pair.access).whole(), (401, wrong_type));
    let used = server.bearer(&pair.refresh).get(ME);
    assert_eq!(used.whole(), (401, not_valid("Token has wrong type").as_str()));
    assert_eq!(used.header("WWW-Authenticate"), "Token");
    let as_token = anon.with("Authorization", &format!("Token {}", pair.access)).get(ME);
    assert_eq!(as_token.whole(), (401, r#"{"detail":"Invalid token."}"#));
    let token = anon.post(LOGIN, json!({"username": "ada", "password": PASSWORD})).text("auth_token");
    assert_eq!(server.bearer(&token).get(ME).whole(), (401, not_valid("Token is invalid").as_str()));
    for scheme in ["bearer", "BEARER", "jwt", "Jwt"] {
        let actor = anon.with("Authorization", &format!("{scheme} {}", pair.access));
        assert_eq!(actor.get(ME).whole(), (401, NO_CREDENTIALS), "{scheme}");
    }
    // Where nobody has to log in a bad token is refused as well.
    let login = server.bearer("a.b.c").post(LOGIN, json!({"username": "ada", "password": PASSWORD}));
    assert_eq!(login.whole(), (401, not_valid("Token is invalid").as_str()));
}

#[test]
fn who_holds_the_key_still_speaks_for_live_logins_alone() {
    let (server, anon, pair) = with_ada(&format!("[jwt]\nsecret = \"{KEY}\""));
    register(&anon, "bob");
    register(&anon, "eve");
    server.owner.set_active(UserId(3), false).unwrap();
    let invalid = not_valid("Token is invalid");
    let no_user = r#"{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}"#;
    let user = |value: Value| [("user_id", Some(value))];
    for (changes, used, refreshed) in [
        (user(json!(1)), (200, ADA), 200),
        (user(json!(" 01 ")), (200, ADA), 200),
        (user(json!("2")), (401, invalid.as_str()), 401),
        (user(json!("3")), (401, INACTIVE), 401),
        (user(json!("4")), (401, NOT_FOUND), 401),
        (user(json!("abc")), (401, no_user), 401),
        ([("user_id", None)], (401, no_user), 401),
        ([("jti", Some(json!("0".repeat(32))))], (401, invalid.as_str()), 401),
        ([("jti", Some(json!("mine")))], (401, invalid.as_str()), 401),
        ([("exp", Some(json!(noon().timestamp() + 10_000_000)))], (200, ADA), 200),
    ] {
        assert_eq!(server.bearer(&forged(&pair.access, &changes)).get(ME).whole(), used, "{changes:?}");
        assert_eq!(refresh(&anon, &forged(&pair.refresh, &changes)).status, refreshed, "{changes:?}");
    }
    for id in ["3", "4"] {
        let answer = refresh(&anon, &forged(&pair.refresh, &user(json!(id))));
        assert_eq!((answer.whole(), answer.header("WWW-Authenticate")), ((401, NO_ACCOUNT_FOR_TOKEN), BEARER), "{id}");
    }
    // `verify` asks neither for the user nor for the type.
    assert_eq!(verify(&anon, &forged(&pair.access, &user(json!("3")))).whole(), (200, "{}"));
    assert_eq!(verify(&anon, &forged(&pair.access, &[("token_type", None), ("user_id", None)])).whole(), (200, "{}"));
    assert_eq!(verify(&anon, &forged(&pair.access, &[("jti", Some(json!("mine")))])).whole(), (401, INVALID));
}

#[test]
fn claims_that_are_missing_are_told_by_name() {
    let (server, anon, pair) = with_ada(&format!("[jwt]\nsecret = \"{KEY}\""));
    for (claim, message) in
        [("exp", "Token has no 'exp' claim"), ("jti", "Token has no id"), ("token_type", "Token has no type")]
    {
        let without = |token: &str| forged(token, &[(claim, None)]);
        let said = format!(r#"{{"detail":"{message}","code":"token_not_valid"}}"#);
        assert_eq!(server.bearer(&without(&pair.access)).get(ME).whole(), (401, not_valid(message).as_str()));
        assert_eq!(refresh(&anon, &without(&pair.refresh)).whole(), (401, said.as_str()));
        let verified = if claim == "token_type" { (200, "{}") } else { (401, said.as_str()) };
        assert_eq!(verify(&anon, &without(&pair.refresh)).whole(), verified);
    }
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
    assert_dead(&server, &again, NOT_FOUND, NO_ACCOUNT_FOR_TOKEN);
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
fn a_mount_without_json_web_tokens_has_no_such_paths_and_reads_no_such_scheme() {
    let server = Server::with("[[mount]]\nadapter = \"djoser\"\njwt = false\n");
    let anon = server.anon();
    register(&anon, "ada");
    let nothing = anon.get("/auth/nothing/");
    for (method, path) in [("POST", CREATE), ("POST", REFRESH), ("GET", VERIFY), ("OPTIONS", VERIFY)] {
        let answer = anon.send(method, path, JSON, "{}");
        assert_eq!(answer.whole(), (404, nothing.body.as_str()), "{method} {path}");
        assert_eq!(answer.header("Content-Type"), nothing.header("Content-Type"));
    }
    for header in ["Bearer a.b.c", "Bearer", "JWT a b"] {
        assert_eq!(anon.with("Authorization", header).get(ME).whole(), (401, NO_CREDENTIALS), "{header}");
        assert_eq!(anon.with("Authorization", header).get("/auth/").status, 200, "{header}");
    }
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

#[test]
fn options_describe_the_three_views() {
    let server = Server::start();
    let rest = r#""renders":["application/json"],"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],"actions":{"POST":"#;
    let field = |name: &str, label: &str| {
        format!(r#""{name}":{{"type":"string","required":true,"read_only":false,"label":"{label}"}}"#)
    };
    let access = r#""access":{"type":"string","required":false,"read_only":true,"label":"Access"}"#;
    for (path, name, description, fields) in [
        (
            CREATE,
            "Token Obtain Pair",
            r"Takes a set of user credentials and returns an access and refresh JSON web\ntoken pair to prove the authentication of those credentials.",
            [field("username", "Username"), field("password", "Password")].join(","),
        ),
        (
            REFRESH,
            "Token Refresh",
            r"Takes a refresh type JSON web token and returns an access type JSON web\ntoken if the refresh token is valid.",
            [field("refresh", "Refresh"), access.to_owned()].join(","),
        ),
        (
            VERIFY,
            "Token Verify",
            r"Takes a token and indicates if it is valid.  This view provides no\ninformation about a token's fitness for a particular use.",
            field("token", "Token"),
        ),
    ] {
        let whole = format!(r#"{{"name":"{name}","description":"{description}",{rest}{{{fields}}}}}}}"#);
        assert_eq!(server.anon().send("OPTIONS", path, None, "").whole(), (200, whole.as_str()));
    }
}
