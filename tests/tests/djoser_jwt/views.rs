//! The three views: bodies, headers, words.

use countersign_core::UserId;
use countersign_tests::Server;
use serde_json::json;

use super::common::{
    BEARER, CREATE, FORM, INVALID, JSON, LOGIN, ME, NO_ACCOUNT, NO_CREDENTIALS, PASSWORD, REFRESH, VERIFY, not_valid,
    refresh, register, verify, with_ada,
};

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
