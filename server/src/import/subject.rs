//! The tables that are imported: what each is called, which columns are wanted, by what its pages go, how its rows are judged
//! and how a page of them is written.
//!
//! This is the one place that a further table needs, beside the files that say how its rows are judged and written (such as
//! `token` and `tokens`):
//!
//! 1. a variant of [`Subject`], whose number stands in the record for ever, and its place in [`Subject::of`]: behind what its
//!    rows belong to;
//! 2. an arm in each of the methods, which say whether pages go by a whole number or by a digest ([`Key`]) and whether rows keep
//!    their numbers in the target;
//! 3. if its rows become something new, a variant of [`Candidates`]: [`Subject::judge`] makes it of rows without a look at any
//!    database, [`Page::write`] brings it into the target.
//!
//! A table that the source does not have is passed over. What is read of other tables beside a page comes in by [`Beside`].

use std::collections::{HashMap, HashSet};

use diesel::QueryResult;

use super::{
    Framework, Options, knox,
    outstanding::{self, Refresh},
    page::{Outcome, Run, Verdict},
    reserve::Numbered,
    source::Row,
    table::{Field, Key},
    token::{self, Bearer},
    tokens, user, users,
    value::Unreadable,
};
use crate::store::connection::AnyConnection;
pub use crate::store::imports::Subject;

/// What was read for a page from other tables.
#[derive(Debug, Default)]
pub struct Beside {
    /// The names of users' groups, by the users' numbers.
    pub groups: HashMap<i64, Vec<String>>,
    /// Are tokens of Knox 4 live there? See [`knox::is_four`].
    pub is_knox_four: bool,
    /// Which tokens are blacklisted.
    pub blacklisted: HashSet<i64>,
}

/// Rows that can be imported.
#[derive(Debug)]
pub enum Candidates {
    /// Users, with their numbers.
    Users(Vec<(i64, user::Judged)>),
    /// Opaque tokens.
    Bearers(Vec<Bearer>),
    /// Refresh tokens of simplejwt.
    Refreshes(Vec<Refresh>),
}

/// A page of a table, judged.
#[derive(Debug)]
pub struct Page {
    /// The table.
    pub subject: Subject,
    /// The numbers: above the first, up to the second.
    pub range: (i64, i64),
    /// The numbers of all rows that are there.
    pub present: Vec<i64>,
    /// What can be imported.
    pub candidates: Candidates,
    /// What is said of the others.
    pub refused: Outcome,
}

