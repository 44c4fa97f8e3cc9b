//! `activation/`, `resend_activation/`, and accounts that wait for them.

use countersign_core::Registration;
use serde_json::json;

use crate::common::{DEAD, Link, ME, PASSWORD, STALE, Site, WRONG};

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
fn whom_the_owner_disabled_gets_no_activation_mail_and_no_link_enables_them() {
    let site = Site::with(ON);
    let owner = &site.server.owner;
    site.register("ada");
    let ada = owner.find_user("ada").unwrap().id;
    let waiting = site.mailed("ada@example.org", 1);
    // Also somebody who waits for the mail may be disabled; then the link that is on its way is dead.
    let disabled = owner.set_active(ada, false).unwrap();
    let dead = |link: &Link| assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (400, DEAD));
    dead(&waiting);
    assert_eq!(site.anon.post(RESEND, json!({"email": "ada@example.org"})).whole(), (204, ""));
    // A link that is made all the same is good for nothing.
    let account = owner.account(ada).unwrap();
    dead(&Link { uid: waiting.uid.clone(), token: owner.make_link(&account) });
    assert_eq!(owner.user(ada).unwrap(), disabled);

    // Enabled again, and no longer to be activated: the links from before stay dead.
    owner.set_active(ada, true).unwrap();
    dead(&waiting);
    assert_eq!(site.log_in("ada", PASSWORD).status, 200);
    site.register("bob");
    site.mailed("bob@example.org", 1);
    let activation = "Account activation on auth.example.org";
    let mails = site.mails_before("bob@example.org");
    assert_eq!(mails, [format!("ada@example.org: {activation}"), format!("bob@example.org: {activation}")]);
}

#[test]
fn whoever_was_enabled_by_the_owner_and_changes_the_address_activates_it() {
    let site = Site::with(ON);
    site.register("ada");
    let ada = site.server.owner.find_user("ada").unwrap().id;
    for active in [false, true] {
        site.server.owner.set_active(ada, active).unwrap();
    }
    let actor = site.logged_in("ada", PASSWORD);
    let changed = actor.send("PATCH", ME, Some("application/json"), r#"{"email":"new@example.org"}"#);
    assert_eq!(changed.whole(), (200, r#"{"email":"new@example.org","id":1,"username":"ada"}"#));
    assert_eq!(site.anon.post(RESEND, json!({"email": "new@example.org"})).whole(), (204, ""));
    let link = site.mailed("new@example.org", 2);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (204, ""));
    assert_eq!(actor.get(ME).status, 200);
}

#[test]
fn a_member_of_staff_who_changes_a_disabled_users_address_sends_them_no_link() {
    let site = Site::with(ON);
    let owner = &site.server.owner;
    for name in ["ada", "root"] {
        site.register(name);
        site.mailed(&format!("{name}@example.org"), 1);
        owner.set_active(owner.find_user(name).unwrap().id, name == "root").unwrap();
    }
    site.server.tamper("UPDATE users SET is_staff = 1 WHERE username = 'root'");
    let root = site.logged_in("root", PASSWORD);
    for email in ["new@example.org", "new@example.org"] {
        let body = json!({"email": email}).to_string();
        let changed = root.send("PATCH", "/auth/users/1/", Some("application/json"), &body);
        assert_eq!(changed.whole(), (200, r#"{"email":"new@example.org","id":1,"username":"ada"}"#));
    }
    site.register("bob");
    let mails = site.mails_before("bob@example.org");
    assert!(!mails.iter().any(|mail| mail.starts_with("new@example.org")), "{mails:?}");
    let ada = owner.find_user("ada").unwrap();
    assert_eq!((ada.is_active, ada.is_suspended), (false, true));
}

#[test]
fn a_user_whom_the_owner_added_inactive_activates_by_a_mail() {
    let site = Site::with(ON);
    let email = Some("ada@example.org".to_owned());
    let registration = Registration {
        username: Some("ada".to_owned()),
        email,
        is_active: false,
        ..Registration::new(PASSWORD.into())
    };
    site.server.owner.register(&registration).unwrap();
    let link = site.link(RESEND, 1);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (204, ""));
    assert_eq!(site.log_in("ada", PASSWORD).status, 200);
}

#[test]
fn without_activation_there_is_nothing_to_send_again() {
    let (site, _ada) = Site::with_ada("");
    let answer = site.anon.post(RESEND, json!({"email": "ada@example.org"}));
    assert_eq!((answer.whole(), answer.header("Content-Type")), ((400, ""), ""));
    let malformed = r#"{"email":["Enter a valid email address."]}"#;
    assert_eq!(site.anon.post(RESEND, json!({"email": "x"})).whole(), (400, malformed));
}
