//! Django's groups: by them users get roles.

use std::collections::HashMap;

use super::{Framework, ImportError, Options, source::Source};

/// The tables that say who is in which group, if roles are made of groups.
pub struct Groups(Option<Tables>);

struct Tables {
    /// The table between users and groups.
    between: String,
    /// Its column of the user's number.
    user: String,
}

impl Groups {
    /// Looks for the tables; there is nothing to look for if no group is mapped.
    ///
    /// # Errors
    /// A group is mapped and there are no groups; the database's.
    pub fn find(source: &mut Source, options: &Options) -> Result<Self, ImportError> {
        if options.rules.framework != Framework::Django || options.rules.roles.is_empty() {
            return Ok(Self(None));
        }
        let between = format!("{}_groups", options.user_table);
        let columns = source.columns(&between)?;
        let user = columns.into_iter().map(|column| column.name).find(|name| name != "id" && name != "group_id");
        match user {
            Some(user) => Ok(Self(Some(Tables { between, user }))),
            None => Err(ImportError::Because(format!("the source has no table {between}: no groups to map"))),
        }
    }

    /// The names of the groups of the users above `range.0`, up to `range.1`.
    ///
    /// # Errors
    /// The database's.
    pub fn of(&mut self, source: &mut Source, range: (i64, i64)) -> Result<HashMap<i64, Vec<String>>, ImportError> {
        let Some(tables) = &self.0 else { return Ok(HashMap::new()) };
        let (between, groups) = (source.quoted(&tables.between), source.quoted("auth_group"));
        let (user, (after, last)) = (source.quoted(&tables.user), range);
        let expressions = [source.as_text(&format!("b.{user}")), source.as_text("g.name")];
        let rest = format!(
            "FROM {between} b JOIN {groups} g ON g.id = b.group_id WHERE b.{user} > {after} AND b.{user} <= {last}"
        );
        let mut found: HashMap<i64, Vec<String>> = HashMap::new();
        for mut row in source.rows(&expressions, &rest)? {
            if let (Some(user), Some(name)) = (row.take(0).and_then(|text| text.parse().ok()), row.take(1)) {
                found.entry(user).or_default().push(name);
            }
        }
        Ok(found)
    }
}