impl Subject {
    /// The tables of a framework, in the order in which they are brought over: users first, whom the others belong to.
    pub const fn of(framework: Framework) -> &'static [Self] {
        match framework {
            Framework::Django => &[Self::Users, Self::AuthTokens, Self::KnoxTokens, Self::OutstandingTokens],
            Framework::Laravel => &[Self::Users, Self::PersonalAccessTokens],
        }
    }

    /// The table's name.
    pub fn table(self, options: &Options) -> &str {
        match self {
            Self::Users => &options.user_table,
            Self::PersonalAccessTokens => "personal_access_tokens",
            Self::AuthTokens => "authtoken_token",
            Self::KnoxTokens => &options.knox_table,
            Self::OutstandingTokens => "token_blacklist_outstandingtoken",
        }
    }

    /// Columns that are called otherwise than in the framework.
    pub fn renamed(self, options: &Options) -> &[(String, String)] {
        if self == Self::Users { &options.columns } else { &[] }
    }

    /// The columns that are wanted; pages go by the first.
    pub const fn fields(self, framework: Framework) -> &'static [Field] {
        match self {
            Self::Users => framework.user_fields(),
            Self::PersonalAccessTokens => token::PERSONAL,
            Self::AuthTokens => token::AUTHTOKEN,
            Self::KnoxTokens => knox::FIELDS,
            Self::OutstandingTokens => outstanding::OUTSTANDING,
        }
    }

    /// What the first column is.
    pub const fn key(self) -> Key {
        match self {
            Self::Users | Self::PersonalAccessTokens | Self::AuthTokens | Self::OutstandingTokens => Key::Number,
            Self::KnoxTokens => Key::Digest,
        }
    }

    /// The table of the target in which rows keep their numbers.
    pub const fn numbered(self) -> Option<Numbered> {
        match self {
            Self::Users => Some(Numbered::Users),
            Self::PersonalAccessTokens => Some(Numbered::Tokens),
            Self::AuthTokens | Self::KnoxTokens | Self::OutstandingTokens => None,
        }
    }

    /// Judges the rows of a page.
    pub fn judge(self, rows: Vec<(i64, Row)>, range: (i64, i64), beside: &Beside, options: &Options) -> Page {
        let present = rows.iter().map(|(number, _)| *number).collect();
        let (models, zone) = (&options.models, &options.rules.zone);
        let mut refused = Outcome::default();
        let candidates = match self {
            Self::Users => Candidates::Users(sift(rows, range.0, &mut refused, |id, row| {
                let groups = beside.groups.get(&id).map(Vec::as_slice).unwrap_or_default();
                user::judge(id, row, groups, &options.rules).map(|judged| (id, judged))
            })),
            Self::PersonalAccessTokens => Candidates::Bearers(sift(rows, range.0, &mut refused, |id, row| {
                token::of_laravel(id, row, models, zone)
            })),
            Self::AuthTokens => {
                Candidates::Bearers(sift(rows, range.0, &mut refused, |id, row| token::of_django(id, row, zone)))
            }
            Self::KnoxTokens => Candidates::Bearers(sift(rows, range.0, &mut refused, |id, row| {
                knox::judge(id, row, beside.is_knox_four, zone)
            })),
            Self::OutstandingTokens => Candidates::Refreshes(sift(rows, range.0, &mut refused, |id, row| {
                outstanding::judge(id, row, &beside.blacklisted)
            })),
        };
        Page { subject: self, range, present, candidates, refused }
    }
}

/// Judges each row, and says why those are refused that are. Numbers rise, from above `after`: a row whose number does not
/// cannot be found again in the record.
fn sift<T>(
    rows: Vec<(i64, Row)>,
    mut after: i64,
    refused: &mut Outcome,
    judge: impl Fn(i64, Row) -> Result<T, Unreadable>,
) -> Vec<T> {
    let mut judged = Vec::with_capacity(rows.len());
    for (number, row) in rows {
        let outcome = if number > after {
            user::number(Some(&number.to_string())).and_then(|_| judge(number, row))
        } else {
            Err(Unreadable("its digest begins like another one's".to_owned()))
        };
        after = after.max(number);
        match outcome {
            Ok(one) => judged.push(one),
            Err(Unreadable(reason)) => refused.say(Verdict::Refused, number, None, reason, None),
        }
    }
    judged
}

impl Candidates {
    /// Takes out what is above this number.
    fn split_off(&mut self, number: i64) -> Self {
        match self {
            Self::Users(judged) => Self::Users(judged.split_off(judged.partition_point(|(id, _)| *id <= number))),
            Self::Bearers(bearers) => {
                Self::Bearers(bearers.split_off(bearers.partition_point(|bearer| bearer.origin <= number)))
            }
            Self::Refreshes(refreshes) => {
                Self::Refreshes(refreshes.split_off(refreshes.partition_point(|refresh| refresh.origin <= number)))
            }
        }
    }
}

impl Page {
    /// Takes out what is above this number, but for what was refused.
    #[must_use]
    pub fn split_off(&mut self, number: i64) -> Self {
        let rest = Self {
            subject: self.subject,
            range: (number, self.range.1),
            present: self.present.split_off(self.present.partition_point(|one| *one <= number)),
            candidates: self.candidates.split_off(number),
            refused: Outcome::default(),
        };
        self.range.1 = number;
        rest
    }

    /// Brings the page into the target.
    ///
    /// # Errors
    /// The database's.
    pub fn write(&self, conn: &mut AnyConnection, run: &Run) -> QueryResult<Outcome> {
        match &self.candidates {
            Candidates::Users(judged) => users::page(conn, run, judged, self.range, &self.present),
            Candidates::Bearers(bearers) => tokens::page(conn, run, self.subject, bearers, self.range, &self.present),
            Candidates::Refreshes(refreshes) => outstanding::page(conn, run, refreshes),
        }
    }
}
