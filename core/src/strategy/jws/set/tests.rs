use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::strategy::{PublicNumbers, UnusableKey, UnusableSecret};

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_767_355_200 + seconds, 0).unwrap()
}

fn generated(algorithm: JwtAlgorithm) -> JwtKey {
    JwtKey::private(&JwtKey::generate(algorithm).unwrap()).unwrap()
}

fn set(keys: impl IntoIterator<Item = JwtKey>) -> JwtKeys {
    JwtKeys::new(keys, TimeDelta::seconds(100)).unwrap()
}

/// Whether a token holds, by what its own header says.
fn holds(keys: &JwtKeys, now: Timestamp, token: &str) -> bool {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let header = header(token);
    let named = Named { algorithm: header["alg"].as_str().unwrap(), kid: header["kid"].as_str() };
    keys.holder(now, named, message, signature).is_some()
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

#[test]
fn every_algorithm_signs_what_it_and_any_library_checks() {
    for algorithm in [JwtAlgorithm::Rs256, JwtAlgorithm::Es256, JwtAlgorithm::EdDsa] {
        let keys = set([generated(algorithm)]);
        let token = keys.sign(at(0), &json!({"sub": "ada", "exp": 4_102_444_800_i64})).unwrap();
        assert!(holds(&keys, at(0), &token), "{algorithm}");
        let published = keys.published(at(0));
        let kid = published[0].kid().unwrap();
        assert_eq!(header(&token), json!({"alg": algorithm.as_str(), "typ": "JWT", "kid": kid}));
        let jwk = match published[0].numbers().unwrap() {
            PublicNumbers::Rsa { n, e } => json!({"kty": "RSA", "n": n, "e": e}),
            PublicNumbers::P256 { x, y } => json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
            PublicNumbers::Ed25519 { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
        };
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
        let hash = jsonwebtoken::jwk::ThumbprintHash::SHA256;
        assert_eq!(jwk.thumbprint(hash).unwrap(), kid, "{algorithm}");
        let decoding = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let named = algorithm.as_str().parse().unwrap();
        let read = jsonwebtoken::decode::<Value>(&token, &decoding, &jsonwebtoken::Validation::new(named)).unwrap();
        assert_eq!(read.claims["sub"], "ada", "{algorithm}");
    }
}

#[test]
fn a_new_key_is_known_before_it_signs_and_the_old_one_checks_until_its_last_token_is_dead() {
    let (old, new) = (JwtKey::generate(JwtAlgorithm::Es256).unwrap(), JwtKey::generate(JwtAlgorithm::Es256).unwrap());
    let key = |der: &[u8]| JwtKey::private(der).unwrap();
    let keys = set([key(&old)]);
    let first = keys.sign(at(0), &json!({})).unwrap();
    keys.replace([key(&new).signing_from(Some(at(60))), key(&old)]).unwrap();
    let states = |now| keys.states(now).into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    assert_eq!(states(at(59)), [KeyState::Announced(at(60)), KeyState::Signs]);
    assert_eq!(keys.published(at(59)).len(), 2);
    let last = keys.sign(at(59), &json!({})).unwrap();
    assert_eq!(header(&last), header(&first));
    // Another process whose clock is ahead signs with it already.
    let early = set([key(&new)]).sign(at(59), &json!({})).unwrap();
    assert!(holds(&keys, at(59), &early));

    assert_eq!(states(at(60)), [KeyState::Signs, KeyState::Checks(Some(at(165)))]);
    let next = keys.sign(at(60), &json!({})).unwrap();
    assert_ne!(header(&next), header(&last));
    assert!(holds(&keys, at(164), &last) && holds(&keys, at(164), &next));
    assert!(!holds(&keys, at(165), &last) && holds(&keys, at(165), &next));
    assert_eq!(states(at(165)), [KeyState::Signs, KeyState::Over]);
    assert_eq!(keys.published(at(165)).len(), 1);
}

#[test]
fn hs256_has_no_name_and_all_that_are_live_are_tried() {
    let (old, new) = (JwtKey::hs256(&[1; 32]), JwtKey::hs256(&[2; 32]).signing_from(Some(at(0))));
    let before = old.sign(&json!({})).unwrap();
    assert!(before.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."), "{before}");
    let keys = set([new, old]);
    let after = keys.sign(at(0), &json!({})).unwrap();
    assert_eq!(header(&before), header(&after));
    assert!(holds(&keys, at(104), &before) && holds(&keys, at(104), &after));
    assert!(!holds(&keys, at(105), &before) && holds(&keys, at(105), &after));
    assert!(keys.published(at(0)).is_empty());
}

#[test]
fn a_key_that_only_checks_ends_when_it_is_told_to() {
    let foreign = JwtKey::hs256(b"the secret of the old application");
    let theirs = foreign.sign(&json!({})).unwrap();
    let keys = set([JwtKey::hs256(&[1; 32]), foreign.checking_until(Some(at(10)))]);
    assert!(holds(&keys, at(9), &theirs) && !holds(&keys, at(10), &theirs));
    assert!(!holds(&keys, at(9), &JwtKey::hs256(&[3; 32]).sign(&json!({})).unwrap()));
    let none = JwtKeys::new([JwtKey::hs256(&[1; 32]).checking_until(None)], TimeDelta::zero());
    assert_eq!(none.err(), Some(NoSigningKey));
}

#[test]
fn a_key_whose_algorithm_was_given_up_checks_until_its_last_token_is_dead() {
    let (shared, es256) = (JwtKey::hs256(&[1; 32]), JwtKey::generate(JwtAlgorithm::Es256).unwrap());
    let before = shared.sign(&json!({})).unwrap();
    let es256 = || JwtKey::private(&es256).unwrap();
    let keys = set([es256(), shared.retired(Some(at(0)))]);
    assert_eq!(header(&keys.sign(at(0), &json!({})).unwrap())["alg"], "ES256");
    let states = |keys: &JwtKeys, now| keys.states(now).into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    assert_eq!(states(&keys, at(0)), [KeyState::Signs, KeyState::Checks(Some(at(105)))]);
    assert!(holds(&keys, at(104), &before) && !holds(&keys, at(105), &before));
    // And back: what another algorithm begins does not end this one's keys, what its own begins does.
    let between = es256().sign(&json!({})).unwrap();
    let newer = JwtKey::hs256(&[2; 32]).signing_from(Some(at(30)));
    let keys = set([newer, JwtKey::hs256(&[1; 32]), es256().signing_from(Some(at(5))).retired(Some(at(20)))]);
    let last = |key: i64| KeyState::Checks(Some(at(key + 105)));
    assert_eq!(states(&keys, at(40)), [KeyState::Signs, last(30), last(20)]);
    assert!(holds(&keys, at(124), &between) && !holds(&keys, at(125), &between));
    assert_eq!((keys.published(at(124)).len(), keys.published(at(125)).len()), (1, 0));
    // A newer key of another algorithm began before this one was given up, which signed in between.
    let newer = es256().signing_from(Some(at(5)));
    let keys = set([newer, JwtKey::hs256(&[1; 32]).retired(Some(at(20)))]);
    assert_eq!(states(&keys, at(20)), [KeyState::Signs, last(20)]);
}

#[test]
fn a_key_of_another_algorithm_is_announced_until_its_moment_and_signs_before_it_where_no_other_can() {
    let der = JwtKey::generate(JwtAlgorithm::Es256).unwrap();
    let next = || JwtKey::private(&der).unwrap().signing_from(Some(at(60)));
    let states = |keys: &JwtKeys, now| keys.states(now).into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    let keys = set([next().retired(None), JwtKey::hs256(&[1; 32])]);
    assert_eq!(states(&keys, at(59)), [KeyState::Announced(at(60)), KeyState::Signs]);
    assert_eq!(states(&keys, at(60)), [KeyState::Checks(None), KeyState::Signs]);
    assert_eq!((keys.published(at(59)).len(), keys.published(at(60)).len()), (1, 1));
    // The change came too early.
    let keys = set([next(), JwtKey::hs256(&[1; 32]).retired(Some(at(10)))]);
    assert_eq!(states(&keys, at(10)), [KeyState::Signs, KeyState::Checks(Some(at(115)))]);
    assert_eq!(header(&keys.sign(at(10), &json!({})).unwrap())["alg"], "ES256");
    // One that was told to check only never signs.
    let checking = next().checking_until(Some(at(90)));
    assert_eq!(states(&set([checking, JwtKey::hs256(&[1; 32])]), at(10))[0], KeyState::Checks(Some(at(90))));
}

#[test]
fn a_public_key_is_no_secret_and_neither_is_a_short_one() {
    let spki = |numbers: &PublicNumbers| match numbers {
        PublicNumbers::Ed25519 { x } => {
            [&hex::decode("302a300506032b6570032100").unwrap()[..], &BASE64.decode(x).unwrap()].concat()
        }
        other => panic!("{other:?}"),
    };
    let der = spki(generated(JwtAlgorithm::EdDsa).numbers().unwrap());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&der);
    let private = JwtKey::generate(JwtAlgorithm::Es256).unwrap();
    for public in [
        der,
        encoded.clone().into_bytes(),
        format!("-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n").into_bytes(),
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_vec(),
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh ada".to_vec(),
        br#"{"kty":"OKP","crv":"Ed25519","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}"#.to_vec(),
        private.to_vec(),
    ] {
        assert_eq!(JwtKey::shared(&public).err(), Some(UnusableSecret::Public), "{}", String::from_utf8_lossy(&public));
    }
    assert_eq!(JwtKey::shared(&[7; 31]).err(), Some(UnusableSecret::Short(31)));
    let (one, other) = (JwtKey::shared(&[7; 32]).unwrap(), JwtKey::shared(&[8; 32]).unwrap());
    assert_eq!((one.id().len(), one.id() == JwtKey::hs256(&[7; 32]).id()), (8, true));
    assert_ne!(one.id(), other.id());
}

#[test]
fn a_key_is_asked_for_its_own_algorithm_and_name_only() {
    let keys = set([generated(JwtAlgorithm::Es256)]);
    let token = keys.sign(at(0), &json!({})).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let kid = keys.published(at(0))[0].kid().unwrap().to_owned();
    let holder = |algorithm, kid| keys.holder(at(0), Named { algorithm, kid }, message, signature).is_some();
    assert!(holder("ES256", Some(&kid)));
    for (algorithm, kid) in [
        ("ES256", None),
        ("ES256", Some("another")),
        ("es256", Some(kid.as_str())),
        ("none", Some(kid.as_str())),
        ("", Some(kid.as_str())),
        ("HS256", Some(kid.as_str())),
        ("HS256", None),
        ("RS256", Some(kid.as_str())),
        ("EdDSA", Some(kid.as_str())),
    ] {
        assert!(!holder(algorithm, kid), "{algorithm} {kid:?}");
    }
}

#[test]
fn what_is_no_key_is_refused() {
    for bytes in [&b""[..], b"x", &[0x30; 100]] {
        assert_eq!(JwtKey::private(bytes).err(), Some(UnusableKey));
        assert_eq!(JwtKey::public(bytes).err(), Some(UnusableKey));
    }
    assert!(JwtKey::generate(JwtAlgorithm::Hs256).is_none());
    assert!(!format!("{:?}", JwtKey::hs256(b"a secret of thirty-two bytes, ok")).contains("secret"));
}
