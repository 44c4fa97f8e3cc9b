//! Links that a real Django sent (`tests/import/links`): with its key they work here, for as long as they would have there, and what
//! ends a link of ours ends them.

use std::{sync::Arc, sync::Barrier, thread};

use chrono::{DateTime, TimeDelta, Utc};
use countersign_core::{Secret, UserId, store::Revoke};
use countersign_tests::{
    Answer, Server,
    databases::{Database, databases, run, sqlite},
    server::noon,
};
use serde_json::{Value, json};

use super::common::{import, installation};

const RESET: &str = "/auth/users/reset_password_confirm/";
const RENAME: &str = "/auth/users/reset_username_confirm/";
const ACTIVATE: &str = "/auth/users/activation/";
const LOGIN: &str = "/auth/token/login/";
const NEW_PASSWORD: &str = "Fresh-walrus-88";
const DEAD: &str = r#"{"token":["Invalid token for given user."]}"#;
const STALE: &str = r#"{"detail":"Stale token for given user."}"#;

/// What was recorded in a time zone.
struct Recorded(Value);

/// One link.
#[derive(Clone)]
struct Link {
    kind: String,
    uid: String,
    token: String,
    user: UserId,
}

impl Recorded {
    fn all() -> [Self; 3] {
        ["utc", "ahead", "naive"].map(Self::of)
    }

