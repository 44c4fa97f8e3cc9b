//! A table of the source: which of the wanted columns it has, under which names, and its rows by pages.

use super::{
    ImportError,
    source::{Row, Source},
    user::MAX_ID,
};

/// Rows that are read, judged and written together.
pub const PAGE: usize = 1000;

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
    /// The numbers by which pages are counted, as SQL.
    key: String,
}

impl Table {
    /// Looks at the table; the first field is the number by which rows are counted.
    ///
    /// # Errors
    /// There is no such table, a required or renamed column is not there, or the rows have no whole number.
    pub fn find(source: &mut Source, name: &str, fields: &[Field], renamed: &Renamed) -> Result<Self, ImportError> {
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
        if !kind
            .as_deref()
            .is_some_and(|kind| ["int", "serial", "numeric", "number"].iter().any(|is| kind.contains(is)))
        {
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
        Ok(Self { name: name.to_owned(), key: source.quoted(&number), columns, extra, expressions })
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

    /// Is there a number that several rows have, or one below 1? Then they cannot be counted by it.
    ///
    /// # Errors
    /// There is one; the database's.
    pub fn check_numbers(&self, source: &mut Source) -> Result<(), ImportError> {
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

    /// The next page behind this number, in the order of the numbers.
    ///
    /// # Errors
    /// The database's.
    pub fn page(&self, source: &mut Source, after: i64) -> Result<Vec<Row>, ImportError> {
        let (table, key) = (source.quoted(&self.name), &self.key);
        let rest = format!("FROM {table} WHERE {key} > {after} ORDER BY {key} LIMIT {PAGE}");
        source.rows(&self.expressions, &rest)
    }
}
