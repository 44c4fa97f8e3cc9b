//! Moments as Laravel's `date` rule takes them: what PHP's `strtotime` reads, if it names a whole date.
//!
//! Read are the forms in which people and programs write a date, with or without a time and an offset, as UTC if nothing else
//! is said. What PHP reads beside these is none here: words that count from today or from the date (`+1 day`), names of
//! places in the place of an offset, and letters for one.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use countersign_core::model::Timestamp;

/// Reads a moment.
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(seconds) = text.strip_prefix('@') {
        return DateTime::from_timestamp(seconds.parse().ok()?, 0);
    }
    let mut reader = Reader(&text);
    let weekday = reader.weekday();
    let date = reader.date()?;
    let date = match weekday {
        // A name that does not fit leads to the next such day.
        Some(weekday) => date.checked_add_days(Days::new((7 + weekday - day_of_week(date)) % 7))?,
        None => date,
    };
    let has_mark = reader.take("t") || reader.take_blanks();
    let time = if has_mark { reader.time()? } else { TimeDelta::zero() };
    reader.take_blanks();
    let offset = reader.offset()?;
    if !reader.0.is_empty() {
        return None;
    }
    let moment: DateTime<Utc> = date.and_time(NaiveTime::MIN).and_utc();
    // MySQL holds no other years.
    moment.checked_add_signed(time - offset).filter(|moment| (1..=9999).contains(&moment.year()))
}

/// From Sunday, as PHP counts.
fn day_of_week(date: NaiveDate) -> u64 {
    u64::from(date.weekday().num_days_from_sunday())
}

/// The first three letters of each, and all of them.
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Names of offsets that mails and logs have, in hours.
const ZONES: [(&str, i64); 18] = [
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("wet", 0),
    ("cest", 2),
    ("cet", 1),
    ("eest", 3),
    ("eet", 2),
    ("msk", 3),
    ("jst", 9),
];

