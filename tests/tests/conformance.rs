//! What the real servers were asked is answered as they answered it: docs/conformance.md. What differs is named here; all of
//! it are slips of PHP.

use std::{fmt::Write as _, thread};

use countersign_tests::{
    conformance::{Score, Suite, UnderTest},
    databases::databases,
};

/// The application of the suites, which is also the command that asks.
const PROGRAM: &str = env!("CARGO_BIN_EXE_conformance");

/// Runs a profile on every database that is there.
fn conforms(suite: &str, profile: &str) {
    conforms_but_for(suite, profile, &[]);
}

/// The same where these steps, slips of the real server, and no others are answered otherwise.
fn conforms_but_for(suite: &str, profile: &str, slips: &[&str]) {
    let suite = Suite::named(suite);
    let databases = databases();
    let scores: Vec<(&str, Score)> = thread::scope(|scope| {
        let run = |url| Score::of(&UnderTest::start(PROGRAM, &suite, profile, url).run(&suite, profile));
        let running: Vec<_> = databases.iter().map(|at| (at.name, scope.spawn(move || run(&at.url)))).collect();
        running.into_iter().map(|(name, run)| (name, run.join().expect("the run ends"))).collect()
    });
    assert!(suite.of(profile).filter(|step| slips.contains(&step.id.as_str())).all(|step| step.quirk));
    let mut failures = String::new();
    for (database, score) in scores.iter().filter(|(_, score)| score.unequal != slips || score.all() == 0) {
        let _ = writeln!(failures, "{profile} on {database}:\n{score}\n");
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn djoser_with_its_defaults() {
    conforms("djoser", "default");
}

#[test]
fn djoser_with_activation_by_mail() {
    conforms("djoser", "activation");
}

#[test]
fn djoser_in_the_language_of_the_client() {
    conforms("djoser", "locale");
}

#[test]
fn laravel_with_breeze() {
    conforms_but_for("laravel", "default", &["token-issue-28", "docs-token-08", "docs-token-10", "register-18"]);
}

#[test]
fn laravel_with_fortify() {
    conforms_but_for("laravel", "fortify", &["f-login-04", "f-login-25"]);
}

#[test]
fn every_step_is_recorded_in_each_of_its_profiles_and_nothing_else_is() {
    recorded("djoser", &["default", "locale", "activation"]);
    recorded("laravel", &["default", "fortify"]);
}

fn recorded(suite: &str, profiles: &[&str]) {
    let suite = Suite::named(suite);
    assert_eq!(suite.profiles(), profiles);
    for profile in suite.profiles() {
        let recorded: Vec<String> = suite.recorded(&profile).into_keys().collect();
        let mut steps: Vec<&str> = suite.of(&profile).map(|step| step.id.as_str()).collect();
        steps.sort_unstable();
        assert_eq!(recorded, steps, "{profile}");
    }
}
