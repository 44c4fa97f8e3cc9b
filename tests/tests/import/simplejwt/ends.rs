//! What ends everything of a user's ends what Django signed for them, too; so does the end of the key.

use std::fs;

use countersign_core::env::{Clock as _, SystemClock};
use countersign_tests::{databases::run, program::Running};
use serde_json::json;

use super::{ADA, Moved, THEN, claims, each, eventually, me, refresh, verify};

/// A token of each kind that was never used, and a login that was adopted before.
struct Live {
    access: String,
    fresh: String,
    adopted: String,
}

impl Live {
    fn of(moved: &Moved, server: &Running) -> Self {
        let fresh = || moved.signed(&claims("refresh", &json!({})));
        let live = Self { access: moved.recorded.token("access"), fresh: fresh(), adopted: fresh() };
        // In the cache as well.
        for _ in 0..2 {
            assert_eq!(me(&server.anon(), &live.access).status, 200);
        }
        assert_eq!(refresh(&server.anon(), &live.adopted).status, 200);
        live
    }

    fn assert_dead(&self, what: &str, server: &Running) {
        let anon = server.anon();
        assert_eq!(me(&anon, &self.access).status, 401, "{what}: the access token");
        for token in [&self.fresh, &self.adopted] {
            assert_eq!(refresh(&anon, token).status, 401, "{what}");
            assert_eq!(verify(&anon, token).status, 401, "{what}");
        }
    }
}

#[test]
fn ending_everything_ends_them_at_once_in_every_process_and_for_ever() {
    each("plain", |moved, server| {
        let other = moved.sandbox.serve();
        let live = Live::of(moved, server);
        Live::of(moved, &other);
        let before = SystemClock.now().timestamp();
        moved.sandbox.done(&["token", "revoke-all", &ADA.to_string()]);
        for server in [server, &other, &moved.sandbox.serve()] {
            live.assert_dead("revoked", server);
        }
        assert_eq!(moved.logins(ADA).len(), 0);
        // Others are not touched; what is signed later counts, and what does not say when it was signed does not.
        assert_eq!(me(&server.anon(), &moved.recorded.token("access of another")).status, 200);
        let at = |iat: i64| me(&server.anon(), &moved.signed(&claims("access", &json!({"iat": iat})))).status;
        assert_eq!((at(THEN), at(before - 60), at(before)), (401, 401, 401));
        assert_eq!(me(&server.anon(), &moved.recorded.token("access without iat")).status, 401);
        eventually("a new token counts", || at(SystemClock.now().timestamp()) == 200);
    });
}

#[test]
fn disabling_ends_them_and_enabling_brings_nothing_back() {
    each("plain", |moved, server| {
        let live = Live::of(moved, server);
        moved.sandbox.done(&["user", "disable", &ADA.to_string()]);
        let told = me(&server.anon(), &live.access);
        assert_eq!((told.status, told.json()), (401, json!({"detail": "User is inactive", "code": "user_inactive"})));
        let told = refresh(&server.anon(), &live.fresh);
        assert_eq!(
            (told.status, told.json()),
            (401, json!({"detail": "No active account found for the given token."}))
        );
        moved.sandbox.done(&["user", "enable", &ADA.to_string()]);
        live.assert_dead("disabled", server);
    });
}

#[test]
fn a_new_password_by_the_owner_and_a_deletion_end_them() {
    each("plain", |moved, server| {
        let live = Live::of(moved, server);
        moved.sandbox.done_with("Another-walrus-99", &["user", "set-password", &ADA.to_string(), "--password-stdin"]);
        live.assert_dead("set-password", server);
        let token = moved.recorded.token("access of another");
        assert_eq!(me(&server.anon(), &token).status, 200);
        let login = json!({"current_password": "BcryptSha-walrus-05"});
        let gone =
            server.bearer(&token).send("DELETE", "/auth/users/me/", Some("application/json"), &login.to_string());
        assert_eq!(gone.status, 204, "{}", gone.body);
        let told = me(&server.anon(), &token);
        assert_eq!((told.status, told.json()), (401, json!({"detail": "User not found", "code": "user_not_found"})));
    });
}

#[test]
fn whom_the_source_disables_or_loses_loses_them_too() {
    each("plain", |moved, server| {
        let live = Live::of(moved, server);
        let truth = |is: bool| if moved.source.name == "postgres" { is.to_string() } else { u8::from(is).to_string() };
        let set = |is: bool| format!("UPDATE auth_user SET is_active = {} WHERE id = {ADA}", truth(is));
        for is in [false, true] {
            run(&moved.source.url, &set(is));
            assert_eq!(moved.import().ran.code, 0);
        }
        eventually("she is enabled again", || {
            me(&server.anon(), &live.access).json()["code"] != json!("user_inactive")
        });
        live.assert_dead("disabled there, and enabled again", server);
    });
}

/// A new password at the source ends what began here, and not what Django itself goes on to accept.
#[test]
fn a_password_that_is_changed_there_leaves_them_alone_as_there() {
    each("plain", |moved, server| {
        let live = Live::of(moved, server);
        run(
            &moved.source.url,
            "UPDATE auth_user SET password = 'md5$salt$0123456789abcdef0123456789abcdef' WHERE id = 1",
        );
        assert_eq!(moved.import().ran.code, 0);
        eventually("the import is known", || {
            let login = json!({"username": "fx_pbkdf2", "password": "Pbkdf2-walrus-01"});
            server.anon().post("/auth/token/login/", login).status == 400
        });
        assert_eq!(me(&server.anon(), &live.access).status, 200);
        assert_eq!(refresh(&server.anon(), &live.fresh).status, 200);
        assert_eq!(refresh(&server.anon(), &live.adopted).status, 200);
    });
}

#[test]
fn with_its_key_all_of_it_ends_but_the_logins_that_have_tokens_of_ours() {
    each("plain", |moved, server| {
        let live = Live::of(moved, server);
        let ours = refresh(&server.anon(), &live.adopted).text("access");
        let file = moved.sandbox.path("countersign.jwt.pem");
        let whole = fs::read_to_string(&file).unwrap();
        assert!(whole.contains("# simplejwt {") && whole.contains("# checks until 2125-01-01T00:00:00Z"), "{whole}");
        let start = whole.find("# checks until 2125").unwrap();
        fs::write(&file, format!("# nothing\n{}", &whole[..start])).unwrap();
        eventually("the key is gone", || me(&server.anon(), &live.access).status == 401);
        live.assert_dead("without the key", server);
        assert_eq!(me(&server.anon(), &ours).status, 200);

        // And back, until a second from now.
        let soon =
            (SystemClock.now() + chrono::TimeDelta::seconds(4)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        moved.sandbox.done(&["keys", "import", "--simplejwt", "--secret", "django.key", "--until", &soon]);
        eventually("the key is back", || me(&server.anon(), &live.access).status == 200);
        let listed = moved.sandbox.done(&["keys", "list"]);
        assert!(listed.contains("simplejwt  ") && listed.contains(&soon), "{listed}");
        let checked = moved.sandbox.run(&["config", "check"]).stderr;
        assert!(
            checked.contains(&format!("of a Django until {soon}: whoever has its secret can make tokens")),
            "{checked}"
        );
        eventually("the key is over", || me(&server.anon(), &live.access).status == 401);
        live.assert_dead("after the key's end", server);
        assert_eq!(me(&server.anon(), &ours).status, 200);
    });
}
