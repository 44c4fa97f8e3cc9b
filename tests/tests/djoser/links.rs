//! `reset_password/`, `reset_password_confirm/`, and what a link is good for.

use std::{sync::Barrier, thread};

use chrono::TimeDelta;
use countersign_core::{AuthError, UserId};
use serde_json::json;

use crate::common::{DEAD, INVALID_UID, ME, NEW_PASSWORD, PASSWORD, STALE, Site, USERS, WRONG};

const RESET: &str = "/auth/users/reset_password/";
const CONFIRM: &str = "/auth/users/reset_password_confirm/";
const ACTIVATE: &str = "/auth/users/activation/";
const NAME_CONFIRM: &str = "/auth/users/reset_username_confirm/";

#[test]
fn a_password_is_reset_by_a_mailed_link_once() {
    let (site, ada) = Site::with_ada("");
    let link = site.link(RESET, 1);
    assert_eq!(link.uid, "MQ");
    let again = link.with(json!({"new_password": NEW_PASSWORD}));
    assert_eq!(site.anon.post(CONFIRM, again.clone()).whole(), (204, ""));
    assert_eq!(site.log_in("ada", PASSWORD).whole(), (400, WRONG));
    // Djoser leaves the token alive.
    assert_eq!(ada.get(ME).status, 200);
    assert_eq!(site.anon.post(CONFIRM, again).whole(), (400, DEAD));
    assert_eq!(site.log_in("ada", NEW_PASSWORD).status, 200);
}

#[test]
fn the_mail_is_djosers() {
    let (site, _ada) =
        Site::with_ada("email_frontend_site_name = \"Ada's <shop>\"\nemail_frontend_domain = \"shop.example.org\"");
    let link = site.link(RESET, 1);
    let mail = &site.mailbox.mails()[0];
    assert_eq!(mail.subject, "Password reset on Ada&#x27;s &lt;shop&gt;");
    let url = format!("https://shop.example.org/#/password/reset/confirm/{}/{}", link.uid, link.token);
    assert_eq!(
        mail.text.trim_end(),
        format!(
            "You're receiving this email because you requested a password reset for your user account at \
             Ada&#x27;s &lt;shop&gt;.\n\nPlease go to the following page and choose a new password:\n{url}\n\
             Your username, in case you've forgotten: ada\n\nThanks for using our site!\n\n\
             The Ada&#x27;s &lt;shop&gt; team"
        )
    );
    assert_eq!(
        mail.html.as_deref().unwrap().trim_end(),
        format!(
            "<p>You're receiving this email because you requested a password reset for your user account at \
             Ada&#x27;s &lt;shop&gt;.</p>\n\n<p>Please go to the following page and choose a new password:</p>\n\
             <a href=\"{url}\">{url}</a>\n<p>Your username, in case you've forgotten: <b>ada</b></p>\n\n\
             <p>Thanks for using our site!</p>\n\n<p>The Ada&#x27;s &lt;shop&gt; team</p>"
        )
    );
    let (moment, mac) = link.token.split_once('-').unwrap();
    let is = |text: &str, digits: &str| text.chars().all(|c| digits.contains(c));
    assert!(moment.len() == 6 && is(moment, "0123456789abcdefghijklmnopqrstuvwxyz"), "{moment}");
    assert!(mac.len() == 32 && is(mac, "0123456789abcdef"), "{mac}");
}

#[test]
fn a_link_never_leads_where_a_request_says() {
    let (site, _ada) = Site::with_ada("");
    let evil = site.anon.with("X-Forwarded-Host", "evil.example").with("Forwarded", "host=evil.example");
    assert_eq!(evil.with("Host", "evil.example").post(RESET, json!({"email": "ada@example.org"})).status, 204);
    let mail = &site.mailbox.wait_for("ada@example.org", 1)[0];
    assert!(mail.links[0].starts_with("https://auth.example.org/#/password/reset/confirm/MQ/"), "{:?}", mail.links);
    assert!(!mail.raw.contains("evil"));
}

#[test]
fn whoever_cannot_log_in_gets_no_mail_and_everybody_the_same_answer() {
    let (site, _ada) = Site::with_ada("");
    site.register("gone");
    let gone = site.server.owner.find_user("gone").unwrap();
    site.server.owner.set_active(gone.id, false).unwrap();
    site.register("nopass");
    site.server.tamper("UPDATE users SET password = NULL WHERE username = 'nopass'");
    for address in
        ["nobody@example.org", "gone@example.org", "nopass@example.org", "ADA@example.org", "ada@EXAMPLE.org"]
    {
        assert_eq!(site.anon.post(RESET, json!({"email": address})).whole(), (204, ""), "{address}");
    }
    site.link(RESET, 1);
    assert_eq!(site.mails_before("ada@example.org"), ["ada@example.org: Password reset on auth.example.org"]);
}

