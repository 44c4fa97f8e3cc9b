//! The tables of the blacklist app.

use chrono::TimeDelta;
use countersign_core::env::{Clock as _, SystemClock};
use countersign_tests::databases::run;
use serde_json::json;

use super::{ADA, blacklisting, each, eventually, import, me, refresh};

const TABLE: &str = "token_blacklist_outstandingtoken";

#[test]
fn what_lives_there_is_a_login_here_and_what_was_blacklisted_is_refused_for_ever() {
    each("blacklist", |moved, server| {
        let all = moved.recorded.0["outstanding"].as_array().unwrap();
        // The sliding one has expired.
        let (count, live) = (all.len(), all.len() - 1);
        let dead: Vec<i64> =
            moved.recorded.0["blacklisted"].as_array().unwrap().iter().map(|row| row[1].as_i64().unwrap()).collect();
        let hers = all.iter().filter(|row| row[4] == json!(ADA) && !dead.contains(&row[0].as_i64().unwrap())).count();
        let logins = moved.logins(ADA);
        let hers = hers - 1;
        assert_eq!(logins.len(), hers);
        assert!(hers > 5 && logins.iter().all(|login| login["name"] == json!("simplejwt")));
        let again = moved.import();
        assert_eq!(again.counts()[2], format!("{TABLE}: {count} 0 0 {live} 0 0"));

        let anon = server.anon();
        let zone = if moved.source.name == "postgres" { "+00" } else { "" };
        // Used here, and blacklisted there afterwards; and one that was never used.
        let access = refresh(&anon, &moved.recorded.token("refresh")).text("access");
        assert_eq!(me(&anon, &access).status, 200);
        assert_eq!(moved.logins(ADA).len(), hers);
        for (id, case) in [(90, "refresh"), (91, "refresh of another")] {
            run(&moved.source.url, &blacklisting(id, moved.recorded.row(case), zone));
        }
        let third = moved.import();
        assert_eq!(third.counts()[2], format!("{TABLE}: {count} 0 2 {} 0 0", live - 2));
        eventually("its login has ended", || me(&anon, &access).status == 401);
        for case in ["refresh", "refresh of another", "refresh that was blacklisted"] {
            let answer = refresh(&anon, &moved.recorded.token(case));
            let told = json!({"detail": "Token is blacklisted", "code": "token_not_valid"});
            assert_eq!((answer.status, answer.json()), (401, told), "{case}");
        }
        assert_eq!(moved.logins(ADA).len(), hers - 1);
        // Taken off the list there: it stays on ours.
        run(&moved.source.url, "DELETE FROM token_blacklist_blacklistedtoken");
        assert_eq!(moved.import().counts()[2], format!("{TABLE}: {count} 0 0 {live} 0 0"));
        assert_eq!(refresh(&anon, &moved.recorded.token("refresh")).status, 401);
    });
}

#[test]
fn what_was_ended_here_is_not_brought_back_by_a_later_run() {
    each("blacklist", |moved, server| {
        moved.sandbox.done(&["token", "revoke-all", &ADA.to_string()]);
        let zone = if moved.source.name == "postgres" { "+00" } else { "" };
        run(
            &moved.source.url,
            &format!(
                "INSERT INTO {TABLE} (id, token, created_at, expires_at, user_id, jti) VALUES \
                 (500, '', '2024-02-01 00:00:00{zone}', '2037-02-01 00:00:00{zone}', {ADA}, 'late'), \
                 (501, '', '2024-02-01 00:00:00{zone}', '2024-02-02 00:00:00{zone}', {ADA}, 'over'), \
                 (502, '', '2024-02-01 00:00:00{zone}', '2060-02-01 00:00:00{zone}', NULL, 'nobody'), \
                 (503, '', '2024-02-01 00:00:00{zone}', '2037-02-01 00:00:00{zone}', 4242, 'stranger');"
            ),
        );
        let later = moved.import();
        assert_eq!(later.ran.code, 1);
        assert_eq!(later.said(), [format!("refused {TABLE} 503: its user 4242 was not imported")]);
        assert_eq!(moved.logins(ADA).len(), 0);
        for jti in ["late", "nobody"] {
            let token = moved.signed(&super::claims("refresh", &json!({"jti": jti})));
            assert_eq!(refresh(&server.anon(), &token).status, 401, "{jti}");
        }
    });
}

