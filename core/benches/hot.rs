//! What is computed with requests, each by itself: `cargo bench -p countersign-core`.

#![expect(clippy::expect_used, reason = "a bench that cannot begin ends with a panic: that is its answer")]

use std::net::{IpAddr, Ipv4Addr};

use countersign_core::{
    Guess, Rate, Secret, Throttle, UserId,
    env::{Clock as _, SystemClock, SystemRandom},
    password::{Argon2Params, EncodedPassword, PasswordScheme, Passwords},
    seal::KeyRing,
    strategy::{JwtAlgorithm, JwtKey},
    throttle::Who,
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Of a token as Sanctum makes them.
#[divan::bench]
fn digest_of_a_credential(bencher: Bencher) {
    let credential = Secret::from("ZmFrZVNlY3JldE9mRm9ydHlDaGFyYWN0ZXJzITEy3af0c2b1");
    bencher.bench(|| black_box(&credential).digest());
}

/// A key, and claims as the hotel API has them.
fn signer(algorithm: JwtAlgorithm) -> (JwtKey, serde_json::Value) {
    let key = match JwtKey::generate(algorithm) {
        Some(der) => JwtKey::private(&der).expect("a key that was just made"),
        None => JwtKey::hs256(&[7; 32]),
    };
    let id = "b5a9f6ce-3c5e-4f0e-9d52-2f3c5b7f0a11";
    let claims = serde_json::json!({"iss": "countersign", "aud": "countersign", "sub": id, "sid": id, "jti": id});
    (key, claims)
}

#[divan::bench(args = JwtAlgorithm::ALL)]
fn jwt_signed(bencher: Bencher, algorithm: JwtAlgorithm) {
    let (key, claims) = signer(algorithm);
    bencher.bench(|| key.sign(black_box(&claims)));
}

#[divan::bench(args = JwtAlgorithm::ALL)]
fn jwt_checked(bencher: Bencher, algorithm: JwtAlgorithm) {
    let (key, claims) = signer(algorithm);
    let token = key.sign(&claims).expect("it signs");
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    assert!(key.holds(message, signature));
    bencher.bench(|| key.holds(black_box(message), black_box(signature)));
}

fn ring() -> KeyRing {
    KeyRing::new(["a secret that is long enough for a ring of keys"]).expect("a long secret")
}

/// A session's secret as a cookie of Laravel's SPA has it.
#[divan::bench]
fn cookie_sealed(bencher: Bencher) {
    let ring = ring();
    bencher.bench(|| ring.seal("session", black_box(SESSION), &SystemRandom));
}

#[divan::bench]
fn cookie_opened(bencher: Bencher) {
    let ring = ring();
    let sealed = ring.seal("session", SESSION, &SystemRandom);
    assert_eq!(ring.open("session", &sealed).as_deref(), Some(SESSION));
    bencher.bench(|| ring.open("session", black_box(&sealed)));
}

const SESSION: &str = r#"{"id":"n8yT0mYb0QJ8pXwqkq1x6c1l5w2nH3dT","csrf":"q7Wc1vZr8uM2sK4tB9yN6xE3aJ5hG0fD1lP8oQ2i"}"#;

/// What a guess at a password is counted by before anybody hashes, and the place that it gives back.
#[divan::bench]
fn guess_counted(bencher: Bencher) {
    let rate = Rate::per_minute(1_000_000_000);
    let throttle = Throttle::new(Some(countersign_core::ThrottleOptions {
        login: rate,
        login_client: rate,
        login_account: rate,
        registration: rate,
        mail: rate,
        mail_client: rate,
        link: rate,
    }));
    let (now, client) = (SystemClock.now(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    bencher.bench(|| {
        let attempt = throttle.attempt(Guess::Login(black_box("ada@example.org")), client, now);
        attempt.answer().expect("far from the limit").settle(&Ok(())).answer()
    });
}

/// Laravel's `throttle:60,1` in a fixed window.
#[divan::bench]
fn request_counted(bencher: Bencher) {
    let (throttle, rate, now) = (Throttle::new(None), Rate::per_minute(usize::MAX), SystemClock.now());
    bencher.bench(|| throttle.hit(rate, ("api", ""), black_box(Who::User(UserId(7))), now).answer());
}

/// A hash of each scheme, at the cost that its framework writes today.
#[divan::bench(args = hashes(), sample_count = 5, sample_size = 1)]
fn password_checked(bencher: Bencher, encoded: &str) {
    let scheme = PasswordScheme::of(&EncodedPassword::new(encoded)).expect("a hash within the bounds");
    bencher.bench(|| scheme.burn());
}

fn hashes() -> Vec<String> {
    const SHORT: &str = "c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg";
    const BCRYPT: &str = "of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S";
    const SHA256: &str = "3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=";
    const SCRYPT: &str = "FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw==";
    let native = Passwords::new(Argon2Params::default()).hash(&Secret::from("measured"), &SystemRandom);
    vec![
        native.as_str().to_owned(),
        format!("$2y$12${BCRYPT}"),
        format!("pbkdf2_sha256$1200000$salt${SHA256}"),
        format!("argon2$argon2id$v=19$m=102400,t=2,p=8${SHORT}"),
        format!("scrypt$16384$salt$8$5${SCRYPT}"),
    ]
}
