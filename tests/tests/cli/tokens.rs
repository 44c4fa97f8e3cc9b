//! `countersign token`.

use countersign_tests::sandbox;
use serde_json::{Value, json};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}

#[test]
fn a_token_is_printed_once_and_never_again() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let token = sandbox.done(&["token", "issue", "ada", "--name", "ci"]);
    let secret = token.trim_end().strip_prefix("1|").unwrap_or_else(|| panic!("no Sanctum token: {token}"));
    assert_eq!(secret.len(), 48, "{token}");
    for command in [["token", "list", "ada"].as_slice(), &["token", "list", "ada", "--json"], &["user", "show", "ada"]]
    {
        assert!(!sandbox.done(command).contains(secret), "{command:?}");
    }
}

#[test]
fn a_token_is_listed_with_its_name_abilities_and_end() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    let issue =
        ["token", "issue", "ada", "--name", "ci", "--ability", "deploy", "--ability", "read", "--expires", "90d"];
    let mut issued = parsed(&sandbox.done(&[issue.as_slice(), &["--json"]].concat()));
    let token = issued.as_object_mut().unwrap().remove("token").unwrap();
    assert!(token.as_str().unwrap().starts_with("1|"), "{token}");
    let listed = parsed(&sandbox.done(&["token", "list", "ada", "--json"]));
    assert_eq!(listed, json!([issued]));
    let moment = |name: &str| listed[0][name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(moment("expires_at") - moment("created_at"), chrono::TimeDelta::days(90));
    let mut rest = listed[0].clone();
    for moment in ["created_at", "expires_at"] {
        rest.as_object_mut().unwrap().remove(moment);
    }
    assert_eq!(
        rest,
        json!({
            "id": 1, "kind": "sanctum", "user_id": 1, "name": "ci", "abilities": ["deploy", "read"],
            "last_used_at": null,
        })
    );
}

#[test]
fn tokens_are_revoked_one_by_one_and_all_at_once() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    for name in ["one", "two", "three"] {
        sandbox.done(&["token", "issue", "ada", "--name", name]);
    }
    assert_eq!(sandbox.done(&["token", "revoke", "2"]), "revoked token 2\n");
    let again = sandbox.run(&["token", "revoke", "2"]);
    assert_eq!(
        (again.code, again.stdout.as_str(), again.stderr.as_str()),
        (1, "", "countersign: there is no token 2\n")
    );
    assert_eq!(sandbox.done(&["token", "revoke-all", "ada"]), "revoked 2 of user 1\n");
    assert_eq!(parsed(&sandbox.done(&["token", "list", "ada", "--json"])), json!([]));
}

#[test]
fn who_is_disabled_or_unknown_gets_no_token() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    sandbox.done(&["user", "disable", "ada"]);
    let refusals = [
        ("ada", "countersign: user 1 is disabled; enable the user first\n"),
        ("bob", "countersign: there is no user \"bob\"\n"),
    ];
    for (who, refusal) in refusals {
        let ran = sandbox.run(&["token", "issue", who, "--name", "ci"]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", refusal));
    }
}

#[test]
fn what_has_ended_is_pruned() {
    let sandbox = sandbox!();
    sandbox.add("ada");
    sandbox.done(&["token", "issue", "ada", "--name", "short", "--expires", "1s"]);
    sandbox.done(&["token", "issue", "ada", "--name", "long"]);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(sandbox.done(&["token", "prune"]), "deleted 1\n");
    assert_eq!(sandbox.done(&["token", "prune"]), "deleted 0\n");
}
