//! Signing and checking JSON Web Tokens on one thread, without a server around it: a second of it is one that it had a core.

use std::{hint::black_box, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
    },
};
use countersign_core::strategy::{JwtAlgorithm, JwtKey};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::figures::{Row, median, rate};

/// Short, and the median of several: other programs are in the caches too.
const TURN: Duration = Duration::from_millis(200);
const TURNS: usize = 7;
/// What is asked before the clock.
const AT_ONCE: usize = 20;

/// Every algorithm, and what ES256 gains by the private key.
pub fn rows() -> Vec<Row> {
    JwtAlgorithm::ALL.into_iter().map(row).chain([by_public_key()]).collect()
}

/// The same signature checked as everybody else does it, and as its signer does, in turns.
fn by_public_key() -> Row {
    let der = JwtKey::generate(JwtAlgorithm::Es256).expect("a key");
    let key = JwtKey::private(&der).expect("a key that was just made");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).expect("the same key");
    let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).expect("its public half");
    let token = key.sign(&json!({"sub": "b5a9f6ce-3c5e-4f0e-9d52-2f3c5b7f0a11"})).expect("it signs");
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let raw = pair.sign(&SystemRandom::new(), message.as_bytes()).expect("it signs");
    let turns: Vec<(f64, f64)> = std::iter::repeat_with(|| {
        let theirs = turn(&|| assert!(black_box(public.verify_sig(message.as_bytes(), raw.as_ref()).is_ok())));
        (theirs, turn(&|| assert!(black_box(key.holds(message, signature)))))
    })
    .take(TURNS)
    .collect();
    let theirs = median(turns.iter().map(|(theirs, _)| *theirs).collect::<Vec<_>>());
    let ratio = median(turns.iter().map(|(theirs, ours)| ours / theirs).collect::<Vec<_>>());
    Row::new(
        "ES256 by the private key, to the public one".to_owned(),
        format!("**{ratio:.2}** ({theirs:.0} checked/s)"),
        "",
    )
}

fn row(algorithm: JwtAlgorithm) -> Row {
    let key = match JwtKey::generate(algorithm) {
        Some(der) => JwtKey::private(&der).expect("a key that was just made"),
        None => JwtKey::hs256(&[7; 32]),
    };
    let id = "b5a9f6ce-3c5e-4f0e-9d52-2f3c5b7f0a11";
    let names = json!({"iss": "countersign", "aud": "countersign", "sub": id, "sid": id, "jti": id});
    let token = key.sign(&names).expect("it signs");
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let checked = a_second(|| assert!(black_box(key.holds(message, signature))));
    let signed = a_second(|| drop(black_box(key.sign(&names))));
    let target = if matches!(algorithm, JwtAlgorithm::Rs256 | JwtAlgorithm::Es256) { "≥ 20000 checked" } else { "" };
    Row::new(format!("{algorithm} on one thread"), format!("{checked:.0} checked/s, {signed:.0} signed/s"), target)
}

fn a_second(work: impl Fn()) -> f64 {
    median(std::iter::repeat_with(|| turn(&work)).take(TURNS).collect::<Vec<_>>())
}

fn turn(work: &dyn Fn()) -> f64 {
    let (began, mut done) = (core_time(), 0);
    loop {
        (0..AT_ONCE).for_each(|_| work());
        done += AT_ONCE;
        let took = core_time().saturating_sub(began);
        if took >= TURN {
            return rate(done, took);
        }
    }
}

/// How long this thread has had a core.
pub fn core_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
