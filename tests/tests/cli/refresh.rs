//! What the log says of a refresh token that came back.

use countersign_tests::sandbox;
use serde_json::json;

#[test]
fn a_spent_refresh_token_that_comes_back_is_logged_without_being_shown() {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__JWT__ROTATE_REFRESH", "true");
    sandbox.set("COUNTERSIGN__JWT__REFRESH_GRACE", "0s");
    sandbox.add("ada");
    let server = sandbox.serve();
    let refresh = |token: &str| server.anon().post("/auth/refresh", json!({"refresh_token": token}));
    let login = server.anon().post("/auth/login", json!({"identifier": "ada", "password": "password"}));
    let first = login.text("refresh_token");
    let second = refresh(&first).text("refresh_token");
    assert_eq!((refresh(&first).status, refresh(&second).status), (401, 401));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("a spent refresh token came back: its login was ended"));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("WARN") && line.contains("user") && line.contains("127.0.0.1"), "{line}");
    assert!(!log.contains(&first) && !log.contains(&second), "{log}");
}
