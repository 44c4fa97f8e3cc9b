//! Every profile on every database, as the table of docs/conformance.md.

use std::{process::ExitCode, thread};

use countersign_tests::{
    conformance::{Score, Suite, UnderTest},
    databases::databases,
};

/// Prints the table, and every difference on standard error; 0 only if there is none.
pub fn print(suite: &Suite, program: &str) -> ExitCode {
    let profiles = suite.profiles();
    let mut scores: Vec<Vec<Score>> = profiles.iter().map(|_| Vec::new()).collect();
    let mut names = Vec::new();
    for kind in databases().into_iter().map(|database| database.name) {
        names.push(kind);
        let score = |profile: &String| {
            let all = databases();
            let database = all.iter().find(|database| database.name == kind).expect("it was there");
            Score::of(&UnderTest::start(program, suite, profile, &database.url).run(suite, profile))
        };
        // A run mostly waits.
        let of_this: Vec<Score> = thread::scope(|scope| {
            let running: Vec<_> = profiles.iter().map(|profile| scope.spawn(move || score(profile))).collect();
            running.into_iter().map(|run| run.join().expect("the run ends")).collect()
        });
        for (list, score) in scores.iter_mut().zip(of_this) {
            score.differences.iter().for_each(|difference| eprintln!("{kind}: {difference}"));
            list.push(score);
        }
    }
    println!("| profile | group | steps | {} |", names.join(" | "));
    println!("| --- | --- | --: |{}", " --: |".repeat(names.len()));
    for (profile, scores) in profiles.iter().zip(&scores) {
        for (at, (group, _, all)) in scores[0].groups.iter().enumerate() {
            let equal = scores.iter().map(|score| score.groups[at].1.to_string());
            row(profile, group, *all, equal);
        }
        row(profile, "**all**", scores[0].all(), scores.iter().map(|score| format!("**{}**", score.equal())));
    }
    if scores.iter().flatten().all(Score::is_full) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(profile: &str, group: &str, all: usize, equal: impl Iterator<Item = String>) {
    println!("| {profile} | {group} | {all} | {} |", equal.collect::<Vec<_>>().join(" | "));
}
