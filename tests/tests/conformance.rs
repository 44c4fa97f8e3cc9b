//! What the real servers were asked is answered as they answered it: docs/conformance.md. There is no list of known
//! differences; of Laravel, which is not reached yet, what is equal stays so.

use std::{fmt::Write as _, thread};

use countersign_tests::{
    conformance::{Score, Suite, UnderTest},
    databases::{databases, sqlite},
};

/// The application of the suites, which is also the command that asks.
const PROGRAM: &str = env!("CARGO_BIN_EXE_conformance");

/// Runs a profile on every database that is there.
fn conforms(suite: &str, profile: &str) {
    let suite = Suite::named(suite);
    let databases = databases();
    let scores: Vec<(&str, Score)> = thread::scope(|scope| {
        let run = |url| Score::of(&UnderTest::start(PROGRAM, &suite, profile, url).run(&suite, profile));
        let running: Vec<_> = databases.iter().map(|at| (at.name, scope.spawn(move || run(&at.url)))).collect();
        running.into_iter().map(|(name, run)| (name, run.join().expect("the run ends"))).collect()
    });
    let mut failures = String::new();
    for (database, score) in scores.iter().filter(|(_, score)| !score.is_full()) {
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

/// Nothing of a suite that is not yet equal as a whole may be less equal than it was.
fn stays(suite: &str, profile: &str) {
    let suite = Suite::named(suite);
    let database = sqlite();
    let score = Score::of(&UnderTest::start(PROGRAM, &suite, profile, &database.url).run(&suite, profile));
    println!("{profile}:\n{score}");
    assert_eq!(score.lost(&suite.reached(profile)), Vec::<String>::new());
}

#[test]
fn laravel_with_breeze() {
    stays("laravel", "default");
}

#[test]
fn laravel_with_fortify() {
    stays("laravel", "fortify");
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
