//! Which algorithm signs, and until when others did: lines of the key file, so that what was signed before a change of
//! `jwt.algorithm` lives on until it ends.

use std::fmt::Write as _;

use countersign_core::{model::Timestamp, strategy::JwtAlgorithm};

use super::pem::{moment, read_moment};

const SIGNS: &str = "signs since";
const SIGNED: &str = "signed until";

/// What the lines say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    signs: Option<(JwtAlgorithm, Timestamp)>,
    ended: Vec<(JwtAlgorithm, Timestamp)>,
}

impl History {
    /// Takes a line that belongs here; `None` for any other one, and what is wrong with one that is damaged.
    pub fn take(&mut self, line: &str) -> Option<Result<(), ()>> {
        let (name, rest) = line.strip_prefix("# ")?.split_once(' ')?;
        let algorithm: JwtAlgorithm = name.parse().ok()?;
        let (is_current, at) = match (rest.strip_prefix(SIGNS), rest.strip_prefix(SIGNED)) {
            (Some(at), _) => (true, at),
            (_, Some(at)) => (false, at),
            _ => return None,
        };
        let Some(at) = read_moment(at) else { return Some(Err(())) };
        if is_current {
            self.signs = Some((algorithm, at));
        } else {
            self.ended.push((algorithm, at));
        }
        Some(Ok(()))
    }

    /// Is this the algorithm that signs?
    pub fn is_current(&self, algorithm: JwtAlgorithm) -> bool {
        self.signs.is_some_and(|(current, _)| current == algorithm)
    }

    /// When the algorithm signed for the last time; `None` if it never did, or if nobody knows.
    pub fn ended(&self, algorithm: JwtAlgorithm) -> Option<Timestamp> {
        self.ended.iter().filter(|(ended, _)| *ended == algorithm).map(|(_, at)| *at).max()
    }

    /// From now on `algorithm` signs. Where nothing is known, `before` are those that may have signed until now.
    pub fn turn(&mut self, algorithm: JwtAlgorithm, before: &[JwtAlgorithm], now: Timestamp) {
        let before = self.signs.map_or_else(|| before.to_vec(), |(current, _)| vec![current]);
        self.ended.retain(|(ended, _)| *ended != algorithm && !before.contains(ended));
        self.ended.extend(before.into_iter().filter(|ended| *ended != algorithm).map(|ended| (ended, now)));
        self.signs = Some((algorithm, now));
    }

    /// The lines.
    pub fn text(&self) -> String {
        let current = self.signs.iter().map(|(algorithm, at)| (algorithm, SIGNS, at));
        let ended = self.ended.iter().map(|(algorithm, at)| (algorithm, SIGNED, at));
        current.chain(ended).fold(String::new(), |mut text, (algorithm, what, at)| {
            writeln!(text, "# {algorithm} {what} {}", moment(*at)).unwrap_or_default();
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_767_355_200 + seconds, 0).unwrap()
    }

    #[test]
    fn each_turn_notes_what_ends_and_a_return_forgets_it() {
        use JwtAlgorithm::{Es256, Hs256, Rs256};
        let mut history = History::default();
        history.turn(Es256, &[Hs256], at(0));
        assert_eq!((history.ended(Hs256), history.ended(Es256)), (Some(at(0)), None));
        history.turn(Rs256, &[Hs256], at(10));
        history.turn(Hs256, &[], at(20));
        assert_eq!(
            (history.ended(Es256), history.ended(Rs256), history.ended(Hs256)),
            (Some(at(10)), Some(at(20)), None)
        );
        assert!(history.is_current(Hs256) && !history.is_current(Rs256));
        let mut read = History::default();
        for line in history.text().lines() {
            assert_eq!(read.take(line), Some(Ok(())));
        }
        assert_eq!(read, history);
    }

    #[test]
    fn other_comments_are_left_alone_and_a_damaged_moment_is_told() {
        let mut history = History::default();
        for line in
            ["# signs from 2026-01-02T12:00:00Z", "# ES256 is what the gateway wants", "# none signs since ever", "#"]
        {
            assert_eq!(history.take(line), None, "{line}");
        }
        assert_eq!(history.take("# ES256 signs since yesterday"), Some(Err(())));
        assert_eq!(history, History::default());
    }
}