#[test]
fn all_who_share_an_address_are_written_to() {
    let (site, _ada) = Site::with_ada("");
    let body = json!({"username": "bob", "password": PASSWORD, "email": "ada@example.org"});
    assert_eq!(site.anon.post(USERS, body).status, 201);
    assert_eq!(site.anon.post(RESET, json!({"email": "ada@example.org"})).whole(), (204, ""));
    site.mailbox.wait_for("ada@example.org", 2);
    let mut uids: Vec<String> = (1..=2).map(|count| site.mailed("ada@example.org", count).uid).collect();
    uids.sort();
    assert_eq!(uids, ["MQ", "Mg"]);
}

#[test]
fn nobody_loses_their_mails_because_others_made_the_address_theirs() {
    let site = Site::with("");
    for number in 0..20 {
        site.register(&format!("eve{number}"));
    }
    site.register("ada");
    site.server.tamper("UPDATE users SET email = 'ada@example.org'");
    assert_eq!(site.anon.post(RESET, json!({"email": "ada@example.org"})).whole(), (204, ""));
    let mails = site.mailbox.wait_for("ada@example.org", 20);
    let readers: Vec<_> = mails.iter().filter(|mail| mail.text.contains(" ada\n")).collect();
    assert_eq!((mails.len(), readers.len()), (20, 1));
}

#[test]
fn of_whoever_is_deleted_meanwhile_the_link_is_dead() {
    let site = Site::with("send_activation_email = true");
    site.register("ada");
    let owner = &site.server.owner;
    let token = site.mailed("ada@example.org", 1).token;
    let linked = owner.follow_link(UserId(1), &token, TimeDelta::days(1)).unwrap();
    owner.delete_user(UserId(1)).unwrap();
    assert!(matches!(owner.activate(&linked), Err(AuthError::WrongCredentials)));
}

#[test]
fn a_link_confirms_the_address_that_it_was_sent_to_and_no_other() {
    let site = Site::with("send_activation_email = true");
    site.register("ada");
    let owner = &site.server.owner;
    let token = site.mailed("ada@example.org", 1).token;
    let linked = owner.follow_link(UserId(1), &token, TimeDelta::days(1)).unwrap();
    // Between the look at the link and its use.
    owner.change_email_to_confirm(UserId(1), Some("victim@example.org")).unwrap();
    assert!(matches!(owner.activate(&linked), Err(AuthError::WrongCredentials)));
    assert!(!owner.user(UserId(1)).unwrap().is_active);
}

#[test]
fn whatever_changes_the_user_ends_a_link() {
    let (site, ada) = Site::with_ada("");
    let mut count = 0;
    let mut dies = |what: &str, how: &dyn Fn()| {
        count += 1;
        let link = site.link(RESET, count);
        site.server.wait(TimeDelta::seconds(1));
        how();
        let body = link.with(json!({"new_password": NEW_PASSWORD}));
        assert_eq!(site.anon.post(CONFIRM, body).whole(), (400, DEAD), "{what}");
    };
    dies("a login", &|| assert_eq!(site.log_in("ada", PASSWORD).status, 200));
    dies("another password", &|| {
        let body = json!({"current_password": PASSWORD, "new_password": PASSWORD});
        assert_eq!(ada.post("/auth/users/set_password/", body).whole(), (204, ""));
    });
    dies("time", &|| site.server.wait(TimeDelta::days(3) + TimeDelta::seconds(1)));
    dies("another address", &|| {
        let body = r#"{"email":"new@example.org"}"#;
        assert_eq!(ada.send("PATCH", ME, Some("application/json"), body).status, 200);
    });
}

#[test]
fn a_link_lives_for_three_days_and_outlives_a_login_with_json_web_tokens() {
    let (site, _ada) = Site::with_ada("");
    let link = site.link(RESET, 1);
    let pair = json!({"username": "ada", "password": PASSWORD});
    assert_eq!(site.anon.post("/auth/jwt/create/", pair).status, 200);
    site.server.wait(TimeDelta::days(3));
    assert_eq!(site.anon.post(CONFIRM, link.with(json!({"new_password": NEW_PASSWORD}))).whole(), (204, ""));
}

#[test]
fn links_are_of_one_kind_and_of_one_user() {
    let (site, _ada) = Site::with_ada("");
    site.register("bob");
    let link = site.link(RESET, 1);
    assert_eq!(site.anon.post(ACTIVATE, link.with(json!({}))).whole(), (403, STALE));
    let body = json!({"uid": "Mg", "token": link.token, "new_password": NEW_PASSWORD});
    assert_eq!(site.anon.post(CONFIRM, body).whole(), (400, DEAD));
    assert_eq!(site.anon.post(NAME_CONFIRM, link.with(json!({"new_username": "eve"}))).whole(), (204, ""));
    assert_eq!(site.log_in("eve", PASSWORD).status, 200);
}

#[test]
fn of_two_who_use_a_link_at_the_same_moment_one_wins() {
    let (site, _ada) = Site::with_ada("");
    let body = site.link(RESET, 1).with(json!({"new_password": NEW_PASSWORD}));
    let start = Barrier::new(8);
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let confirm = || {
            start.wait();
            site.anon.post(CONFIRM, body.clone()).status
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(confirm)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 400, 400, 400, 400, 400, 400, 400]);
}

