//! How long a failed login takes tells nothing about why it failed.

use std::{
    cmp::Ordering,
    sync::Arc,
    time::{Duration, Instant},
};

use countersign_core::{
    Registration, Secret,
    model::UserChange,
    password::{EncodedPassword, PasswordScheme},
    store::UserStore as _,
};
use countersign_tests::{
    Server,
    databases::sqlite,
    server::{noon, settings},
};
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

/// Users of Laravel and Django in every state beside one of our own, whose hash is the cheapest of all, and no other floor
/// than that of what is stored.
#[test]
fn a_failed_login_takes_as_long_whichever_hash_is_stored() {
    let quick = "[passwords]\nmemory_kib = 64\niterations = 1\nfailure_floor = \"0s\"\n[throttle]\nenabled = false\n";
    let database = Arc::new(sqlite());
    // Imported before the server starts, as `countersign import` does it.
    let importing = Server::run(Arc::clone(&database), settings(quick));
    let bcrypt = "$2y$09$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S";
    let hashes = [
        ("native", None),
        ("bcrypt", Some(bcrypt)),
        ("disabled", Some(bcrypt)),
        ("pbkdf2", Some("pbkdf2_sha256$2000$salt$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=")),
        ("argon2", Some("argon2$argon2id$v=19$m=1024,t=2,p=8$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg")),
        ("md5", Some("md5$salt$19011315d15e4622efeff2e8ed2933bd")),
        ("unusable", Some("!UXMmV4uKpPBLnhESospvMOJRjTvYILqmXzJhyHvU")),
        ("hostile", Some("$2y$31$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S")),
    ];
    for (name, hash) in hashes {
        let user = Registration { username: Some(name.to_owned()), ..Registration::new(Secret::from("password")) };
        let user = importing.owner.register(&user).unwrap();
        if let Some(hash) = hash {
            let change = UserChange::Password { new: EncodedPassword::new(hash), replacing: None };
            importing.store.change_user(user.id, &change, noon()).unwrap().unwrap();
        }
        importing.owner.set_active(user.id, name != "disabled").unwrap();
    }
    drop(importing);

    let server = Server::run(database, settings(quick));
    let slowest = least(3, || PasswordScheme::of(&EncodedPassword::new(bcrypt)).unwrap().burn());
    let names: Vec<&str> = ["unknown"].into_iter().chain(hashes.map(|(name, _)| name)).collect();
    let bodies: Vec<_> = names.iter().map(|name| json!({"login": name, "password": "wrong"})).collect();
    let fail = || assert_eq!(server.anon().post("/auth", bodies[0].clone()).status, 401);
    let began = Instant::now();
    while least(1, fail) < slowest {
        assert!(began.elapsed() < Duration::from_secs(30), "nobody looked at the stored hashes");
    }
    let mut last = Vec::new();
    // A busy machine may disturb one measurement, not three.
    for _ in 0..3 {
        let times = measure(&server, &bodies);
        for (name, times) in names.iter().zip(&times) {
            let least = times.iter().min().unwrap();
            assert!(*least >= slowest, "{name} failed after {least:?}, bcrypt alone takes {slowest:?}");
        }
        last = (1..names.len()).map(|other| (names[other], auc(&times[0], &times[other]))).collect();
        if last.iter().all(|(_, auc)| (0.35..=0.65).contains(auc)) {
            return;
        }
    }
    panic!("failed logins can be told from those of unknown users by their time: {last:?}");
}

/// The least time of so many runs.
fn least(runs: usize, run: impl Fn()) -> Duration {
    let timed = |_| {
        let began = Instant::now();
        run();
        began.elapsed()
    };
    (0..runs).map(timed).min().unwrap()
}

#[test]
fn the_measure_tells_what_is_different_and_not_what_is_alike() {
    let times = |from: u64| (from..from + 60).map(Duration::from_millis).collect::<Vec<_>>();
    assert!((auc(&times(0), &times(0)) - 0.5).abs() < 1e-9);
    assert!(auc(&times(0), &times(100)) > 0.99);
    assert!(auc(&times(100), &times(0)) < 0.01);
}
