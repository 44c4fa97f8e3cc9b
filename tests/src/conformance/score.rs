//! What a run came to: by group, and each difference.

use std::fmt::{self, Write as _};

use super::run::Outcome;

/// A text longer than this is cut where it is shown.
const SHOWN: usize = 400;

/// The equal steps of a run.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Group, equal steps, all steps; in the order of the run.
    pub groups: Vec<(String, usize, usize)>,
    /// The names of the steps that are not equal.
    pub unequal: Vec<String>,
    /// Every difference in words.
    pub differences: Vec<String>,
}

impl Score {
    /// Counts.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut score = Self::default();
        for outcome in outcomes {
            let at = score.groups.iter().position(|(name, ..)| *name == outcome.step.group).unwrap_or_else(|| {
                score.groups.push((outcome.step.group.clone(), 0, 0));
                score.groups.len() - 1
            });
            let (_, equal, all) = &mut score.groups[at];
            *all += 1;
            if outcome.differences.is_empty() {
                *equal += 1;
            } else {
                score.unequal.push(outcome.step.id.clone());
                score.differences.push(describe(outcome));
            }
        }
        score
    }

    /// Equal steps.
    pub fn equal(&self) -> usize {
        self.groups.iter().map(|(_, equal, _)| equal).sum()
    }

    /// All steps.
    pub fn all(&self) -> usize {
        self.groups.iter().map(|(_, _, all)| all).sum()
    }

    /// Is every step equal, and was there one?
    pub fn is_full(&self) -> bool {
        self.differences.is_empty() && self.all() > 0
    }
}

/// The differences, and a line a group.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        for (name, equal, all) in &self.groups {
            writeln!(f, "  {name:16} {equal:4}/{all}")?;
        }
        write!(f, "  {:16} {:4}/{}", "all", self.equal(), self.all())
    }
}

fn describe(outcome: &Outcome) -> String {
    let Outcome { step, asked, differences, missing, .. } = outcome;
    let mut text = format!("{}  {}\n  {}\n", step.id, step.about, cut(asked));
    for difference in differences {
        let indent = " ".repeat(difference.what.len());
        let (recorded, got) = (cut(&difference.recorded.to_string()), cut(&difference.got.to_string()));
        let _ = writeln!(text, "  {}: recorded {recorded}\n  {indent}  got      {got}", difference.what);
    }
    if !missing.is_empty() {
        let _ = writeln!(text, "  (never captured, after an earlier difference: {})", missing.join(", "));
    }
    text
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { short + "…" } else { short }
}
