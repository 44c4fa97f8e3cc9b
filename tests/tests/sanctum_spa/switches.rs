//! The switches of `[laravel]` that leave Laravel's habits: each beside what happens without it.

use countersign_tests::{Answer, Server};
use serde_json::json;

use super::common::{Browser, FRONT_END, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, with_ada};

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn with_ada_and(switch: &str) -> Server {
    let server = Server::with(&format!("[laravel]\n{switch} = true"));
    add_ada(&server);
    server
}

fn token(server: &Server) -> String {
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    server.anon().wants_json().post("/api/auth/token", login).text("token")
}

#[test]
fn the_query_is_input_where_it_is_allowed_to_be() {
    let query = format!("email=ada%40example.org&password={PASSWORD}");
    let path = format!("/api/auth/token?{query}");
    let ask = |server: &Server, path: &str, kind, body: &str| server.anon().wants_json().send("POST", path, kind, body);
    let required = r#"{"message":"The email field is required. (and 1 more error)","errors":{"email":["The email field is required."],"password":["The password field is required."]}}"#;
    let server = with_ada();
    assert_eq!(ask(&server, &path, None, "").whole(), (422, required));
    let server = with_ada_and("query_credentials");
    for (kind, body) in [(None, ""), (JSON, "{}"), (JSON, "["), (FORM, "x=y"), (Some("text/plain"), "x")] {
        assert_eq!(ask(&server, &path, kind, body).status, 200, "{kind:?} {body}");
    }
    // Blanks go as from a body, and not those of a password.
    let blank = path.replace("email=", "email=%20");
    assert_eq!(ask(&server, &blank, None, "").status, 200);
    assert_eq!(ask(&server, &format!("{path}%20"), None, "").status, 422);
    // Whatever the body has, comes first, nothing too.
    let one =
        r#"{"message":"The password field is required.","errors":{"password":["The password field is required."]}}"#;
    for (kind, body) in [(JSON, r#"{"password": null}"#), (JSON, r#"{"password": ""}"#), (FORM, "password=")] {
        assert_eq!(ask(&server, &path, kind, body).whole(), (422, one), "{body}");
    }
    let login = format!(r#"{{"email":"ada@example.org","password":"{PASSWORD}"}}"#);
    assert_eq!(ask(&server, "/api/auth/token?email=nobody@example.org", JSON, &login).status, 200);
    // What comes twice is refused as in a body.
    assert_eq!(ask(&server, &format!("{path}&email=x"), None, "").status, 422);
}

#[test]
fn the_csrf_token_may_stand_in_the_query_only_where_that_is_input() {
    for (server, status) in [(with_ada(), 419), (with_ada_and("query_credentials"), 204)] {
        let browser = Browser::of_ada(&server);
        let clear = server.owner.realm().keys().open("laravel-csrf", &browser.cookies["XSRF-TOKEN"]).unwrap();
        let answer = browser.cookies_only().post(&format!("/logout?_token={clear}"), json!({}));
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(browser.cookies_only().post("/logout?_token=x", json!({})).status, 419);
    }
}

#[test]
fn who_is_not_logged_in_hears_it_in_json() {
    let ask = |server: &Server| {
        let accepts = ["text/html", "*/*", "text/event-stream, application/json"];
        let mut answers: Vec<Answer> =
            accepts.iter().map(|accept| server.anon().with("Accept", accept).get("/api/user")).collect();
        answers.push(server.anon().get("/api/user"));
        answers.push(server.anon().get("/api/tokens"));
        answers.push(server.anon().get("/meta/api-token"));
        answers
    };
    assert!(ask(&with_ada()).iter().all(|answer| answer.status == 302));
    for answer in ask(&with_ada_and("json_unauthenticated")) {
        assert_eq!(answer.whole(), (401, UNAUTHENTICATED));
        assert_eq!((answer.header("Content-Type"), answer.header("WWW-Authenticate")), ("application/json", ""));
    }
}

#[test]
fn a_bearer_token_comes_before_session_and_csrf() {
    let make = json!({"token_name": "another"});
    let server = with_ada();
    let bearer = format!("Bearer {}", token(&server));
    let page = server.anon().wants_json().with("Origin", FRONT_END);
    assert_eq!(page.with("Authorization", &bearer).post("/api/tokens/create", make.clone()).whole(), (419, MISMATCH));

    let server = with_ada_and("bearer_first");
    let bearer = format!("Bearer {}", token(&server));
    let page = server.anon().wants_json().with("Origin", FRONT_END);
    let made = page.with("Authorization", &bearer).post("/api/tokens/create", make.clone());
    assert_eq!((made.status, made.cookies()), (200, vec![]), "{}", made.body);
    // A session behind it is not looked at, and no token opens what needs a session.
    let browser = Browser::of_ada(&server);
    for bad in ["Bearer 1|bad", "bearer x", "Bearer 99|a, Basic x"] {
        let with_session = browser.actor().with("Authorization", bad);
        let answer = with_session.get("/api/user");
        assert_eq!((answer.whole(), answer.cookies()), ((401, UNAUTHENTICATED), vec![]), "{bad}");
        assert_eq!(with_session.post("/api/tokens/create", make.clone()).whole(), (401, UNAUTHENTICATED), "{bad}");
    }
    assert_eq!(
        browser.cookies_only().with("Authorization", &bearer).post("/logout", json!({})).whole(),
        (419, MISMATCH)
    );
    // Without one everything is as it was, a proxy's own scheme too.
    for other in [None, Some("Basic YTpi"), Some(""), Some("Bearer")] {
        let with = |actor: countersign_tests::Actor| match other {
            Some(other) => actor.with("Authorization", other),
            None => actor,
        };
        assert_eq!(with(browser.actor()).get("/api/user").status, 200, "{other:?}");
        let forged = with(browser.cookies_only()).post("/api/tokens/create", make.clone());
        assert_eq!(forged.whole(), (419, MISMATCH), "{other:?}");
    }
}

#[test]
fn a_401_names_the_scheme() {
    for (server, challenge) in [(with_ada(), ""), (with_ada_and("www_authenticate"), "Bearer")] {
        for actor in [server.anon(), server.bearer("1|bad"), server.anon().with("Origin", FRONT_END)] {
            let answer = actor.wants_json().get("/api/user");
            assert_eq!((answer.whole(), answer.header("WWW-Authenticate")), ((401, UNAUTHENTICATED), challenge));
        }
        let others = [server.anon().get("/api/user"), server.anon().wants_json().get("/nowhere")];
        assert_eq!(others.map(|answer| answer.header("WWW-Authenticate").to_owned()), ["", ""]);
    }
}