/// What is still to be read. Each part takes what it reads and leaves the rest.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn take(&mut self, prefix: &str) -> bool {
        self.0.strip_prefix(prefix).map(|rest| self.0 = rest).is_some()
    }

    fn take_blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches([' ', '\t']);
        let length = self.0.len() - rest.len();
        self.0 = rest;
        length > 0
    }

    /// One of these characters, or none of them.
    fn take_one(&mut self, of: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|first| of.contains(first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// As many digits as there are, at most so many.
    fn digits(&mut self, most: usize) -> Option<&'a str> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (length > 0).then_some(digits)
    }

    fn number(&mut self, most: usize) -> Option<u32> {
        self.digits(most)?.parse().ok()
    }

    /// The place of a name in the list, whole or as its first three letters.
    fn name(&mut self, names: &[&str]) -> Option<u32> {
        let length = self.0.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.0.split_at(length);
        let is_it = |name: &&str| word == *name || word == &name[..3] || word == "sept" && *name == "september";
        let at = names.iter().position(is_it)?;
        self.0 = rest;
        u32::try_from(at).ok()
    }

    fn month(&mut self) -> Option<u32> {
        self.name(&MONTHS).map(|at| at + 1)
    }

    /// `Mon,` or `Monday`.
    fn weekday(&mut self) -> Option<u64> {
        let weekday = self.name(&WEEKDAYS)?;
        self.take_one(&[',']);
        self.take_blanks();
        Some(u64::from(weekday))
    }

    fn date(&mut self) -> Option<NaiveDate> {
        if let Some(month) = self.month() {
            return self.after_month(month);
        }
        let first = self.digits(8)?;
        let number: u32 = first.parse().ok()?;
        match first.len() {
            8 => {
                let (year, day) = (number / 10_000, number % 10_000);
                day_of(year, day / 100, day % 100)
            }
            4 => self.after_year(number),
            1 | 2 => self.after_day(first, number),
            _ => None,
        }
    }

    /// `2037-06-01`, `2037/6/1`, `2037-06`, `2037-Jun-01`, `2037-W05-3`.
    fn after_year(&mut self, year: u32) -> Option<NaiveDate> {
        let mark = self.take_one(&['-', '/']);
        if mark != Some('/') && self.take("w") {
            let week = self.digits(2).filter(|week| week.len() == 2)?.parse().ok()?;
            self.take_one(&['-']);
            let day = self.number(1).unwrap_or(1);
            let day = u8::try_from(day.checked_sub(1)?).ok()?;
            return NaiveDate::from_isoywd_opt(i32::try_from(year).ok()?, week, chrono::Weekday::try_from(day).ok()?);
        }
        let mark = mark?;
        if let Some(month) = self.month() {
            return if self.take("-") { day_of(year, month, self.two_digits()?) } else { None };
        }
        let month = self.number(2)?;
        if self.take_one(&[mark]).is_some() {
            return day_of(year, month, self.number(2)?);
        }
        if mark == '-' { day_of(year, month, 1) } else { None }
    }

    /// `1 June 2037`, `01-Jun-37`, `1.6.2037`, `1-6-2037`, `6/1/2037`, `37-06-01`.
    fn after_day(&mut self, digits: &str, first: u32) -> Option<NaiveDate> {
        let mark = self.take_one(&['/', '-', '.']);
        let second = self.digits(2);
        let (Some(mark), Some(second)) = (mark, second) else {
            // The day may be an ordinal, and the month stands by itself.
            let _ = ["st", "nd", "rd", "th"].into_iter().any(|ending| self.take(ending));
            self.take_blanks();
            let month = self.month()?;
            while self.take_one(&[' ', '-', '.', ',', '\t']).is_some() {}
            let year = self.year()?;
            return day_of(year, month, first);
        };
        let second: u32 = second.parse().ok()?;
        self.take_one(&[mark])?;
        let last = self.digits(4)?;
        let third: u32 = last.parse().ok()?;
        match (mark, last.len()) {
            ('/', 2 | 4) => day_of(full_year(last)?, first, second),
            ('-' | '.', 4) => day_of(third, second, first),
            ('-', 1 | 2) if digits.len() == 2 => day_of(full_year(digits)?, second, third),
            _ => None,
        }
    }

    /// `June 1, 2037`, `Jun-01-2037`, `June 2037`.
    fn after_month(&mut self, month: u32) -> Option<NaiveDate> {
        if self.take("-") {
            let day = self.two_digits()?;
            return if self.take("-") { day_of(self.number(4)?, month, day) } else { None };
        }
        while self.take_one(&[' ', '.', '\t']).is_some() {}
        let first = self.digits(4)?;
        let number: u32 = first.parse().ok()?;
        if first.len() == 4 {
            return day_of(number, month, 1);
        }
        let _ = ["st", "nd", "rd", "th"].into_iter().any(|ending| self.take(ending));
        let mut has_mark = false;
        while self.take_one(&[' ', ',', '.', '\t']).is_some() {
            has_mark = true;
        }
        let year = self.digits(4).filter(|year| has_mark && year.len() == 4)?;
        day_of(year.parse().ok()?, month, number)
    }

    fn two_digits(&mut self) -> Option<u32> {
        self.digits(2).filter(|digits| digits.len() == 2)?.parse().ok()
    }

    /// Four digits, or two for a year from 1970 on.
    fn year(&mut self) -> Option<u32> {
        full_year(self.digits(4)?)
    }

    /// `12:00`, `12:00:00.5`, `3:30 pm`, `12pm`, behind a `T` also `12` and `120000`; nothing is midnight.
    fn time(&mut self) -> Option<TimeDelta> {
        if !self.0.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(TimeDelta::zero());
        }
        let hour = self.number(2)?;
        let (mut minute, mut second) = (0, 0);
        if self.take(":") {
            minute = self.number(2)?;
            if self.take(":") {
                second = self.number(2)?;
            }
        } else if let Some(more) = self.digits(4) {
            minute = more.get(..2)?.parse().ok()?;
            second = if more.len() > 2 { more.get(2..4)?.parse().ok()? } else { 0 };
        }
        // The columns hold whole seconds.
        if self.0.len() > 1 && self.take_one(&['.']).is_some() {
            self.digits(usize::MAX)?;
        }
        let rest = self.0;
        self.take_blanks();
        let half = ["am", "a.m.", "pm", "p.m."].into_iter().find(|half| self.take(half));
        let hour = match half {
            Some(_) if !(1..=12).contains(&hour) && hour != 0 => return None,
            Some(half) => hour % 12 + if half.starts_with('p') { 12 } else { 0 },
            None => {
                self.0 = rest;
                hour
            }
        };
        let is_time = hour <= 24 && minute <= 59 && second <= 59;
        is_time.then(|| TimeDelta::seconds(i64::from(hour * 3600 + minute * 60 + second)))
    }

    /// `Z`, `UTC`, `GMT+2`, `+02:00`, `-0500`, `+2`, `EST`; nothing is UTC.
    fn offset(&mut self) -> Option<TimeDelta> {
        let length = self.0.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, rest) = self.0.split_at(length);
        let hours = if name.is_empty() { 0 } else { ZONES.into_iter().find(|(zone, _)| *zone == name)?.1 };
        self.0 = rest;
        let Some(sign) = self.take_one(&['+', '-']) else { return Some(TimeDelta::hours(hours)) };
        if !["", "utc", "gmt"].contains(&name) {
            return None;
        }
        let digits = self.digits(4)?;
        let (hours, mut minutes) = match digits.len() {
            1 | 2 => (digits, "0"),
            _ => digits.split_at(digits.len() - 2),
        };
        if digits.len() <= 2 && self.take(":") {
            minutes = self.digits(2)?;
        }
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let offset = TimeDelta::minutes(hours * 60 + minutes);
        Some(if sign == '-' { -offset } else { offset })
    }
}