    fn of(zone: &str) -> Self {
        let text = match zone {
            "utc" => include_str!("../../import/links/django-utc.json"),
            "ahead" => include_str!("../../import/links/django-ahead.json"),
            _ => include_str!("../../import/links/django-naive.json"),
        };
        Self(serde_json::from_str(text).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    fn made_at(&self) -> DateTime<Utc> {
        self.text("made_at").parse().unwrap()
    }

    /// In the order of the users' numbers: two new passwords, another name, two activations.
    fn links(&self) -> Vec<Link> {
        let text = |link: &Value, name: &str| link[name].as_str().unwrap().to_owned();
        let links = self.0["links"].as_array().unwrap().iter().zip(1..);
        links
            .map(|(link, user)| Link {
                kind: text(link, "kind"),
                uid: text(link, "uid"),
                token: text(link, "token"),
                user: UserId(user),
            })
            .collect()
    }

    /// `[old_links]` with its keys, for so long.
    fn keys(&self, until: DateTime<Utc>) -> String {
        format!(
            "[old_links]\nuntil = {:?}\ndjango_secret_key = {}\ndjango_secret_key_fallbacks = {}\ndjango_utc_offset = {:?}\n",
            until.to_rfc3339(),
            self.0["secret_key"],
            self.0["secret_key_fallbacks"],
            self.text("utc_offset"),
        )
    }

    /// A server at the moment of the links, on `target` with Django's users.
    fn served(&self, target: Database, configuration: &str) -> Server {
        let source = sqlite();
        let statements: Vec<&str> =
            self.0["sqlite"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        run(&source.url, &statements.join("\n"));
        let sandbox = installation(&target);
        let offset = format!("--utc-offset={}", self.text("utc_offset"));
        let mut more = vec!["--inactive", "waiting"];
        if self.0["use_tz"] == json!(false) {
            more.push(&offset);
        }
        let imported = import(&sandbox, "django", &source, &more);
        assert_eq!((imported.ran.code, imported.counts()[0].as_str()), (0, "auth_user: 5 5 0 0 0 0"));
        let server = Server::on(Arc::new(target), configuration);
        server.wait(self.made_at() - noon());
        server
    }

    /// The same with its keys, until long after the last link.
    fn followed(&self, target: Database) -> Server {
        self.served(target, &self.keys(self.made_at() + TimeDelta::days(20)))
    }
}

impl Link {
    /// Uses it for what it was sent for.
    fn follow(&self, server: &Server) -> Answer {
        self.follow_as("renamed", server)
    }

    /// The same, with this for another name.
    fn follow_as(&self, name: &str, server: &Server) -> Answer {
        let (path, more) = match self.kind.as_str() {
            "reset_password" => (RESET, ("new_password", NEW_PASSWORD)),
            "reset_username" => (RENAME, ("new_username", name)),
            _ => (ACTIVATE, ("", "")),
        };
        server.anon().post(path, json!({"uid": self.uid, "token": self.token, more.0: more.1}))
    }

    /// Does it hold, without being used?
    fn holds(&self, server: &Server) -> bool {
        server.owner.follow_link(self.user, &self.token, TimeDelta::days(3)).is_ok()
    }
}

fn log_in(server: &Server, name: &str, password: &str) -> u16 {
    server.anon().post(LOGIN, json!({"username": name, "password": password})).status
}

#[test]
fn every_link_of_django_works_once() {
    for recorded in Recorded::all() {
        for target in databases() {
            eprintln!("{} on {}", recorded.text("time_zone"), target.name);
            let server = recorded.followed(target);
            for link in recorded.links() {
                assert_eq!(link.follow(&server).whole(), (204, ""), "{} of {}", link.kind, link.user);
                let again = if link.kind == "resend_activation" { (403, STALE) } else { (400, DEAD) };
                assert_eq!(link.follow_as("again", &server).whole(), again, "{} of {}", link.kind, link.user);
            }
            for (name, password) in [
                ("ada", NEW_PASSWORD),
                ("bob", NEW_PASSWORD),
                ("renamed", "Walrus-0yster-3"),
                ("cyd", "Walrus-0yster-4"),
            ] {
                assert_eq!(log_in(&server, name, password), 200, "{name}");
            }
            assert_eq!(
                (log_in(&server, "ada", "Walrus-0yster-1"), log_in(&server, "zoë", "Walrus-0yster-3")),
                (400, 400)
            );
        }
    }
}

/// Django was asked with its clock moved on.
#[test]
fn a_link_lives_as_long_as_in_django() {
    for recorded in Recorded::all() {
        let server = recorded.followed(sqlite());
        let offset: chrono::FixedOffset = recorded.text("utc_offset").parse().unwrap();
        for (link, told) in recorded.links().iter().zip(recorded.0["links"].as_array().unwrap()) {
            let seconds = i64::from_str_radix(link.token.split('-').next().unwrap(), 36).unwrap();
            let made =
                DateTime::from_timestamp(seconds + 978_307_200 - i64::from(offset.local_minus_utc()), 0).unwrap();
            assert!(
                (made - recorded.made_at()).abs() < TimeDelta::seconds(10),
                "the clock of {}",
                recorded.text("time_zone")
            );
            for verdict in told["verdicts"].as_array().unwrap() {
                let passed = TimeDelta::seconds(verdict[0].as_i64().unwrap());
                server.wait(made + passed - server.owner.realm().now());
                assert_eq!(json!(link.holds(&server)), verdict[1], "{} after {passed}", link.kind);
            }
        }
    }
}

#[test]
fn whatever_ends_a_link_of_ours_ends_one_of_djangos() {
    for target in databases() {
        let recorded = Recorded::of("ahead");
        let server = recorded.followed(target);
        let owner = &server.owner;
        let [ada, bob, zoe, cyd, dan] = <[Link; 5]>::try_from(recorded.links()).ok().unwrap();
        // A login, which hashes the password anew as well.
        assert_eq!(log_in(&server, "ada", "Walrus-0yster-1"), 200);
        owner.recover(bob.user, &Secret::from("another password")).unwrap();
        owner.change_email(zoe.user, Some("zoe@example.net")).unwrap();
        owner.set_active(cyd.user, false).unwrap();
        for dead in [&ada, &bob, &zoe, &cyd] {
            assert_eq!(dead.follow(&server).whole(), (400, DEAD), "{} on {}", dead.kind, server.backend);
        }
        // Whom the owner lets in again has no link from before, as with ours.
        owner.set_active(cyd.user, true).unwrap();
        assert!(!cyd.holds(&server), "on {}", server.backend);
        assert_eq!(dan.follow(&server).whole(), (204, ""), "on {}", server.backend);
    }
}

/// The check and the use are two steps; what happens between them counts.
#[test]
fn what_ends_a_link_while_it_is_followed_wins() {
    for target in databases() {
        let recorded = Recorded::of("utc");
        let server = recorded.followed(target);
        let owner = &server.owner;
        let [ada, bob, _, cyd, _] = <[Link; 5]>::try_from(recorded.links()).ok().unwrap();
        let linked = |link: &Link| owner.follow_link(link.user, &link.token, TimeDelta::days(3)).unwrap();
        let (reset, other, activated) = (linked(&ada), linked(&bob), linked(&cyd));
        assert_eq!(log_in(&server, "ada", "Walrus-0yster-1"), 200);
        owner.change_email(bob.user, Some("bob@example.net")).unwrap();
        owner.set_active(cyd.user, false).unwrap();
        let new = Secret::from(NEW_PASSWORD);
        assert!(owner.reset_password(&reset, &new, Revoke::Nothing).is_err(), "on {}", server.backend);
        assert!(owner.reset_password(&other, &new, Revoke::Nothing).is_err(), "on {}", server.backend);
        assert!(owner.activate(&activated).is_err(), "on {}", server.backend);
    }
}

#[test]
fn of_sixteen_who_use_a_link_at_once_one_wins() {
    for target in databases() {
        let recorded = Recorded::of("naive");
        let server = recorded.followed(target);
        for (at, loser) in [(1, 400), (2, 400), (4, 403)] {
            let link = &recorded.links()[at];
            let start = Barrier::new(16);
            let mut statuses: Vec<u16> = thread::scope(|scope| {
                let follow = || {
                    start.wait();
                    link.follow(&server).status
                };
                let threads: Vec<_> = (0..16).map(|_| scope.spawn(follow)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            statuses.sort_unstable();
            let expected: Vec<u16> = std::iter::once(204).chain([loser; 15]).collect();
            assert_eq!(statuses, expected, "{} on {}", link.kind, server.backend);
        }
    }
}

#[test]
fn from_the_end_of_the_key_on_nothing_of_it_counts() {
    let recorded = Recorded::of("utc");
    let end = recorded.made_at() + TimeDelta::days(2);
    let server = recorded.served(sqlite(), &recorded.keys(end));
    server.wait(TimeDelta::days(2) - TimeDelta::seconds(1));
    assert!(recorded.links().iter().all(|link| link.holds(&server)));
    server.wait(TimeDelta::seconds(1));
    for link in recorded.links() {
        assert_eq!(link.follow(&server).whole(), (400, DEAD), "{}", link.kind);
    }
}

/// Whoever has the key and the hashes can make a link, but for no later time: the life counts from the moment in it, and the end
/// of the key stands.
#[test]
fn only_the_right_key_the_right_user_and_every_digit_count() {
    let recorded = Recorded::of("utc");
    let links = recorded.links();
    let [ada, bob, ..] = &links[..] else { panic!("five links") };
    let none = recorded.served(sqlite(), "");
    assert!(links.iter().all(|link| link.follow(&none).whole() == (400, DEAD)));

    let (end, keys) =
        (recorded.made_at() + TimeDelta::days(20), recorded.keys(recorded.made_at() + TimeDelta::days(20)));
    let other = recorded.served(sqlite(), &keys.replace("kq3Vw0rJ", "kq3Vw0rj"));
    let held: Vec<bool> = links.iter().map(|link| link.holds(&other)).collect();
    assert_eq!(held, [false, true, false, false, true], "those of the fallback alone");

    // The seconds follow the clock of Kolkata, and the key is the same.
    let unaware = Recorded::of("ahead");
    let keys = unaware.keys(end).replace("+05:30", "+00:00");
    let server = unaware.served(sqlite(), &keys);
    assert!(unaware.links()[0].holds(&server));

    let server = recorded.followed(sqlite());
    let with = |token: &str| Link { token: token.to_owned(), ..ada.clone() }.follow(&server);
    let (moment, mac) = ada.token.split_once('-').unwrap();
    let (later, last) = (format!("{}z", &moment[..5]), if mac.ends_with('0') { '1' } else { '0' });
    for forged in [
        bob.token.clone(),
        format!("{later}-{mac}"),
        format!("{moment}-{}{last}", &mac[..31]),
        format!("{moment}-{}", mac.to_uppercase()),
        format!("{}-{mac}", moment.to_uppercase()),
        format!("0{moment}-{mac}"),
        format!("{moment}-{mac}-"),
        format!("{moment}-{mac}0"),
        format!("{moment}-"),
        moment.to_owned(),
    ] {
        assert_eq!(with(&forged).whole(), (400, DEAD), "{forged}");
    }
    let theirs = Link { token: ada.token.clone(), ..bob.clone() };
    assert_eq!(theirs.follow(&server).whole(), (400, DEAD));
    assert_eq!(with(&ada.token).whole(), (204, ""));
}
