//! What is recorded of a user: the marks of what the source had, and of two things that happened here without a decision of
//! anybody's: a login hashed the password anew, and the import suspended somebody. Neither is a change that stays.

use chrono::NaiveDateTime;
use countersign_core::{UserId, password::EncodedPassword};
use diesel::prelude::*;

use super::{
    super::{
        connection::AnyConnection,
        schema::{import_sources, imports},
    },
    Ledger, Marks, Subject,
};

/// The place of the password's mark among those of a user.
pub const PASSWORD: usize = 11;

/// What stands before each of the two, behind the marks.
const REHASHED: &str = ";hash=";
/// See [`REHASHED`].
const SUSPENDED: &str = ";suspended=";

/// The record of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the source had when it was read last.
    pub marks: Marks,
    /// Was the user gone from it then?
    pub is_gone: bool,
    /// The mark of the hash that logins made of the source's.
    rehashed: Option<String>,
    /// The mark of the moment at which the import suspended the user.
    suspended: Option<String>,
}

impl Record {
    /// Of somebody who is in the source and of whom nothing else is to be said.
    pub const fn of(marks: Marks) -> Self {
        Self { marks, is_gone: false, rehashed: None, suspended: None }
    }

    /// Reads what is stored.
    pub fn read(stored: &str) -> Self {
        let mut parts = stored.split(';');
        let (marks, is_gone) = Marks::read(parts.next().unwrap_or_default());
        let (mut rehashed, mut suspended) = (None, None);
        for part in parts {
            match part.split_once('=') {
                Some(("hash", mark)) => rehashed = Some(mark.to_owned()),
                Some(("suspended", mark)) => suspended = Some(mark.to_owned()),
                _ => {}
            }
        }
        Self { marks, is_gone, rehashed, suspended }
    }

    /// The stored form.
    pub fn stored(&self) -> String {
        let mut stored = if self.is_gone { self.marks.stored_gone() } else { self.marks.stored() };
        for (name, mark) in [(REHASHED, &self.rehashed), (SUSPENDED, &self.suspended)] {
            if let Some(mark) = mark {
                stored += name;
                stored += mark;
            }
        }
        stored
    }

    /// The import suspends the user at this moment.
    #[must_use]
    pub fn suspended_at(mut self, at: NaiveDateTime) -> Self {
        self.suspended = Some(of_moment(at));
        self
    }

    /// Was it the import that suspended the user then, and nobody since?
    pub fn has_suspended(&self, at: Option<NaiveDateTime>) -> bool {
        at.is_some() && self.suspended == at.map(of_moment)
    }

    /// Is this hash of the source's password: the source's own, or one that a login made of it?
    pub fn has_password(&self, encoded: Option<&str>) -> bool {
        self.marks.is_of(PASSWORD, encoded) || (encoded.is_some() && self.rehashed == encoded.map(mark))
    }

    /// What the source has now. Who was suspended by the import is so until it says otherwise; a hash that was made of
    /// a password is of no other one.
    #[must_use]
    pub fn next(&self, marks: Marks) -> Self {
        let rehashed = self.rehashed.clone().filter(|_| !marks.differ(&self.marks, PASSWORD));
        Self { marks, is_gone: false, rehashed, suspended: self.suspended.clone() }
    }
}

fn mark(text: &str) -> String {
    Marks::of([Some(text)]).stored()
}

fn of_moment(at: NaiveDateTime) -> String {
    mark(&at.and_utc().timestamp_micros().to_string())
}

/// Notes that a login made another hash of a password, in the transaction that stores it: the user's row is locked. If it was the
/// source's password, it still is.
///
/// # Errors
/// The database's.
pub fn rehashed(
    conn: &mut AnyConnection,
    user: UserId,
    old: &EncodedPassword,
    new: &EncodedPassword,
) -> QueryResult<()> {
    let sources: Vec<i64> = import_sources::table.select(import_sources::id).load(conn)?;
    if sources.is_empty() {
        return Ok(());
    }
    let subject = Subject::Users;
    let entries: Vec<(i64, String)> = imports::table
        .filter(imports::source.eq_any(&sources))
        .filter(imports::subject.eq(subject as i32))
        .filter(imports::origin.eq(user.0))
        .select((imports::source, imports::marks))
        .load(conn)?;
    for (source, stored) in entries {
        let record = Record::read(&stored);
        if record.has_password(Some(old.as_str())) {
            let record = Record { rehashed: Some(mark(new.as_str())), ..record };
            Ledger { source, subject }.set(conn, user.0, &record.stored())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again() {
        let marks = Marks::of([Some("a"), None]);
        let now = chrono::DateTime::UNIX_EPOCH.naive_utc();
        assert_eq!(Record::read(&marks.stored()), Record::of(marks.clone()));
        let whole = Record { is_gone: true, rehashed: Some(mark("$argon2id$")), ..Record::of(marks).suspended_at(now) };
        assert_eq!(Record::read(&whole.stored()), whole);
        assert!(whole.stored().starts_with("gone:"));
        assert!(whole.has_suspended(Some(now)) && !whole.has_suspended(None));
    }
}