#[test]
fn the_password_is_judged_before_the_link() {
    let (site, ada) = Site::with_ada("");
    let weak = json!({"uid": "x", "token": "y", "new_password": "123"});
    let flaws = r#"{"new_password":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}"#;
    assert_eq!(site.anon.post(CONFIRM, weak).whole(), (400, flaws));
    let all = r#"{"uid":["This field is required."],"token":["This field is required."],"new_password":["This field is required."]}"#;
    assert_eq!(site.anon.post(CONFIRM, json!({})).whole(), (400, all));
    // Whom it may not be like is whoever is logged in.
    let like = json!({"uid": "x", "token": "y", "new_password": "ada-ada-ada@example.org"});
    assert_eq!(site.anon.post(CONFIRM, like.clone()).whole(), (400, INVALID_UID));
    let similar = r#"{"new_password":["The password is too similar to the email address."]}"#;
    assert_eq!(ada.post(CONFIRM, like).whole(), (400, similar));
}

#[test]
fn a_uid_is_read_as_django_reads_it() {
    let (site, _ada) = Site::with_ada("");
    // "1" with padding and blanks, "+1", "001", U+FF11, an Arabic one, "0_1".
    for uid in ["MQ", "MQ==", "M Q", "\tMQ", "KzE", "MDAx", "77yR", "2aE", "MF8x"] {
        let answer = site.anon.post(ACTIVATE, json!({"uid": uid, "token": "x-y"}));
        assert_eq!(answer.whole(), (400, DEAD), "{uid:?}");
    }
    // No user, no number, no text, a number that no database holds.
    for uid in ["Mg", "YWJj", "_w", "MS4w", "M", "ключ", "LTE", "MQA", "OTIyMzM3MjAzNjg1NDc3NTgwOA", "1"] {
        let answer = site.anon.post(ACTIVATE, json!({"uid": uid, "token": "x-y"}));
        assert_eq!(answer.whole(), (400, INVALID_UID), "{uid:?}");
    }
    // Djoser crashes on numbers.
    assert_eq!(site.anon.post(ACTIVATE, json!({"uid": 1, "token": "x-y"})).whole(), (400, INVALID_UID));
    assert_eq!(site.anon.post(ACTIVATE, json!({"uid": "MQ", "token": 5})).whole(), (400, DEAD));
}

#[test]
fn a_reset_may_end_every_token() {
    let (site, ada) = Site::with_ada("logout_on_password_reset = true\npassword_changed_email_confirmation = true");
    let link = site.link(RESET, 1);
    assert_eq!(site.anon.post(CONFIRM, link.with(json!({"new_password": NEW_PASSWORD}))).whole(), (204, ""));
    assert_eq!(ada.get(ME).whole(), (401, r#"{"detail":"Invalid token."}"#));
    let mails = site.mailbox.wait_for("ada@example.org", 2);
    assert_eq!(mails[1].subject, "auth.example.org - Your password has been successfully changed!");
    let text = "Your password has been changed!\n\nThanks for using our site!\n\nThe auth.example.org team";
    assert_eq!(mails[1].text.trim_end(), text);
}

#[test]
fn who_waits_for_activation_may_reset_the_password_and_stays_inactive() {
    let site = Site::with("send_activation_email = true");
    assert_eq!(site.register("ada").status, 201);
    let link = site.mailed("ada@example.org", 1);
    assert_eq!(site.anon.post(CONFIRM, link.with(json!({"new_password": NEW_PASSWORD}))).whole(), (204, ""));
    assert_eq!(site.log_in("ada", NEW_PASSWORD).whole(), (400, WRONG));
    assert!(!site.server.owner.user(UserId(1)).unwrap().is_active);
}

#[test]
fn a_link_of_somebody_whom_the_owner_disabled_changes_nothing() {
    let (site, _ada) = Site::with_ada("");
    let owner = &site.server.owner;
    let link = site.link(RESET, 1);
    let disabled = owner.set_active(UserId(1), false).unwrap();
    let uses = [
        (CONFIRM, json!({"new_password": NEW_PASSWORD})),
        (NAME_CONFIRM, json!({"new_username": "eve"})),
        (ACTIVATE, json!({})),
    ];
    for (path, body) in &uses {
        assert_eq!(site.anon.post(path, link.with(body.clone())).whole(), (400, DEAD), "{path}");
    }
    assert_eq!(owner.user(UserId(1)).unwrap(), disabled);
    owner.set_active(UserId(1), true).unwrap();
    for (path, body) in &uses {
        assert_eq!(site.anon.post(path, link.with(body.clone())).whole(), (400, DEAD), "{path}");
    }
    assert_eq!(site.log_in("ada", PASSWORD).status, 200);
    let link = site.link(RESET, 2);
    assert_eq!(site.anon.post(CONFIRM, link.with(json!({"new_password": NEW_PASSWORD}))).whole(), (204, ""));
    assert_eq!(site.log_in("ada", NEW_PASSWORD).status, 200);
}