/// A day that there is.
fn day_of(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|_| year > 0)
}

/// A year as written, or of two digits one from 1970 to 2069.
fn full_year(digits: &str) -> Option<u32> {
    let year: u32 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(year),
        2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn the_forms_of_people_and_programs_are_read() {
        for text in [
            "2037-06-01 10:00:00",
            "2037-6-1 10:00",
            "2037/06/01T10:00:00Z",
            "06/01/2037 10am",
            "6/1/37 10:00",
            "01-06-2037T10",
            "1.6.2037 10:00",
            "20370601T100000Z",
            "20370601 10:00",
            "37-06-01 10:00",
            "June 1, 2037 10:00 AM",
            "Jun 1st 2037 10:00",
            "Jun-01-2037 10:00:00.25",
            "2037-Jun-01 12:00 +2",
            "1 June 2037 12:00 CEST",
            "01-Jun-37 05:00:00 EST",
            "Mon, 01 Jun 2037 12:00:00 +0200",
            "Monday 1 jun 2037 10:00:00 GMT",
            "2037-06-01t12:00:00.000000+02:00",
            "2037-06-01 12:00:00 GMT+2",
            "2037-W23 10:00",
            "2037W231T10:00",
            "@2127463200",
            " 2037-06-01 10:00:00 ",
        ] {
            let read = moment(text).map(|moment| moment.to_rfc3339());
            assert_eq!(read.as_deref(), Some("2037-06-01T10:00:00+00:00"), "{text}");
        }
        let read = |text| moment(text).map(|moment| moment.to_rfc3339());
        assert_eq!(read("2020-01-01").as_deref(), Some("2020-01-01T00:00:00+00:00"));
        assert_eq!(read("2037-06").as_deref(), Some("2037-06-01T00:00:00+00:00"));
        assert_eq!(read("June 2037").as_deref(), Some("2037-06-01T00:00:00+00:00"));
        assert_eq!(read("2037-06-01 24:00").as_deref(), Some("2037-06-02T00:00:00+00:00"));
        assert_eq!(read("Tue, 01 Jun 2037").as_deref(), Some("2037-06-02T00:00:00+00:00"));
        assert_eq!(read("0001-01-01").as_deref(), Some("0001-01-01T00:00:00+00:00"));
    }

    #[test]
    fn anything_else_is_no_moment() {
        for text in [
            "",
            "y",
            "not a date",
            "2020-13-01",
            "2037-02-30",
            "2037-02-29",
            "0000-00-00",
            "2037",
            "12:00",
            "tomorrow",
            "+1 week",
            "1893456000",
            "2037-06-01 25:00",
            "2037-06-01 12:60",
            "13/1/2037",
            "1.6.37",
            "June 1",
            "2037 06 01",
            "2037:06:01",
            "2037-06-01 12:00:00 nowhere",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
