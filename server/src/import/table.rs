//! A table of the source: which of the wanted columns it has, under which names, and its rows by pages, in the order of a key.
//!
//! Each row has a number by which it stands in the record and in reports. Where the key is a whole number, it is that. Where
//! it is a digest in hexadecimal digits, the number is made of the first [`DIGITS`] of them: 60 bits, in the same order as the
//! digests. Of two million of them no two are alike, short of one chance in half a million; if two are, the second is refused.

use super::{
    ImportError,
    source::{Row, Source},
    user::MAX_ID,
    value::shortened,
};

/// Rows that are read, judged and written together.
pub const PAGE: usize = 1000;

/// Digits of a digest that make its number.
const DIGITS: usize = 15;

/// What pages go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A whole number.
    Number,
    /// A digest in lower-case hexadecimal digits, of which there are at least [`DIGITS`].
    Digest,
}

/// Where a page ends: the next one begins behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of the last row.
    pub number: i64,
    /// Its digest, if pages go by digests.
    digest: String,
}

impl Default for Place {
    /// In front of all rows.
    fn default() -> Self {
        Self { number: i64::MIN + 1, digest: String::new() }
    }
}

/// Rows of a page with their numbers, and where it ends; nowhere if there is no further page.
pub type Rows = (Vec<(i64, Row)>, Option<Place>);

/// A column that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// What it is called here, and on the command line.
    pub name: &'static str,
    /// What the framework calls it, unless the command line says otherwise.
    pub column: &'static str,
    /// Is there nothing to import without it?
    pub required: bool,
}

/// Names that the owner gave columns: of a field and of the column.
pub type Renamed = [(String, String)];

/// A table whose columns are known.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The columns of the fields, in their order; `None` where the table has none.
    columns: Vec<Option<String>>,
    /// Columns that no field wants.
    pub extra: Vec<String>,
    /// The columns as SQL.
    expressions: Vec<String>,
    /// What pages go by.
    kind: Key,
    /// Its column as SQL.
    key: String,
}

