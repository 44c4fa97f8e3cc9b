//! What the cache promises: nothing revoked is found, nothing ended, nothing while it is not trusted.

use chrono::{TimeDelta, Utc};

use super::*;
use crate::{
    model::{Abilities, Token, TokenId, TokenKind, User},
    secret::Digest,
};

fn noon() -> Timestamp {
    chrono::DateTime::<Utc>::from_timestamp(1_767_355_200, 0).unwrap()
}

fn verified(user: i64, expires_at: Option<Timestamp>) -> Arc<Verified> {
    let now = noon();
    let user = User::named(UserId(user), "ada");
    let token = Token {
        id: TokenId(1),
        kind: TokenKind::Sanctum,
        user_id: user.id,
        name: String::new(),
        digest: Digest::of(b"x"),
        sealed: None,
        abilities: Abilities::all(),
        family: None,
        created_at: Some(now),
        last_used_at: None,
        expires_at,
        slot: None,
        rotation: 0,
        rotated_at: None,
    };
    Arc::new(Verified { user, token, expires_at })
}

fn key(text: &str) -> CacheKey {
    KeyMaker::new(&Digest::of(b"one"), TokenKind::Sanctum).key(text)
}

fn cache(capacity: usize, bound: Option<Duration>) -> Cache {
    Cache::new(CacheOptions { capacity, bound })
}

fn put(cache: &Cache, text: &str, user: i64) {
    cache.insert(key(text), &verified(user, None), cache.revision(), noon());
}

#[test]
fn what_was_put_in_is_found_under_its_own_kind_only() {
    let cache = cache(1_000, None);
    put(&cache, "1|a", 7);
    assert_eq!(cache.get(key("1|a"), noon()).unwrap().verified.user.id, UserId(7));
    assert!(cache.get(key("1|b"), noon()).is_none());
    let mark = Digest::of(b"one");
    assert!(cache.get(KeyMaker::new(&mark, TokenKind::Djoser).key("1|a"), noon()).is_none());
    assert!(cache.get(KeyMaker::new(&Digest::of(b"other"), TokenKind::Sanctum).key("1|a"), noon()).is_none());
}

#[test]
fn a_forgotten_user_is_gone_and_the_others_stay() {
    let cache = cache(1_000, None);
    put(&cache, "1|a", 7);
    put(&cache, "2|b", 7);
    put(&cache, "3|c", 8);
    cache.forget(UserId(7));
    assert!(cache.get(key("1|a"), noon()).is_none());
    assert!(cache.get(key("2|b"), noon()).is_none());
    assert!(cache.get(key("3|c"), noon()).is_some());
}

#[test]
fn a_row_that_was_read_before_a_revocation_is_not_kept() {
    let cache = cache(1_000, None);
    let revision = cache.revision();
    cache.forget(UserId(7));
    cache.insert(key("1|a"), &verified(7, None), revision, noon());
    assert!(cache.get(key("1|a"), noon()).is_none());
}

#[test]
fn an_ended_credential_is_not_found() {
    let cache = cache(1_000, None);
    let end = noon() + TimeDelta::seconds(2);
    cache.insert(key("1|a"), &verified(7, Some(end)), cache.revision(), noon());
    assert!(cache.get(key("1|a"), noon() + TimeDelta::seconds(1)).is_some());
    assert!(cache.get(key("1|a"), end).is_none());
}

#[test]
fn nothing_is_found_before_the_log_was_read_or_long_after() {
    let cache = cache(1_000, Some(Duration::from_millis(200)));
    put(&cache, "1|a", 7);
    assert!(cache.get(key("1|a"), noon()).is_none());
    cache.refreshed(Instant::now());
    assert!(cache.get(key("1|a"), noon()).is_some());
    std::thread::sleep(Duration::from_millis(250));
    assert!(cache.get(key("1|a"), noon()).is_none());
}

#[test]
fn it_never_holds_more_than_its_capacity_by_much() {
    let cache = cache(640, None);
    for number in 0..10_000 {
        put(&cache, &number.to_string(), number);
    }
    let held = (0..10_000).filter(|number| cache.get(key(&number.to_string()), noon()).is_some()).count();
    assert!((64..=640 + SHARDS).contains(&held), "{held}");
    assert!(cache.len() <= 640 + SHARDS, "{} entries are kept", cache.len());
    assert!(cache.get(key("9999"), noon()).is_some());
    let cells: usize = cache.cells.iter().map(|cells| cells.lock().unwrap().len()).sum();
    assert!(cells < 10_000, "{cells} counters are kept");
}

#[test]
fn without_capacity_nothing_is_kept() {
    let cache = cache(0, None);
    put(&cache, "1|a", 7);
    assert!(cache.get(key("1|a"), noon()).is_none());
}

#[test]
fn a_use_is_due_once_a_minute() {
    let cache = cache(1_000, None);
    put(&cache, "1|a", 7);
    let due = |seconds| cache.get(key("1|a"), noon() + TimeDelta::seconds(seconds)).unwrap().note_use;
    assert_eq!([due(0), due(59), due(60), due(61), due(120)], [false, false, true, false, true]);
}

#[test]
fn a_watch_is_stale_after_a_revocation() {
    let cache = cache(1_000, None);
    let watch = cache.watch(UserId(7));
    cache.forget(UserId(8));
    assert!(!watch.is_stale());
    cache.forget(UserId(7));
    assert!(watch.is_stale());
}

#[test]
fn everybody_can_be_forgotten() {
    let cache = cache(1_000, None);
    put(&cache, "1|a", 7);
    let watch = cache.watch(UserId(7));
    cache.forget_everybody();
    assert!(cache.get(key("1|a"), noon()).is_none());
    assert!(watch.is_stale());
}

#[test]
fn who_misses_together_asks_once_and_after_a_revocation_asks_again() {
    let cache = cache(1_000, None);
    let asked = AtomicU64::new(0);
    let barrier = std::sync::Barrier::new(8);
    let ask = |revision| {
        cache.share(key("1|a"), revision, || {
            asked.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            Ok(verified(7, None))
        })
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (ask, barrier) = (&ask, &barrier);
            scope.spawn(move || {
                barrier.wait();
                assert!(ask(number % 2).is_ok());
            });
        }
    });
    assert!((1..=2).contains(&asked.load(Ordering::SeqCst)), "{asked:?}");
}
