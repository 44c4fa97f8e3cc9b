//! Encoded hashes: whatever stands in the column, no more work is bought than the bounds, and no other text is the same hash.

use countersign_core::{
    Secret,
    env::CountedRandom,
    password::{Argon2Params, EncodedPassword, PasswordScheme, Passwords},
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
};

use super::common::{change, ensure, hold};

const LETTERS: &str = "ABCXYZabcxyz0123456789./+$=,-_!";
const CHEAP: Argon2Params = Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 };
/// What hashes are made of.
const PARTS: [&str; 44] = [
    "$",
    "$$",
    ",",
    "=",
    "$2y$",
    "$2b$",
    "$2a$",
    "$2x$",
    "31",
    "12",
    "04",
    "$argon2id$",
    "$argon2i$",
    "$argon2d$",
    "argon2",
    "v=19",
    "v=16",
    "m=65536",
    "m=4294967295",
    "m=1073741824",
    "t=4",
    "t=0",
    "t=4294967295",
    "p=1",
    "p=255",
    "pbkdf2_sha256",
    "pbkdf2_sha1",
    "pbkdf2_sha512",
    "bcrypt_sha256",
    "bcrypt",
    "scrypt",
    "md5",
    "1000000",
    "99999999999999999999",
    "-1",
    "+1",
    "01",
    "16384",
    "8",
    "c29tZXNhbHQ",
    "VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "!",
    "é",
];
/// One of each form, as the frameworks write them.
const WHOLE: [&str; 9] = [
    "$2y$04$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.",
    "bcrypt_sha256$$2b$12$KH.hBSiz2j2QtwvQzqmwsuojFn.u3GCcxCsv.nZlYXaWLuzx6jbPi",
    "bcrypt$$2b$12$khMg0O6X67MJgJpKnhp9pueNvIzrFT5TXtjbLuujJGL9UOsP2GUjG",
    "pbkdf2_sha256$1000000$qSTmpYfHulX6PDqwjr4NyI$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=",
    "pbkdf2_sha1$1000000$FkP9yVlrDfLImj83V95GFK$yvDs2K71DTmEnKRYaYqguSeN6ak=",
    "argon2$argon2id$v=19$m=102400,t=2,p=8$elhJUk5CZHlHVGptNzdxaVo4Tldrcw$pezhYE/VEqBqEy6ftwxuPTNcA5ZJOiNs07wsPS+RJ7o",
    "scrypt$16384$35l02H8FuIkKZXhff0rekN$8$5$FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw==",
    "md5$QURmbVWfSWcLXMYG8JeoQq$19011315d15e4622efeff2e8ed2933bd",
    "!UXMmV4uKpPBLnhESospvMOJRjTvYILqmXzJhyHvU",
];

fn texts() -> impl Strategy<Value = String> {
    let parts = vec(select(&PARTS[..]), 0..10).prop_map(|parts| parts.concat());
    let changed = (select(&WHOLE[..]), vec(change(LETTERS), 1..4))
        .prop_map(|(whole, changes)| changes.iter().fold(whole.to_owned(), |text, change| change.of(&text)));
    let number = (
        select(&WHOLE[..]),
        select(&["04", "12", "1000000", "102400", "16384", "=2", "=8", "$8", "$5"][..]),
        any::<u64>(),
    )
        .prop_map(|(whole, old, new)| {
            whole.replacen(old, &format!("{}{new}", &old[..old.len() - old.trim_start_matches(['=', '$']).len()]), 1)
        });
    prop_oneof![parts, changed, number, any::<String>(), Just(String::new())]
}

/// The table of docs/dialects.md, "Hashes from Laravel and Django".
fn is_bounded(scheme: PasswordScheme) -> bool {
    match scheme {
        PasswordScheme::Argon2 { params, .. } => {
            params.memory_kib <= 1 << 20 && params.iterations <= 10 && params.parallelism <= 16 && params.iterations > 0
        }
        PasswordScheme::Bcrypt { cost, .. } | PasswordScheme::BcryptSha256 { cost } => (4..=15).contains(&cost),
        PasswordScheme::Pbkdf2 { iterations, .. } => (1..=10_000_000).contains(&iterations),
        PasswordScheme::Scrypt(_) => scheme.work() <= 131_072 * 8 * 10,
        PasswordScheme::Md5 | PasswordScheme::Unusable => true,
    }
}

#[test]
fn whatever_is_taken_for_a_hash_costs_no_more_than_the_bounds() {
    for whole in WHOLE {
        assert!(PasswordScheme::of(&EncodedPassword::new(whole)).is_ok(), "{whole}");
    }
    hold(20_000, &texts(), |text| {
        let scheme = PasswordScheme::of(&EncodedPassword::new(text.as_str()));
        ensure(scheme.is_err() || text.len() <= 512, || format!("{} letters", text.len()))?;
        ensure(scheme.is_ok_and(is_bounded) || scheme.is_err(), || format!("{scheme:?}"))
    });
}

/// A text that is another one is another hash, or none.
#[test]
fn no_other_text_is_the_same_hash() {
    let passwords = Passwords::new(CHEAP);
    let password = Secret::from("Walrus-and-0yster");
    let stored = passwords.hash(&password, &CountedRandom::default());
    let md5 = EncodedPassword::new("md5$salt$9fdeaf271189343d24ff906f8e54c4c2");
    assert!(passwords.check(&password, Some(&stored)) && passwords.check(&password, Some(&md5)));
    hold(3_000, &change(LETTERS), |change| {
        for whole in [&stored, &md5] {
            let changed = EncodedPassword::new(change.of(whole.as_str()));
            let costs_little = match PasswordScheme::of(&changed) {
                Ok(PasswordScheme::Argon2 { params, .. }) => params.memory_kib <= 1024,
                _ => true,
            };
            let is_other = changed.as_str() != whole.as_str();
            let holds = is_other && costs_little && passwords.check(&password, Some(&changed));
            ensure(!holds, || format!("{} as {}", whole.as_str(), changed.as_str()))?;
        }
        Ok(())
    });
}
