//! How long a failed login takes tells nothing about why it failed.

use std::{
    cmp::Ordering,
    sync::Arc,
    time::{Duration, Instant},
};

use countersign_core::{Registration, Secret};
use countersign_tests::{Server, databases::sqlite, server::settings};
use serde_json::json;

/// Samples a class; with a floor below all of them the band is wide enough for so few.
const SAMPLES: usize = 60;

/// How likely is it that an `x` is below a `y`? One half if they cannot be told apart.
fn auc(xs: &[Duration], ys: &[Duration]) -> f64 {
    let point = |order| match order {
        Ordering::Less => 1.0,
        Ordering::Equal => 0.5,
        Ordering::Greater => 0.0,
    };
    let below = |x: &Duration| -> f64 { ys.iter().map(|y| point(x.cmp(y))).sum() };
    let pairs = u32::try_from(xs.len() * ys.len()).unwrap();
    xs.iter().map(below).sum::<f64>() / f64::from(pairs)
}

/// The times of failed logins by class, taken in turns.
fn measure(server: &Server, bodies: &[serde_json::Value]) -> Vec<Vec<Duration>> {
    let anon = server.anon();
    let mut times = vec![Vec::new(); bodies.len()];
    for sample in 0..SAMPLES {
        for turn in 0..bodies.len() {
            // Each class comes first, second and third equally often.
            let class = (sample + turn) % bodies.len();
            let began = Instant::now();
            assert_eq!(anon.post("/auth", bodies[class].clone()).status, 401);
            times[class].push(began.elapsed());
        }
    }
    times
}

#[test]
fn a_failed_login_takes_as_long_whatever_the_reason() {
    // The shipped cost and the shipped floor, and no end of tries.
    let server = Server::run(Arc::new(sqlite()), settings("[throttle]\nenabled = false\n"));
    for name in ["ada", "bob"] {
        let user = Registration { username: Some(name.to_owned()), ..Registration::new(Secret::from("password")) };
        server.owner.register(&user).unwrap();
    }
    let bob = server.owner.find_user("bob").unwrap();
    server.owner.set_active(bob.id, false).unwrap();
    let names = ["unknown", "known", "disabled"];
    let bodies = ["eve", "ada", "bob"].map(|name| json!({"login": name, "password": "wrong"}));
    let mut last = Vec::new();
    // A busy machine may disturb one measurement, not two.
    for _ in 0..2 {
        let times = measure(&server, &bodies);
        last = [(0, 1), (0, 2), (1, 2)].map(|(x, y)| (names[x], names[y], auc(&times[x], &times[y]))).to_vec();
        if last.iter().all(|(_, _, auc)| (0.35..=0.65).contains(auc)) {
            return;
        }
    }
    panic!("failed logins can be told apart by their time: {last:?}");
}

#[test]
fn the_measure_tells_what_is_different_and_not_what_is_alike() {
    let times = |from: u64| (from..from + 60).map(Duration::from_millis).collect::<Vec<_>>();
    assert!((auc(&times(0), &times(0)) - 0.5).abs() < 1e-9);
    assert!(auc(&times(0), &times(100)) > 0.99);
    assert!(auc(&times(100), &times(0)) < 0.01);
}
