//! What all pages have in common: what a run is given, and what a page says of itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{NaiveDateTime, TimeDelta};
use countersign_core::{
    Digest,
    env::{Clock, Random},
    seal::KeyRing,
};
use serde::Serialize;

use crate::store::imports::{Ledger, Subject};

/// What the pages of a run share.
pub struct Run<'a> {
    /// The source's number in the record.
    pub source: i64,
    /// When it began.
    pub now: NaiveDateTime,
    /// For what must not be earlier than it happens.
    pub clock: &'a dyn Clock,
    /// For ids and nonces.
    pub random: &'a dyn Random,
    /// Seals what must be handed out again.
    pub keys: &'a KeyRing,
    /// How long access tokens in simplejwt's form live.
    pub access_lifetime: TimeDelta,
    /// Is anything written?
    pub writes: bool,
    /// What would have been written before this page, where nothing is.
    pub seen: Seen,
}

impl Run<'_> {
    /// The record of a table.
    pub fn ledger(&self, subject: Subject) -> Ledger {
        Ledger { source: self.source, subject }
    }
}

/// What a check remembers of the rows before: it finds clashes within the source although nothing is written. An import and a
/// rehearsal ask the target instead, and remember nothing. Some 20 to 40 bytes an identifier: 100 MB for a million users of
/// Django, who have two each.
#[derive(Debug, Default)]
pub struct Seen {
    /// From the first of each to the second, rising: numbers mostly follow each other.
    users: Vec<(i64, i64)>,
    keys: HashMap<u64, i64>,
    freed: HashSet<u64>,
}

impl Seen {
    /// Would this user have been imported by now?
    pub fn has_user(&self, id: i64) -> bool {
        let behind = self.users.partition_point(|(first, _)| *first <= id);
        behind > 0 && self.users[behind - 1].1 >= id
    }

    /// Who would hold this identifier by now?
    pub fn holder(&self, key: &str) -> Option<i64> {
        self.keys.get(&short(key)).copied()
    }

    /// Would its holder of the target have given it up by now?
    pub fn is_freed(&self, key: &str) -> bool {
        self.freed.contains(&short(key))
    }

    /// Takes a page over, whose users have higher numbers than those before.
    pub fn add(&mut self, accepted: Accepted) {
        for id in accepted.users {
            match self.users.last_mut() {
                Some((_, last)) if *last + 1 == id => *last = id,
                _ => self.users.push((id, id)),
            }
        }
        self.keys.extend(accepted.keys.iter().map(|(key, user)| (short(key), *user)));
        self.freed.extend(accepted.freed.iter().map(|key| short(key)));
    }
}

/// Eight bytes of a key: of a million of them no two are alike, short of one chance in ten million.
fn short(key: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&Digest::of(key.as_bytes()).as_bytes()[..8]);
    u64::from_be_bytes(bytes)
}

/// Who and what a page lets in.
#[derive(Debug, Default)]
pub struct Accepted {
    /// New users, in the order of their numbers.
    pub users: Vec<i64>,
    /// The identifiers that they got, and those that changed.
    pub keys: Vec<(String, i64)>,
    /// The identifiers that were given up for others.
    pub freed: Vec<String>,
}

/// What became of the rows of a table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows that were read.
    pub read: u64,
    /// Imported for the first time.
    pub new: u64,
    /// Imported before; something changed since and was taken over.
    pub changed: u64,
    /// Imported before, and the same as then.
    pub unchanged: u64,
    /// Imported before, and not in the source any more.
    pub ended: u64,
    /// Not imported.
    pub refused: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.ended += other.ended;
        self.refused += other.refused;
    }
}

/// What is said of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It cannot be imported.
    Refused,
    /// It cannot be imported, because something in the target is in its place.
    Clash,
    /// It is imported, and not everything is as it was.
    Changed,
    /// Changed at the source and here: here counts.
    Kept,
    /// It is not in the source any more.
    Ended,
}

impl Verdict {
    /// As reports have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Clash => "clash",
            Self::Changed => "changed",
            Self::Kept => "kept",
            Self::Ended => "ended",
        }
    }

    /// Does it make the whole run a failure?
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Refused | Self::Clash)
    }
}

/// A sentence about a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What became of it.
    pub verdict: Verdict,
    /// The source's table.
    pub table: String,
    /// The row's number there.
    pub row: i64,
    /// Whom it is about, for rows of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The sentence.
    pub reason: String,
    /// The row of the target that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What became of a page.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In numbers.
    pub counts: Counts,
    /// In sentences, the table still unnamed.
    pub findings: Vec<Finding>,
    /// For the pages behind, where nothing is written.
    pub accepted: Accepted,
    /// Users of whom running servers must remember nothing, from the end of the page on.
    pub revoked: BTreeSet<i64>,
}

impl Outcome {
    /// Says something of a row.
    pub fn say(&mut self, verdict: Verdict, row: i64, who: Option<String>, reason: String, target: Option<String>) {
        self.counts.refused += u64::from(verdict.is_failure());
        self.findings.push(Finding { verdict, table: String::new(), row, who, reason, target });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_remembers_users_and_the_holders_of_identifiers() {
        let mut seen = Seen::default();
        seen.add(Accepted {
            users: vec![1, 2, 4],
            keys: vec![("ada".to_owned(), 1), ("bob".to_owned(), 2)],
            freed: Vec::new(),
        });
        seen.add(Accepted { users: vec![5, 9], keys: vec![("eve".to_owned(), 9)], freed: Vec::new() });
        let known: Vec<i64> = (-1..12).filter(|id| seen.has_user(*id)).collect();
        assert_eq!((known, seen.users.len()), (vec![1, 2, 4, 5, 9], 3));
        assert_eq!(["ada", "eve", "Ada"].map(|key| seen.holder(key)), [Some(1), Some(9), None]);
    }
}
