//! What an import says: a line for each finding while it runs, a bar if somebody watches, and one table at the end.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::json;

use super::super::{Outcome, Output};
use crate::import::{Finding, ImportError, Inspection, Listener, Mode, Summary};

/// Letters of the bar.
const BAR: u64 = 30;

/// Tells what happens.
pub struct Teller<'a> {
    output: &'a mut Output,
    json: bool,
    /// Is there a bar, and is it drawn at this moment?
    bar: Option<bool>,
}

impl<'a> Teller<'a> {
    /// A bar is drawn on a terminal alone.
    pub fn new(output: &'a mut Output, json: bool) -> Self {
        Self { output, json, bar: io::stderr().is_terminal().then_some(false) }
    }

    fn wipe(&mut self) {
        if self.bar == Some(true) {
            let _ = write!(io::stderr(), "\r\x1b[K");
            self.bar = Some(false);
        }
    }

    /// Prints the summary.
    ///
    /// # Errors
    /// The reader's.
    pub fn finish(mut self, summary: &Summary) -> Outcome {
        self.wipe();
        if self.json {
            return self.output.line(&json!({ "summary": summary }).to_string());
        }
        self.output.text(&summed_up(summary))
    }
}

impl Listener for Teller<'_> {
    fn found(&mut self, finding: &Finding) -> Result<(), ImportError> {
        self.wipe();
        let line = if self.json { json!(finding).to_string() } else { line(finding) };
        self.output.line(&line).map_err(|refused| match refused {
            super::super::Refused::Output(error) => error.into(),
            other => ImportError::Because(other.to_string()),
        })
    }

    fn progress(&mut self, table: &str, read: u64, of: u64) {
        if self.bar.is_none() {
            return;
        }
        let filled = usize::try_from(BAR * read.min(of) / of.max(1)).unwrap_or(0);
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(usize::try_from(BAR).unwrap_or(0) - filled));
        let _ = write!(io::stderr(), "\r\x1b[K{table} [{bar}] {read} of {of}");
        self.bar = Some(true);
    }
}

fn line(finding: &Finding) -> String {
    let Finding { verdict, table, row, who, reason, target } = finding;
    let who = who.as_ref().map(|who| format!(" {who}")).unwrap_or_default();
    let target = target.as_ref().map(|target| format!(": {target}")).unwrap_or_default();
    harmless(&format!("{:<8} {table} {row}{who}: {reason}{target}", verdict.as_str()))
}

/// Users choose names: what would steer the terminal is escaped.
fn harmless(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() { letter.escape_default().collect() } else { letter.to_string() };
    text.chars().map(shown).collect()
}

fn summed_up(summary: &Summary) -> String {
    let head = ["table", "read", "new", "changed", "unchanged", "ended", "refused", "seconds", "rows/s"];
    let mut rows = vec![head.map(str::to_owned)];
    for table in &summary.tables {
        let counts = table.counts;
        let numbers = [counts.read, counts.new, counts.changed, counts.unchanged, counts.ended, counts.refused]
            .map(|n| n.to_string());
        let [read, new, changed, unchanged, ended, refused] = numbers;
        let rate = per_second(counts.read, table.seconds);
        let seconds = format!("{:.1}", table.seconds);
        rows.push([table.table.clone(), read, new, changed, unchanged, ended, refused, seconds, rate]);
    }
    let mut text = String::new();
    for row in &rows {
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(
                |(at, cell)| {
                    if at == 0 { format!("{cell:<w$}", w = width(at)) } else { format!("{cell:>w$}", w = width(at)) }
                },
            )
            .collect();
        text += &cells.join("  ");
        text.push('\n');
    }
    for note in &summary.notes {
        text += &harmless(&format!("note: {note}"));
        text.push('\n');
    }
    text += match summary.mode {
        Mode::Import => "",
        Mode::DryRun => "all of it was taken back\n",
        Mode::Check => "no user and no token was written\n",
    };
    text
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(rows: u64, seconds: f64) -> String {
    format!("{:.0}", rows as f64 / seconds.max(0.001))
}

/// What a source has, as text.
pub fn inspection(inspection: &Inspection) -> String {
    let mut lines = vec![format!("{} ({})", inspection.source, inspection.framework.as_str())];
    for table in &inspection.tables {
        lines.push(format!("{}: {} rows", table.table, table.rows));
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|(field, column)| if field == column { column.clone() } else { format!("{column} as {field}") })
            .collect();
        lines.push(format!("  imported: {}", columns.join(", ")));
        if !table.not_imported.is_empty() {
            lines.push(format!("  not imported: {}", table.not_imported.join(", ")));
        }
    }
    lines.push("passwords:".to_owned());
    lines.extend(inspection.passwords.iter().map(|(scheme, users)| format!("  {users:>8}  {scheme}")));
    lines.push("counts:".to_owned());
    lines.extend(inspection.counts.iter().map(|(what, count)| format!("  {count:>8}  {what}")));
    lines.extend(inspection.notes.iter().map(|note| format!("note: {note}")));
    lines.iter().map(|line| harmless(line) + "\n").collect()
}
