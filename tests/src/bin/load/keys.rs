//! Signing and checking JSON Web Tokens on one thread, without a server around it.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use countersign_core::strategy::{JwtAlgorithm, JwtKey};
use serde_json::json;

use crate::figures::{Row, median, rate};

/// Short, and the median of several: other programs take the core away now and then.
const TURN: Duration = Duration::from_millis(200);
const TURNS: usize = 7;
/// What is asked before the clock.
const AT_ONCE: usize = 20;

/// Every algorithm.
pub fn rows() -> Vec<Row> {
    JwtAlgorithm::ALL.into_iter().map(row).collect()
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
    let turn = || {
        let (began, mut done) = (Instant::now(), 0);
        while began.elapsed() < TURN {
            (0..AT_ONCE).for_each(|_| work());
            done += AT_ONCE;
        }
        rate(done, began.elapsed())
    };
    median(std::iter::repeat_with(turn).take(TURNS).collect::<Vec<_>>())
}
