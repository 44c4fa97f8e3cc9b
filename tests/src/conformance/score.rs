//! What a run came to: by group, and each difference.

use std::fmt::{self, Write as _};

use super::{json::Json, run::Outcome};

/// A text longer than this is cut where it is shown.
const SHOWN: usize = 400;

/// What is counted by itself.
const PARTS: [&str; 4] = ["status", "headers", "cookies", "body"];

/// The equal steps of a run.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Group, equal steps, all steps; in the order of the run.
    pub groups: Vec<(String, usize, usize)>,
    /// The same by what of an answer is equal: status, headers, cookies, body.
    pub parts: Vec<(String, usize, usize)>,
    /// Every difference in words.
    pub differences: Vec<String>,
}

impl Score {
    /// Counts.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let parts = PARTS.map(|part| (part.to_owned(), 0, 0)).to_vec();
        let mut score = Self { parts, ..Self::default() };
        for outcome in outcomes {
            for (name, equal, all) in &mut score.parts {
                *all += 1;
                *equal += usize::from(!outcome.differences.iter().any(|difference| part(&difference.what) == *name));
            }
            let at = score.groups.iter().position(|(name, ..)| *name == outcome.step.group).unwrap_or_else(|| {
                score.groups.push((outcome.step.group.clone(), 0, 0));
                score.groups.len() - 1
            });
            let (_, equal, all) = &mut score.groups[at];
            *all += 1;
            if outcome.differences.is_empty() {
                *equal += 1;
            } else {
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

    /// Groups and parts that are less equal than `reached` says, in words; also those that it does not name.
    pub fn lost(&self, reached: &Json) -> Vec<String> {
        let before =
            |name: &str| reached.get(name).and_then(Json::as_int).and_then(|count| usize::try_from(count).ok());
        let counted = self.groups.iter().chain(&self.parts);
        let lost = counted.filter(|(name, equal, _)| before(name).is_none_or(|before| *equal < before));
        lost.map(|(name, equal, all)| format!("{name}: {equal} of {all} are equal, not {:?}", before(name))).collect()
    }

    /// What of groups and parts is reached now: the more of `reached` and this score.
    pub fn raised(&self, reached: &Json) -> Json {
        let counted = self.groups.iter().chain(&self.parts);
        let more = counted.map(|(name, equal, _)| {
            let before = reached.get(name).and_then(Json::as_int).unwrap_or(0);
            (name.clone(), Json::from(before.max(i64::try_from(*equal).unwrap_or(i64::MAX))))
        });
        Json::Object(more.collect())
    }

    /// Is every step equal, and was there one?
    pub fn is_full(&self) -> bool {
        self.differences.is_empty() && self.all() > 0
    }
}

/// The part of an answer that a difference is in.
fn part(what: &str) -> &str {
    match what {
        "status" | "cookies" | "body" => what,
        "key order" | "pretty" => "body",
        _ => "headers",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_kept_and_only_rises() {
        let part = |name: &str, equal| (name.to_owned(), equal, 9);
        let score = Score { groups: vec![part("a", 5)], parts: vec![part("status", 7)], ..Score::default() };
        let reached = |text| Json::read(text).unwrap();
        assert_eq!(score.lost(&reached(r#"{"a":5,"status":6}"#)), Vec::<String>::new());
        assert_eq!(score.lost(&reached(r#"{"a":6,"status":7}"#)), ["a: 5 of 9 are equal, not Some(6)"]);
        assert_eq!(score.lost(&reached(r#"{"a":5}"#)), ["status: 7 of 9 are equal, not None"]);
        assert_eq!(score.raised(&reached(r#"{"a":6,"status":6}"#)).to_string(), r#"{"a":6,"status":7}"#);
    }
}
