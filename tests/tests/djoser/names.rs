//! `set_username/`, `reset_username/` and `reset_username_confirm/`.

use serde_json::json;

use crate::common::{DEAD, INVALID_UID, ME, PASSWORD, Site, TAKEN_NAME, USERS, WRONG};

const SET: &str = "/auth/users/set_username/";
const RESET: &str = "/auth/users/reset_username/";
const CONFIRM: &str = "/auth/users/reset_username_confirm/";

#[test]
fn a_name_is_changed_and_compared_as_typed() {
    let (site, ada) = Site::with_ada("");
    let change = |name: &str| ada.post(SET, json!({"new_username": name, "current_password": PASSWORD}));
    assert_eq!(change(" ｕｒｓ ").whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (200, r#"{"email":"ada@example.org","id":1,"username":"ｕｒｓ"}"#));
    assert_eq!(site.log_in("ｕｒｓ", PASSWORD).status, 200);
    for other in ["urs", "ada"] {
        assert_eq!(site.log_in(other, PASSWORD).whole(), (400, WRONG), "{other}");
    }
    let twin = json!({"username": "ｕｒｓ", "password": PASSWORD});
    let taken = r#"{"username":["A user with that username already exists."]}"#;
    assert_eq!(site.anon.post(USERS, twin).whole(), (400, taken));
    assert_eq!(site.anon.post(USERS, json!({"username": "urs", "password": PASSWORD})).status, 201);
    assert_eq!(change("urs").whole(), (400, TAKEN_NAME));
    assert_eq!(change("ａｄａ").whole(), (204, ""));
    assert_eq!(site.anon.post(USERS, json!({"username": "ada", "password": PASSWORD})).status, 201);
}

#[test]
fn ones_own_name_is_taken_and_every_error_is_told() {
    let (site, ada) = Site::with_ada("");
    site.register("bob");
    for (body, answer) in [
        (json!({"new_username": "ada", "current_password": PASSWORD}), TAKEN_NAME),
        (json!({"new_username": "BOB@example.org", "current_password": PASSWORD}), TAKEN_NAME),
        (
            json!({"new_username": "bob", "current_password": "wrong"}),
            r#"{"current_password":["Invalid password."],"new_username":["A user with that username already exists."]}"#,
        ),
        (json!({}), r#"{"current_password":["This field is required."],"new_username":["This field is required."]}"#),
        (
            json!({"new_username": "a b", "current_password": ""}),
            r#"{"current_password":["This field may not be blank."],"new_username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]}"#,
        ),
    ] {
        assert_eq!(ada.post(SET, body.clone()).whole(), (400, answer), "{body}");
    }
    // Whose address it is, only somebody who has shown their password is told.
    for (password, answer) in [
        (json!({"current_password": "wrong"}), r#"{"current_password":["Invalid password."]}"#),
        (json!({}), r#"{"current_password":["This field is required."]}"#),
    ] {
        let mut body = password;
        body["new_username"] = json!("bob@example.org");
        assert_eq!(ada.post(SET, body.clone()).whole(), (400, answer), "{body}");
    }
    let own_address = json!({"new_username": "ada@example.org", "current_password": PASSWORD});
    assert_eq!(ada.post(SET, own_address).whole(), (204, ""));
    assert_eq!(site.log_in("ada@example.org", PASSWORD).status, 200);
    let stranger = r#"{"detail":"Authentication credentials were not provided."}"#;
    assert_eq!(site.anon.post(SET, json!({})).whole(), (401, stranger));
}

#[test]
fn a_name_is_reset_by_a_mailed_link_once() {
    let (site, ada) = Site::with_ada("username_changed_email_confirmation = true");
    site.register("bob");
    let link = site.link(RESET, 1);
    let mail = &site.mailbox.mails()[0];
    assert_eq!(mail.subject, "Username reset on auth.example.org");
    assert!(mail.links[0].starts_with("https://auth.example.org/#/username/reset/confirm/MQ/"), "{:?}", mail.links);
    let confirm = |name: &str| site.anon.post(CONFIRM, link.with(json!({"new_username": name})));
    assert_eq!(confirm("bob").whole(), (400, TAKEN_NAME));
    // Whose address it is, only somebody with a link is told.
    assert_eq!(confirm("bob@example.org").whole(), (400, TAKEN_NAME));
    let guess = json!({"uid": "x", "token": "y", "new_username": "bob@example.org"});
    assert_eq!(site.anon.post(CONFIRM, guess).whole(), (400, INVALID_UID));
    assert_eq!(confirm("eve").whole(), (204, ""));
    assert_eq!(confirm("eva").whole(), (400, DEAD));
    assert_eq!(ada.get(ME).whole(), (200, r#"{"email":"ada@example.org","id":1,"username":"eve"}"#));
    let mails = site.mailbox.wait_for("ada@example.org", 2);
    assert_eq!(mails[1].subject, "auth.example.org - Your username has been successfully changed!");
}

#[test]
fn uid_and_token_are_no_fields_of_the_reset() {
    let (site, _ada) = Site::with_ada("");
    let required = r#"{"new_username":["This field is required."]}"#;
    assert_eq!(site.anon.post(CONFIRM, json!({})).whole(), (400, required));
    assert_eq!(site.anon.post(CONFIRM, json!({"new_username": "x"})).whole(), (400, INVALID_UID));
    for token in [json!(null), json!(""), json!([]), json!(5)] {
        let body = json!({"uid": "MQ", "token": token, "new_username": "x"});
        assert_eq!(site.anon.post(CONFIRM, body).whole(), (400, DEAD), "{token}");
    }
}
