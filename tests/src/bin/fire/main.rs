//! Kills, stops, fills up and floods real servers, and compares what they did with what they said: docs/fire.md.
//!
//! `fire x1 x4 …` runs those experiments, without names all of them; `--short` is the form for every change (some minutes altogether),
//! without it the counts are those of a release, of which `--part N` does one Nth. `--minutes N` says how long the soak is, `--mariadb`
//! that MariaDB takes part in the short form. Every figure that was asked for is a row of the table; one that is missed, or that could
//! not be asked for on this machine, makes the exit code 1. `--seed N` draws the same moments again.
//!
//! Any other arguments are the command line of Countersign itself: that is how this program starts the servers under test.

mod harness;
mod keeper;
mod x01_registrations;
mod x02_revocations;
mod x03_syncs;
mod x04_crash;
mod x05_silence;
mod x06_full;
mod x07_storm;
mod x08_races;
mod x09_soak;
mod x10_hostile;
mod x11_clock;
mod x12_starts;
mod xa_failover;
mod xb_bound;
mod xc_capacity;

use std::{
    env,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use harness::{Figures, Run};

/// An experiment: its name on the command line, what it is, and what does it.
type Experiment = (&'static str, &'static str, fn(&Run, &mut Figures));

const EXPERIMENTS: [Experiment; 15] = [
    ("x1", "kill -9 while registering", x01_registrations::run),
    ("x2", "kill -9 while revoking and rotating", x02_revocations::run),
    ("x3", "a sync before every answer", x03_syncs::run),
    ("x4", "the database crashes", x04_crash::run),
    ("x5", "the database says nothing", x05_silence::run),
    ("x6", "the disk is full", x06_full::run),
    ("x7", "a storm of logins in 512 MiB", x07_storm::run),
    ("x8", "races over two processes", x08_races::run),
    ("x9", "a soak", x09_soak::run),
    ("x10", "slow and huge clients", x10_hostile::run),
    ("x11", "the clock jumps", x11_clock::run),
    ("x12", "starts at once, and killed", x12_starts::run),
    ("failover", "the primary is killed, the replica takes over", xa_failover::run),
    ("bound", "revoked through one process, refused by the other", xb_bound::run),
    ("capacity", "what one PostgreSQL and two processes can do", xc_capacity::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(asked) = Asked::read(&arguments) else { return countersign::cli::main() };
    if !keeper::is_kept() {
        return keeper::keep().unwrap_or_else(|error| {
            eprintln!("fire: {error}");
            ExitCode::FAILURE
        });
    }
    let run =
        Run::new(asked.short, asked.seed).with_minutes(asked.minutes).with_part(asked.part).with_mariadb(asked.mariadb);
    let mut figures = Figures::new(run.is_timed());
    eprintln!("fire: {} form, seed {}", if asked.short { "short" } else { "long" }, asked.seed);
    for (name, title, experiment) in EXPERIMENTS {
        if !asked.names.is_empty() && !asked.names.iter().any(|asked| asked == name) {
            continue;
        }
        let began = Instant::now();
        eprintln!("fire: {name}, {title}");
        figures.begin(name, title);
        attempt(experiment, &run, &mut figures);
        eprintln!("fire: {name} took {:.1} s", began.elapsed().as_secs_f64());
    }
    figures.print();
    if figures.all_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does one; a panic in it is a figure that was missed, and the others go on.
fn attempt(experiment: fn(&Run, &mut Figures), run: &Run, figures: &mut Figures) {
    let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| experiment(run, figures))) else { return };
    // A message is a `str` or, with arguments, a `String`.
    let told = panic.downcast_ref::<&str>().copied();
    let told = told.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic");
    // A row of the table is a line.
    let told = told.lines().next().unwrap_or_default().replace('|', "/");
    figures.must("all", "the experiment", "runs to its end", told, false);
    if let Err(why) = run.recover() {
        figures.must("PostgreSQL", "the next experiments", "it is there for them", why, false);
    }
}

/// What the command line asks for.
struct Asked {
    names: Vec<String>,
    short: bool,
    seed: u64,
    minutes: Option<u64>,
    part: u64,
    mariadb: bool,
}

impl Asked {
    /// `None` if these are arguments of Countersign.
    fn read(arguments: &[String]) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "a seed may be anything; it is printed")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
        let mut asked = Self { names: Vec::new(), short: false, seed: now, minutes: None, part: 1, mariadb: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--short" => asked.short = true,
                "--mariadb" => asked.mariadb = true,
                "--part" => asked.part = arguments.next()?.parse().ok()?,
                "--minutes" => asked.minutes = Some(arguments.next()?.parse().ok()?),
                "--seed" => asked.seed = arguments.next()?.parse().ok()?,
                name if EXPERIMENTS.iter().any(|(known, ..)| *known == name) => asked.names.push(name.to_owned()),
                _ => return None,
            }
        }
        Some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(_run: &Run, figures: &mut Figures) {
        figures.must("SQLite", "before", "1", 1, true);
        panic!("{} of 2", 1);
    }

    #[test]
    fn a_panic_is_a_missed_figure_and_keeps_the_others() {
        let run = Run::new(true, 1);
        let mut figures = Figures::new(false);
        figures.begin("x1", "fails");
        attempt(fails, &run, &mut figures);
        assert_eq!(figures.len(), 2);
        assert!(!figures.all_held());
    }
}