impl Table {
    /// Looks at the table; the first field is what pages go by.
    ///
    /// # Errors
    /// There is no such table, a required or renamed column is not there, or the rows have no such key.
    pub fn find(
        source: &mut Source,
        name: &str,
        key: Key,
        fields: &[Field],
        renamed: &Renamed,
    ) -> Result<Self, ImportError> {
        let there = source.columns(name)?;
        if there.is_empty() {
            return Err(ImportError::Because(format!("the source has no table {name}")));
        }
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let told = renamed.iter().find(|(known, _)| known == field.name).map(|(_, column)| column.as_str());
            let wanted = told.unwrap_or(field.column);
            let found = there.iter().find(|column| column.name == wanted);
            if found.is_none() && (told.is_some() || field.required) {
                let hint = if told.is_some() { "" } else { "; name it by --column" };
                return Err(ImportError::Because(format!(
                    "table {name} has no column {wanted} for {}{hint}",
                    field.name
                )));
            }
            columns.push(found.map(|column| column.name.clone()));
        }
        let number = columns.first().cloned().flatten().unwrap_or_default();
        let kind = there.iter().find(|column| column.name == number).map(|column| column.kind.to_lowercase());
        let is_whole = |kind: &str| ["int", "serial", "numeric", "number"].iter().any(|is| kind.contains(is));
        if key == Key::Number && !kind.as_deref().is_some_and(is_whole) {
            return Err(ImportError::Because(format!(
                "{name}.{number} is {}: only users and tokens with whole numbers for ids can be imported",
                kind.unwrap_or_default()
            )));
        }
        let extra = there
            .iter()
            .map(|column| column.name.clone())
            .filter(|column| !columns.iter().flatten().any(|known| known == column))
            .collect();
        let expressions = columns
            .iter()
            .map(|column| source.as_text(&column.as_deref().map_or("NULL".to_owned(), |name| source.quoted(name))))
            .collect();
        Ok(Self { name: name.to_owned(), kind: key, key: source.quoted(&number), columns, extra, expressions })
    }

    /// The column of this field.
    pub fn column(&self, field: usize) -> Option<&str> {
        self.columns.get(field)?.as_deref()
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// The database's.
    pub fn count(&self, source: &mut Source) -> Result<i64, ImportError> {
        let table = source.quoted(&self.name);
        source.number(&format!("SELECT COUNT(*) FROM {table}"))
    }

    /// How many rows fulfil a condition.
    ///
    /// # Errors
    /// The database's.
    pub fn count_where(&self, source: &mut Source, condition: &str) -> Result<i64, ImportError> {
        let table = source.quoted(&self.name);
        source.number(&format!("SELECT COUNT(*) FROM {table} WHERE {condition}"))
    }

    /// The highest number that can be kept; 0 if there is no row.
    ///
    /// # Errors
    /// The database's.
    pub fn highest(&self, source: &mut Source) -> Result<i64, ImportError> {
        let table = source.quoted(&self.name);
        let key = &self.key;
        source.number(&format!("SELECT MAX({key}) FROM {table} WHERE {key} <= {MAX_ID}"))
    }

    /// Is there a key that several rows have? Then they cannot be told apart.
    ///
    /// # Errors
    /// There is one; the database's.
    pub fn check_keys(&self, source: &mut Source) -> Result<(), ImportError> {
        let table = source.quoted(&self.name);
        let key = &self.key;
        let several = source.number(&format!(
            "SELECT COUNT(*) FROM (SELECT {key} FROM {table} GROUP BY {key} HAVING COUNT(*) > 1) several"
        ))?;
        if several > 0 {
            return Err(ImportError::Because(format!(
                "{several} values of {}.{key} are not unique: this is not the framework's own table",
                self.name
            )));
        }
        Ok(())
    }

    /// The next page behind this place, in the order of the keys.
    ///
    /// # Errors
    /// The database's; a key is none.
    pub fn page(&self, source: &mut Source, behind: &Place) -> Result<Rows, ImportError> {
        let (table, key) = (source.quoted(&self.name), &self.key);
        let rest = |bound: &str| format!("FROM {table} WHERE {key} > {bound} ORDER BY {key} LIMIT {PAGE}");
        let rows = match self.kind {
            Key::Number => source.rows(&self.expressions, &rest(&behind.number.to_string()))?,
            Key::Digest => {
                let rest = rest(source.parameter());
                source.rows_with(&self.expressions, &rest, &behind.digest)?
            }
        };
        let is_full = rows.len() == PAGE;
        let mut place = behind.clone();
        let mut numbered = Vec::with_capacity(rows.len());
        for mut row in rows {
            let text = row.take(0).unwrap_or_default();
            let number = self.kind.number(&text).ok_or_else(|| {
                ImportError::Because(format!("{} has a row whose {}", self.name, self.kind.refusal(&text)))
            })?;
            place.number = place.number.max(number);
            if self.kind == Key::Digest {
                place.digest = text;
            }
            numbered.push((number, row));
        }
        Ok((numbered, is_full.then_some(place)))
    }
}

impl Key {
    /// The number of the row with this key.
    fn number(self, text: &str) -> Option<i64> {
        match self {
            Self::Number => text.parse().ok(),
            Self::Digest => {
                let is_digit = |letter: u8| matches!(letter, b'0'..=b'9' | b'a'..=b'f');
                let digits = text.get(..DIGITS).filter(|_| text.bytes().all(is_digit))?;
                i64::from_str_radix(digits, 16).ok()
            }
        }
    }

    /// Why a key is none.
    fn refusal(self, text: &str) -> String {
        match self {
            Self::Number => format!("number is {text:?}: it is no whole number"),
            Self::Digest => format!("digest is {:?}: it is no digest in hexadecimal digits", shortened(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_a_number_that_is_in_the_order_of_digests() {
        let number = |text: &str| Key::Digest.number(text);
        let full = format!("{}{}", "0123456789abcde", "f".repeat(113));
        assert_eq!(number(&full), Some(0x012_3456_789a_bcde));
        assert!(number("1".repeat(128).as_str()) < number("a".repeat(128).as_str()));
        assert_eq!(number(&"f".repeat(128)), Some((1 << 60) - 1));
        for bad in ["", "0123456789abcd", "0123456789abcdE", "0123456789abcdefg", "+123456789abcdef", "é23456789abcdef"]
        {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
