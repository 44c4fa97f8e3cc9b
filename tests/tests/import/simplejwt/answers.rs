//! Every recorded token is answered here as there.

use serde_json::{Value, json};

use super::{each, me, refresh, verify};

#[test]
fn without_the_blacklist_app() {
    as_recorded("plain");
}

#[test]
fn with_the_blacklist_app() {
    as_recorded("blacklist");
}

#[test]
fn under_rs256_with_names_of_its_own_and_passwords_that_count() {
    as_recorded("rs256");
}

/// Who she is and `verify` first: a refresh may spend the token.
fn as_recorded(profile: &str) {
    each(profile, |moved, server| {
        let anon = server.anon();
        for (case, recorded) in moved.recorded.cases() {
            let token = recorded["token"].as_str().unwrap();
            for (name, ask) in [("me", me as fn(_, _) -> _), ("verify", verify), ("refresh", refresh)] {
                let answer = ask(&anon, token);
                let expected = &recorded[name];
                if expected["status"] == json!(500) {
                    assert_eq!(answer.status, 401, "{case}: {name}: {}", answer.body);
                    continue;
                }
                let told = json!({"status": answer.status, "body": without_tokens(&answer.json(), answer.status)});
                assert_eq!(&told, expected, "{profile}: {case}: {name}");
            }
        }
    });
}

fn without_tokens(body: &Value, status: u16) -> Value {
    let mut told = body.clone();
    for name in ["access", "refresh"] {
        if status == 200 && body[name].is_string() {
            told[name] = json!(format!("<{name}>"));
        }
    }
    told
}
