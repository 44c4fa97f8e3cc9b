//! Every profile on every database, as the table of docs/conformance.md.

use std::{process::ExitCode, thread};

use countersign_tests::{
    conformance::{Score, Suite, UnderTest},
    databases::databases,
};

/// Prints the table, and every difference on standard error; 0 only if there is none.
pub fn print(suite: &Suite, program: &str) -> ExitCode {
    let mut names = Vec::new();
    let mut rows = Vec::new();
    let mut full = true;
    for profile in suite.profiles() {
        let databases = databases();
        // A run mostly waits.
        let scores: Vec<Score> = thread::scope(|scope| {
            let run = |url| Score::of(&UnderTest::start(program, suite, &profile, url).run(suite, &profile));
            let running: Vec<_> = databases.iter().map(|at| scope.spawn(move || run(&at.url))).collect();
            running.into_iter().map(|run| run.join().expect("the run ends")).collect()
        });
        names = databases.iter().map(|database| database.name).collect();
        for (database, score) in names.iter().zip(&scores) {
            full &= score.is_full();
            score.differences.iter().for_each(|difference| eprintln!("{profile} on {database}: {difference}"));
        }
        for (at, (group, _, all)) in scores[0].groups.iter().enumerate() {
            rows.push(row(&profile, group, *all, scores.iter().map(|score| score.groups[at].1)));
        }
        rows.push(row(&profile, "**all**", scores[0].all(), scores.iter().map(Score::equal)));
    }
    println!("| profile | group | steps | {} |", names.join(" | "));
    println!("| --- | --- | --: |{}", " --: |".repeat(names.len()));
    for row in rows {
        println!("{row}");
    }
    if full { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(profile: &str, group: &str, all: usize, equal: impl Iterator<Item = usize>) -> String {
    let cells: Vec<String> = equal.map(|count| count.to_string()).collect();
    format!("| {profile} | {group} | {all} | {} |", cells.join(" | "))
}