/// Without `USE_TZ` simplejwt writes UTC, whatever Django's zone is; PostgreSQL takes it for the time of that zone.
#[test]
fn what_was_blacklisted_shortly_before_its_end_is_refused_until_it_has_come() {
    each("blacklist", |moved, server| {
        let now = SystemClock.now();
        let end = now + TimeDelta::minutes(30);
        let zone = if moved.source.name == "postgres" { "+00" } else { "" };
        let tokens = [
            (600, "near", end, true),
            (601, "shifted", end - TimeDelta::hours(14), true),
            (602, "over", end - TimeDelta::hours(25), true),
            (603, "living", end, false),
            (604, "ended", end - TimeDelta::hours(1), false),
        ];
        for (id, jti, end, is_blacklisted) in tokens {
            let end = end.format("%Y-%m-%d %H:%M:%S");
            run(
                &moved.source.url,
                &format!(
                    "INSERT INTO {TABLE} (id, token, created_at, expires_at, user_id, jti) VALUES \
                     ({id}, '', '2024-02-01 00:00:00{zone}', '{end}{zone}', {ADA}, '{jti}')"
                ),
            );
            if is_blacklisted {
                run(&moved.source.url, &blacklisting(id, id, zone));
            }
        }
        let logins = moved.logins(ADA).len();
        let told = import(&moved.sandbox, "django", &moved.source, &["--time-zone", "Europe/Paris"]);
        let of_table = told.counts().swap_remove(2);
        let new = of_table.strip_prefix(&format!("{TABLE}: ")).unwrap().split(' ').nth(1).unwrap();
        assert_eq!((new, moved.logins(ADA).len()), ("3", logins + 1), "{of_table}");
        moved.sandbox.done(&["token", "prune"]);
        let blacklisted = json!({"detail": "Token is blacklisted", "code": "token_not_valid"});
        for jti in ["near", "shifted"] {
            let token = moved.signed(&super::claims("refresh", &json!({"jti": jti, "exp": end.timestamp()})));
            let answer = refresh(&server.anon(), &token);
            assert_eq!((answer.status, answer.json()), (401, blacklisted.clone()), "{jti}");
        }
        let token = moved.signed(&super::claims("refresh", &json!({"jti": "living", "exp": end.timestamp()})));
        assert_eq!(refresh(&server.anon(), &token).status, 200);
    });
}

#[test]
fn a_refresh_token_that_ends_after_2038_becomes_a_login() {
    each("plain", |moved, server| {
        let token = moved.signed(&super::claims("refresh", &json!({"jti": "far", "exp": 2_840_140_800_i64})));
        for _ in 0..2 {
            let answer = refresh(&server.anon(), &token);
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    });
}

#[test]
fn a_check_and_a_dry_run_count_them_and_an_inspection_shows_them() {
    each("blacklist", |moved, _| {
        let target = countersign_tests::databases::sqlite();
        let other = super::installation(&target);
        let count = moved.recorded.0["outstanding"].as_array().unwrap().len();
        for mode in ["--check", "--dry-run"] {
            let told = super::import(&other, "django", &moved.source, &[mode]);
            assert_eq!(told.counts()[2], format!("{TABLE}: {count} {} 0 0 0 0", count - 1), "{mode}");
        }
        let told = other.done(&["import", "django", "--from", &moved.source.url, "--inspect"]);
        for line in [
            format!(
                "{TABLE}: {count} rows\n  imported: created_at, expires_at, id, jti, user_id\n  not imported: token\n"
            ),
            format!("  {:>8}  refresh tokens of simplejwt that have not expired\n", count - 1),
            "         2  refresh tokens of simplejwt that are blacklisted\n".to_owned(),
        ] {
            assert!(told.contains(&line), "{told}");
        }
    });
}
