//! The table: what was asked for, and what came out.

use std::{fmt::Display, time::Duration};

/// Whether a figure is good.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Held,
    Missed,
    NotRun,
    /// Nothing was asked for.
    Told,
}

struct Row {
    experiment: &'static str,
    on: String,
    what: String,
    asked: String,
    came: String,
    verdict: Verdict,
}

/// How much longer anything may take that an unoptimised build does beside others.
const SLOWER: u32 = 3;
/// Two clocks and a busy machine may be apart by so much.
const SLACK: Duration = Duration::from_millis(150);

/// All rows so far.
pub struct Figures {
    is_timed: bool,
    experiment: &'static str,
    rows: Vec<Row>,
    titles: Vec<(&'static str, &'static str)>,
}

impl Figures {
    /// An empty table; `is_timed` where durations are judged as they are asked for.
    pub fn new(is_timed: bool) -> Self {
        Self { is_timed, experiment: "", rows: Vec::new(), titles: Vec::new() }
    }

    pub fn begin(&mut self, experiment: &'static str, title: &'static str) {
        self.experiment = experiment;
        self.titles.push((experiment, title));
    }

    fn push(&mut self, on: &str, what: &str, asked: &str, came: &dyn Display, verdict: Verdict) {
        let came = came.to_string();
        if verdict == Verdict::Missed || verdict == Verdict::NotRun {
            eprintln!("fire: {} on {on}: {what}: asked {asked}, CAME {came}", self.experiment);
        }
        let (experiment, on) = (self.experiment, on.to_owned());
        self.rows.push(Row { experiment, on, what: what.to_owned(), asked: asked.to_owned(), came, verdict });
    }

    /// A figure that must hold.
    pub fn must(&mut self, on: &str, what: &str, asked: &str, came: impl Display, held: bool) {
        self.push(on, what, asked, &came, if held { Verdict::Held } else { Verdict::Missed });
    }

    /// A duration that must be within its limit; three times that where durations are not judged strictly. Something about it may
    /// be told beside it.
    pub fn within(&mut self, on: &str, what: &str, limit: Duration, came: Duration, told: &str) {
        let judged = if self.is_timed { limit } else { limit * SLOWER };
        let beside = if told.is_empty() { String::new() } else { format!(" ({told})") };
        self.must(on, what, &format!("≤ {limit:?}"), format!("{came:.2?}{beside}"), came <= judged + SLACK);
    }

    /// Something that must never have happened; the first of what did is told at once.
    pub fn never(&mut self, on: &str, what: &str, happened: &[String]) {
        for one in happened.iter().take(8) {
            eprintln!("fire: {} on {on}: {what}: {one}", self.experiment);
        }
        self.must(on, what, "0", happened.len(), happened.is_empty());
    }

    /// A figure that nothing is asked of.
    pub fn told(&mut self, on: &str, what: &str, came: impl Display) {
        self.push(on, what, "", &came, Verdict::Told);
    }

    /// A figure that must hold where `judged`, and is only told elsewhere (an unoptimised build, a short run).
    pub fn must_if(&mut self, judged: bool, on: &str, what: &str, asked: &str, came: impl Display, held: bool) {
        if judged {
            self.must(on, what, asked, came, held);
        } else {
            let asked = format!("({asked})");
            self.push(on, what, &asked, &came, Verdict::Told);
        }
    }

    /// Something that this machine does not allow: it counts as missed, since nobody would notice otherwise.
    pub fn not_run(&mut self, on: &str, what: &str, why: impl Display) {
        self.push(on, what, "to be run", &why, Verdict::NotRun);
    }

    pub fn all_held(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.verdict, Verdict::Held | Verdict::Told))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// As Markdown.
    pub fn print(&self) {
        for (experiment, title) in &self.titles {
            println!(
                "\n**{}**: {title}\n\n| on | what | asked | came | |\n| --- | --- | --- | --- | --- |",
                experiment.to_uppercase()
            );
            for row in self.rows.iter().filter(|row| row.experiment == *experiment) {
                let verdict = match row.verdict {
                    Verdict::Held => "held",
                    Verdict::Missed => "**MISSED**",
                    Verdict::NotRun => "**NOT RUN**",
                    Verdict::Told => "",
                };
                println!("| {} | {} | {} | {} | {verdict} |", row.on, row.what, row.asked, row.came);
            }
        }
    }
}
