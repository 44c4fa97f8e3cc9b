//! `activation/`, `resend_activation/`, and accounts that wait for them.

use serde_json::json;

use crate::common::{DEAD, ME, PASSWORD, STALE, Site, WRONG};

const ACTIVATE: &str = "/auth/users/activation/";
const RESEND: &str = "/auth/users/resend_activation/";
const ON: &str = "send_activation_email = true\nsend_confirmation_email = true";

#[test]
fn a_new_user_logs_in_once_the_link_was_followed() {
    let site = Site::with(ON);
    let created = r#"{"email":"ada@example.org","username":"ada","id":1}"#;
    assert_eq!(site.register("ada").whole(), (201, created));
    assert_eq!(site.log_in("ada", PASSWORD).whole(), (400, WRONG));
    let link = site.mailed("ada@example.org", 1);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (204, ""));
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (403, STALE));
    assert_eq!(site.log_in("ada", PASSWORD).status, 200);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (400, DEAD));
    let mails = site.mailbox.wait_for("ada@example.org", 2);
    assert_eq!(mails[0].subject, "Account activation on auth.example.org");
    let url = &mails[0].links[0];
    assert_eq!(
        mails[0].text.trim_end(),
        format!(
            "You're receiving this email because you need to finish activation process on auth.example.org.\n\n\
             Please go to the following page to activate account:\n{url}\n\nThanks for using our site!\n\n\
             The auth.example.org team"
        )
    );
    assert_eq!(
        mails[0].html.as_deref().unwrap().trim_end(),
        format!(
            "<p>You're receiving this email because you need to finish activation process on auth.example.org.</p>\n\n\
             <p>Please go to the following page to activate account:</p>\n<p><a href=\"{url}\">{url}</a></p>\n\n\
             <p>Thanks for using our site!</p>\n\n<p>The auth.example.org team</p>"
        )
    );
    assert_eq!(mails[1].subject, "auth.example.org - Your account has been successfully created and activated!");
}

#[test]
fn another_address_switches_the_account_off_and_the_token_on_again_with_it() {
    let site = Site::with(ON);
    site.register("ada");
    let activate = |count| site.anon.post(ACTIVATE, site.mailed("ada@example.org", count).with(json!({})));
    assert_eq!(activate(1).whole(), (204, ""));
    let ada = site.logged_in("ada", PASSWORD);
    let patch = |email: &str| ada.send("PATCH", ME, Some("application/json"), &json!({"email": email}).to_string());
    assert_eq!(patch("ada@example.org").status, 200);
    assert_eq!(ada.get(ME).status, 200);
    let changed = r#"{"email":"new@example.org","id":1,"username":"ada"}"#;
    assert_eq!(patch("new@example.org").whole(), (200, changed));
    assert_eq!(ada.get(ME).whole(), (401, r#"{"detail":"User inactive or deleted."}"#));
    let link = site.mailed("new@example.org", 1);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (200, changed));
}

#[test]
fn the_mail_is_sent_again_to_whoever_waits_for_it() {
    let site = Site::with(ON);
    site.register("ada");
    site.mailed("ada@example.org", 1);
    for nobody in ["nobody@example.org", "ADA@example.org"] {
        assert_eq!(site.anon.post(RESEND, json!({"email": nobody})).whole(), (204, ""));
    }
    let link = site.link(RESEND, 2);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (204, ""));
    assert_eq!(site.anon.post(RESEND, json!({"email": "ada@example.org"})).whole(), (204, ""));
    let told = site.mailbox.wait_for("ada@example.org", 3);
    assert!(told[2].subject.ends_with("successfully created and activated!"), "{told:?}");
}

#[test]
fn without_activation_there_is_nothing_to_send_again() {
    let (site, _ada) = Site::with_ada("");
    let answer = site.anon.post(RESEND, json!({"email": "ada@example.org"}));
    assert_eq!((answer.whole(), answer.header("Content-Type")), ((400, ""), ""));
    let malformed = r#"{"email":["Enter a valid email address."]}"#;
    assert_eq!(site.anon.post(RESEND, json!({"email": "x"})).whole(), (400, malformed));
}
