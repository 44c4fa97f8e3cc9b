//! Hashes that nobody can check: answered like any wrong password, at once, and told to the log once.

use std::{
    fs,
    time::{Duration, Instant},
};

use countersign_core::{UserId, auth::Survey};
use countersign_tests::{Answer, Server, log};

use crate::common::{alone, each, import, logins, server, stored};

const SALT_AND_TAG: &str = "c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg";

/// Gigabytes, minutes, what is broken, and what was never a hash.
fn hostile() -> Vec<String> {
    vec![
        format!("$argon2id$v=19$m=4194304,t=2,p=1${SALT_AND_TAG}"),
        format!("$argon2id$v=19$m=64,t=1000,p=1${SALT_AND_TAG}"),
        format!("argon2$argon2id$v=19$m=64,t=1,p=255${SALT_AND_TAG}"),
        "$2y$31$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S".to_owned(),
        "bcrypt_sha256$$2b$31$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S".to_owned(),
        "pbkdf2_sha256$1000000000$salt$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=".to_owned(),
        "scrypt$16777216$salt$8$5$FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw=="
            .to_owned(),
        "pbkdf2_sha256$1000$salt$3QPm/co/".to_owned(),
        "sha1$salt$da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(),
        "the-password-itself".to_owned(),
        format!("md5$salt${}", "a".repeat(1 << 20)),
    ]
}

/// All that a client sees but the moment: status, headers and body.
type Seen = (u16, Vec<(String, String)>, String);

fn seen(answer: &Answer) -> Seen {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.sort();
    (answer.status, headers, answer.body.clone())
}

fn refusals(server: &Server, name: &str, password: &str) -> Vec<Seen> {
    logins(name, password).into_iter().map(|(path, body)| seen(&server.anon().wants_json().post(path, body))).collect()
}

/// The most memory that this process has had so far, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_hostile_hash_is_a_wrong_password_at_once_and_costs_no_memory() {
    log::keep();
    let _alone = alone();
    let server = server("full");
    let unknown = refusals(&server, "nobody", "wrong");
    let statuses: Vec<u16> = unknown.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [401, 422, 422, 400]);
    for (number, encoded) in hostile().iter().enumerate() {
        let (name, before) = (format!("hostile{number}"), peak_kib());
        let user = import(&server, &name, encoded);
        let told = || {
            log::logged("cannot be checked").iter().filter(|line| line.contains(&format!("user={} ", user.0))).count()
        };
        let shown = &encoded[..encoded.len().min(60)];
        for password in ["wrong", "the-password-itself"] {
            let began = Instant::now();
            assert_eq!(refusals(&server, &name, password), unknown, "{shown}");
            assert!(began.elapsed() < Duration::from_secs(4), "{shown}: {:?} for four logins", began.elapsed());
        }
        assert!(peak_kib() - before < 64 * 1024, "{shown}: {} KiB more", peak_kib() - before);
        assert_eq!(told(), 1, "{shown}: once, not once a login");
    }
    let said = log::whole();
    assert!(!said.contains("the-password-itself") && !said.contains(SALT_AND_TAG), "a log shows no hash");
}

/// Whatever the hash is: who is not let in cannot tell. A user without a password, and a disabled one, too.
#[test]
fn every_refusal_is_the_same_whatever_is_stored() {
    let server = server("full");
    let unknown = refusals(&server, "nobody", "wrong");
    let hashes = [
        "$2y$04$Q/2B7u1h9UNqO5AmZH3Rq.U9UU2rAbSuQK6nErtVeeaR3PuacgxK6",
        "$argon2i$v=19$m=64,t=3,p=1$bHQvcXkxUktKL0ZiZ2xOYg$eaTKARIbDpHX8/W9zh43zx0ubuchQtJMHflIf7yFbzM",
        "pbkdf2_sha256$1000$PkjN81ovXFNK2C0opDaMG5$YGg+B04Nt08vzjc7wKsDNfx27yVkrs7wIogyQRCSbsY=",
        "bcrypt_sha256$$2b$04$XAnNA85z/Yl2I7JG4WPs0.Q4ITHcI64312rq.NbUn0g2iyww873xu",
        "md5$QURmbVWfSWcLXMYG8JeoQq$19011315d15e4622efeff2e8ed2933bd",
        "!UXMmV4uKpPBLnhESospvMOJRjTvYILqmXzJhyHvU",
        "",
    ];
    for (number, encoded) in hashes.into_iter().enumerate() {
        let name = format!("user{number}");
        let user = import(&server, &name, encoded);
        assert_eq!(refusals(&server, &name, "wrong"), unknown, "{encoded}");
        server.owner.set_active(user, false).unwrap();
        assert_eq!(refusals(&server, &name, "wrong"), unknown, "{encoded}, disabled");
    }
    // The right password of a disabled user, of whom nothing is upgraded either.
    let django = "pbkdf2_sha256$1000$PkjN81ovXFNK2C0opDaMG5$YGg+B04Nt08vzjc7wKsDNfx27yVkrs7wIogyQRCSbsY=";
    let user = import(&server, "disabled", django);
    server.owner.set_active(user, false).unwrap();
    assert_eq!(refusals(&server, "disabled", "Walrus-and-0yster"), unknown);
    assert_eq!(stored(&server, user), django);
}

/// What the background does at the start and from time to time.
#[test]
fn a_survey_knows_the_slowest_hashes_and_counts_those_that_cannot_be_checked() {
    for server in each("full") {
        let none = server.owner.realm().survey_passwords(UserId(0)).unwrap();
        assert_eq!(none, Survey { last: UserId(0), unverifiable: 0 });
        let first = import(&server, "first", "$2y$10$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S");
        import(&server, "broken", "$2y$10$of9lvT");
        let last = import(&server, "last", "!");
        let all = Survey { last, unverifiable: 1 };
        assert_eq!(server.owner.realm().survey_passwords(UserId(0)).unwrap(), all);
        assert_eq!(server.owner.realm().survey_passwords(first).unwrap(), all);
        assert_eq!(server.owner.realm().survey_passwords(last).unwrap(), Survey { last, unverifiable: 0 });
    }
}
