//! Ada, her pairs, and what the views say.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

pub const PASSWORD: &str = "Zx9-quokka-77";
pub const CREATE: &str = "/auth/jwt/create/";
pub const REFRESH: &str = "/auth/jwt/refresh/";
pub const VERIFY: &str = "/auth/jwt/verify/";
pub const LOGIN: &str = "/auth/token/login/";
pub const LOGOUT: &str = "/auth/token/logout/";
pub const ME: &str = "/auth/users/me/";
pub const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
pub const JSON: Option<&str> = Some("application/json");

pub const ADA: &str = r#"{"email":"","id":1,"username":"ada"}"#;
pub const BEARER: &str = r#"Bearer realm="api""#;
pub const NO_ACCOUNT: &str = r#"{"detail":"No active account found with the given credentials"}"#;
pub const NO_ACCOUNT_FOR_TOKEN: &str = r#"{"detail":"No active account found for the given token."}"#;
pub const INVALID: &str = r#"{"detail":"Token is invalid","code":"token_not_valid"}"#;
pub const EXPIRED: &str = r#"{"detail":"Token is expired","code":"token_not_valid"}"#;
pub const NO_CREDENTIALS: &str = r#"{"detail":"Authentication credentials were not provided."}"#;
pub const INACTIVE: &str = r#"{"detail":"User is inactive","code":"user_inactive"}"#;
pub const NOT_FOUND: &str = r#"{"detail":"User not found","code":"user_not_found"}"#;

/// What a view says to a token that is no access token.
pub fn not_valid(message: &str) -> String {
    format!(
        r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{{"token_class":"AccessToken","token_type":"access","message":"{message}"}}]}}"#
    )
}

pub struct Pair {
    pub refresh: String,
    pub access: String,
}

pub fn register(anon: &Actor, name: &str) {
    assert_eq!(anon.post("/auth/users/", json!({"username": name, "password": PASSWORD})).status, 201);
}

pub fn create(anon: &Actor, name: &str) -> Pair {
    let answer = anon.post(CREATE, json!({"username": name, "password": PASSWORD}));
    let pair = Pair { refresh: answer.text("refresh"), access: answer.text("access") };
    let whole = format!(r#"{{"refresh":"{}","access":"{}"}}"#, pair.refresh, pair.access);
    assert_eq!(answer.whole(), (200, whole.as_str()));
    pair
}

pub fn refresh(anon: &Actor, token: &str) -> Answer {
    anon.post(REFRESH, json!({"refresh": token}))
}

pub fn verify(anon: &Actor, token: &str) -> Answer {
    anon.post(VERIFY, json!({"token": token}))
}

/// A server where ada is registered and logged in with a pair.
pub fn with_ada(configuration: &str) -> (Server, Actor, Pair) {
    let server = Server::with(configuration);
    let anon = server.anon();
    register(&anon, "ada");
    let pair = create(&anon, "ada");
    (server, anon, pair)
}

/// Nothing accepts any token of the pair any more.
pub fn assert_dead(server: &Server, pair: &Pair, used: &str, refreshed: &str) {
    assert_unusable(server, pair, used, refreshed);
    for token in [&pair.access, &pair.refresh] {
        assert_eq!(verify(&server.anon(), token).whole(), (401, INVALID));
    }
}

/// Neither lets anybody in or makes another.
pub fn assert_unusable(server: &Server, pair: &Pair, used: &str, refreshed: &str) {
    assert_eq!(server.bearer(&pair.access).get(ME).whole(), (401, used));
    assert_eq!(refresh(&server.anon(), &pair.refresh).whole(), (401, refreshed));
}

/// Header and claims as they are written.
pub fn opened(token: &str) -> [String; 2] {
    let mut parts =
        token.split('.').map(|part| String::from_utf8(BASE64.decode(part).unwrap_or_default()).unwrap_or_default());
    [parts.next().unwrap(), parts.next().unwrap()]
}

pub fn jti(token: &str) -> String {
    let claims: Value = serde_json::from_str(&opened(token)[1]).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}
