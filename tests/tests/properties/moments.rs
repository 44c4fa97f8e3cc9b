//! Moments go into the databases and come out as they were, to the microsecond.

use chrono::{DateTime, TimeDelta, Utc};
use countersign_core::{Grant, store::TokenStore as _};
use countersign_tests::Server;
use serde_json::json;

use super::common::{ensure, hold};

/// MySQL's driver ends there, and ends are cut to it.
const LAST_OF_MYSQL: i64 = 2_147_483_647;
/// The end of the year 9999.
const LAST: i64 = 253_402_300_799;

#[test]
fn an_end_is_kept_to_the_microsecond() {
    for server in Server::each() {
        let ada = json!({"login": "ada", "password": "x"});
        assert_eq!(server.anon().post("/register", ada).status, 200);
        let user = server.owner.find_user("ada").unwrap();
        let subject = server.owner.subject_by_owner(user.id).unwrap();
        let last = if server.backend == "mysql" { LAST_OF_MYSQL } else { LAST };
        hold(150, &(1_i64..last, 0..1_000_000_u32), |(seconds, micros)| {
            let end: DateTime<Utc> = DateTime::from_timestamp(seconds, micros * 1_000).unwrap();
            let grant = Grant { expires_at: Some(end), ..Grant::named("x") };
            let issued = server.owner.issue(&subject, &grant).unwrap();
            let secret = issued.access.expose().to_owned();
            let kept = server.store.tokens_of(user.id, None).unwrap().pop().unwrap();
            server.owner.revoke(kept.id, None).unwrap();
            let off = kept.expires_at.map(|kept| kept - end);
            ensure(off == Some(TimeDelta::zero()), || format!("{end} is {:?} on {}", kept.expires_at, server.backend))?;
            ensure(server.owner.verify(&secret).is_err(), || "it was revoked".to_owned())
        });
    }
}
