//! Users and tokens as the command line prints them: the same fields as JSON and as text, never a secret.

use chrono::SecondsFormat;
use countersign_core::{Token, User, model::Timestamp};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// Named values in the order in which they are printed.
#[derive(Debug, Clone)]
pub struct Record(Vec<(&'static str, Value)>);

/// The columns of a list of users.
pub const USER_COLUMNS: [&str; 6] = ["id", "username", "email", "phone", "role", "is_active"];
/// The columns of a list of tokens.
pub const TOKEN_COLUMNS: [&str; 6] = ["id", "kind", "name", "abilities", "last_used_at", "expires_at"];

/// The columns of a list of keys.
pub const KEY_COLUMNS: [&str; 6] = ["kind", "id", "algorithm", "state", "from", "until"];

impl Record {
    /// A key: what it does, since or from when, and until when.
    pub fn of_key(
        kind: &str,
        id: Option<&str>,
        algorithm: &str,
        state: &str,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Self {
        Self(vec![
            ("kind", json!(kind)),
            ("id", json!(id)),
            ("algorithm", json!(algorithm)),
            ("state", json!(state)),
            ("from", moment(from)),
            ("until", moment(until)),
        ])
    }

    /// A user.
    pub fn of_user(user: &User) -> Self {
        Self(vec![
            ("id", json!(user.id.0)),
            ("uuid", json!(user.uuid.to_string())),
            ("username", json!(user.username)),
            ("email", json!(user.email)),
            ("phone", json!(user.phone)),
            ("name", json!(user.name)),
            ("first_name", json!(user.first_name)),
            ("last_name", json!(user.last_name)),
            ("role", json!(user.role.as_str())),
            ("is_staff", json!(user.is_staff)),
            ("is_superuser", json!(user.is_superuser)),
            ("is_active", json!(user.is_active)),
            ("is_suspended", json!(user.is_suspended)),
            ("suspended_at", moment(user.suspended_at)),
            ("email_verified_at", moment(user.email_verified_at)),
            ("last_login_at", moment(user.last_login_at)),
            ("created_at", moment(user.created_at)),
            ("updated_at", moment(user.updated_at)),
        ])
    }

    /// A token, without what it is recognised by.
    pub fn of_token(token: &Token) -> Self {
        Self(vec![
            ("id", json!(token.id.0)),
            ("kind", json!(token.kind.as_str())),
            ("user_id", json!(token.user_id.0)),
            ("name", json!(token.name)),
            ("abilities", json!(token.abilities.0)),
            ("created_at", moment(token.created_at)),
            ("last_used_at", moment(token.last_used_at)),
            ("expires_at", moment(token.expires_at)),
        ])
    }

    /// The same record with one value more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.push((name, value));
        self
    }

    /// One value as text.
    fn text(&self, name: &str) -> String {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| plain(value)).unwrap_or_default()
    }

    /// One `name: value` a line.
    pub fn lines(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect();
        lines.join("\n") + "\n"
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A table with a head, columns as wide as their widest value.
pub fn table(records: &[Record], columns: &[&str]) -> String {
    let head = columns.iter().map(|column| (*column).to_owned()).collect();
    let rows = records.iter().map(|record| columns.iter().map(|column| record.text(column)).collect());
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// RFC 3339 in UTC, to the second.
fn moment(moment: Option<Timestamp>) -> Value {
    json!(moment.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true)))
}

/// A value as one line. Users choose names: what would steer the terminal is escaped.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    let harmless =
        |letter: char| if letter.is_control() { letter.escape_default().collect() } else { letter.to_string() };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str) -> Record {
        Record(vec![("id", json!(7)), ("name", json!(name)), ("end", json!(null)), ("list", json!(["a", "b"]))])
    }

    #[test]
    fn a_table_is_aligned_and_holds_no_control_characters() {
        let shown = table(&[record("Ada"), record("\u{1b}[2J\n")], &["id", "name", "end", "list"]);
        assert_eq!(
            shown,
            "id  name         end  list\n\
             7   Ada          -    a,b\n\
             7   \\u{1b}[2J\\n  -    a,b\n"
        );
    }

    #[test]
    fn a_record_keeps_its_order_in_both_forms() {
        let record = record("Ada").with("token", json!("x"));
        assert_eq!(record.lines(), "id: 7\nname: Ada\nend: -\nlist: a,b\ntoken: x\n");
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(json, r#"{"id":7,"name":"Ada","end":null,"list":["a","b"],"token":"x"}"#);
    }
}
