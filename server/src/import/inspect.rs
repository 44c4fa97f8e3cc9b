//! What a source has, without a look at any target.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Framework, ImportError, Options, outstanding,
    source::{self, Source},
    subject::Subject,
    table::{Place, Table},
    user::scheme,
    work,
};

/// Places of fields in [`super::user::DJANGO`] and [`super::user::LARAVEL`].
const EMAIL: usize = 2;
const PASSWORD: usize = 7;
const IS_STAFF: usize = 8;
const IS_SUPERUSER: usize = 9;
const IS_ACTIVE: usize = 10;
const EMAIL_VERIFIED_AT: usize = 11;
const DELETED_AT: usize = 15;
const TWO_FACTOR: usize = 17;
/// Fortify's.
const TWO_FACTOR_CONFIRMED: &str = "two_factor_confirmed_at";

/// Tables of Django's world that are not imported.
const DJANGO_OTHERS: &[&str] = &["knox_authtoken", "django_session", "socialaccount_socialaccount"];
/// Tables of Laravel's world that are not imported.
const LARAVEL_OTHERS: &[&str] = &["sessions", "oauth_access_tokens", "passkeys", "social_accounts"];

/// What is there.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// The name of the source.
    pub source: String,
    /// Whose database it was read as.
    pub framework: Framework,
    /// The tables that are imported.
    pub tables: Vec<Found>,
    /// How many users have which kind of password hash.
    pub passwords: BTreeMap<String, u64>,
    /// How many users or tokens are what.
    pub counts: BTreeMap<String, i64>,
    /// What is not imported at all, or must be known.
    pub notes: Vec<String>,
}

/// A table that is there.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: i64,
    /// Which column is taken for what.
    pub columns: BTreeMap<&'static str, String>,
    /// Columns that are not imported.
    pub not_imported: Vec<String>,
}

/// Looks at a source.
///
/// # Errors
/// It cannot be read, or is not what it is said to be.
pub fn inspect(options: &Options) -> Result<Inspection, ImportError> {
    let framework = options.rules.framework;
    let mut source = Source::open(&options.from)?;
    let there = work::tables(&mut source, options)?;
    let users = there.users();
    let mut notes = notes(&mut source, options, users)?;
    notes.extend(there.notes());
    let (mut tables, mut counts) = (Vec::new(), BTreeMap::new());
    for (subject, table) in there.iter() {
        tables.push(found(&mut source, table, *subject, framework)?);
        match subject {
            Subject::Users => counts.extend(count_users(&mut source, table)?),
            Subject::OutstandingTokens => count_refresh_tokens(&mut source, table, &mut counts)?,
            Subject::PersonalAccessTokens | Subject::AuthTokens => {
                count_tokens(&mut source, options, users, *subject, &mut counts)?;
            }
        }
    }
    if framework == Framework::Django {
        count_groups(&mut source, options, &mut counts)?;
    }
    let passwords = schemes(&mut source, users)?;
    Ok(Inspection { source: source::name(&options.from), framework, tables, passwords, counts, notes })
}

/// What is not imported, in words.
///
/// # Errors
/// The database's.
pub fn notes(source: &mut Source, options: &Options, users: &Table) -> Result<Vec<String>, ImportError> {
    let mut notes = Vec::new();
    let others = match options.rules.framework {
        Framework::Django => DJANGO_OTHERS,
        Framework::Laravel => LARAVEL_OTHERS,
    };
    for table in others {
        if !source.columns(table)?.is_empty() {
            let quoted = source.quoted(table);
            let rows = source.number(&format!("SELECT COUNT(*) FROM {quoted}"))?;
            if rows > 0 {
                notes.push(format!("{table} has {rows} rows, which are not imported"));
            }
        }
    }
    if users.extra.iter().any(|column| column == "remember_token") {
        let remembered = users.count_where(source, &format!("{} IS NOT NULL", source.quoted("remember_token")))?;
        if remembered > 0 {
            notes.push(format!("remember_token: {remembered} browsers that stayed logged in have to log in again"));
        }
    }
    if let Some(column) = users.column(TWO_FACTOR) {
        let with = users.count_where(source, &is_set(source, column))?;
        if with > 0 {
            notes.push(format!(
                "{column}: {with} users have a second factor there{} and log in by password alone here",
                confirmed(source, users, column)?
            ));
        }
    }
    Ok(notes)
}

/// Of how many the second factor was confirmed: Fortify asks only those for it, if it was set to ask for that.
fn confirmed(source: &mut Source, users: &Table, secret: &str) -> Result<String, ImportError> {
    if users.extra.iter().all(|column| column != TWO_FACTOR_CONFIRMED) {
        return Ok(String::new());
    }
    let both = format!("{} AND {}", is_set(source, secret), is_set(source, TWO_FACTOR_CONFIRMED));
    Ok(format!(" ({} of them confirmed it)", users.count_where(source, &both)?))
}

fn is_set(source: &Source, column: &str) -> String {
    format!("{} IS NOT NULL", source.quoted(column))
}

fn found(source: &mut Source, table: &Table, subject: Subject, framework: Framework) -> Result<Found, ImportError> {
    let columns = subject.fields(framework).iter().enumerate();
    Ok(Found {
        table: table.name.clone(),
        rows: table.count(source)?,
        columns: columns.filter_map(|(at, field)| Some((field.name, table.column(at)?.to_owned()))).collect(),
        not_imported: table.extra.clone(),
    })
}

fn count_users(source: &mut Source, users: &Table) -> Result<BTreeMap<String, i64>, ImportError> {
    let mut counts = BTreeMap::new();
    let as_text = |source: &Source, column: &str| source.as_text(&source.quoted(column));
    let yes = |source: &Source, column: &str| format!("{} IN ('1', 't', 'true')", as_text(source, column));
    let mut count = |source: &mut Source, at: usize, name: &str, condition: &dyn Fn(&Source, &str) -> String| {
        if let Some(column) = users.column(at) {
            let condition = condition(source, column);
            counts.insert(name.to_owned(), users.count_where(source, &condition)?);
        }
        Ok::<_, ImportError>(())
    };
    count(source, IS_ACTIVE, "inactive users", &|source, column| format!("NOT ({})", yes(source, column)))?;
    count(source, IS_STAFF, "staff", &yes)?;
    count(source, IS_SUPERUSER, "superusers", &yes)?;
    let absent = |source: &Source, column: &str| format!("{} IS NULL", source.quoted(column));
    let present = |source: &Source, column: &str| format!("{} IS NOT NULL", source.quoted(column));
    count(source, EMAIL_VERIFIED_AT, "users with an unconfirmed address", &absent)?;
    count(source, DELETED_AT, "soft-deleted users", &present)?;
    count(source, EMAIL, "users without an address", &|source, column| {
        format!("COALESCE({}, '') = ''", as_text(source, column))
    })?;
    if let Some(column) = users.column(EMAIL) {
        let (column, table) = (source.quoted(column), source.quoted(&users.name));
        let shared = source.number(&format!(
            "SELECT COUNT(*) FROM (SELECT LOWER({column}) FROM {table} WHERE COALESCE({column}, '') <> '' \
             GROUP BY LOWER({column}) HAVING COUNT(*) > 1) shared"
        ))?;
        counts.insert("addresses that several users have".to_owned(), shared);
    }
    Ok(counts)
}

fn count_tokens(
    source: &mut Source,
    options: &Options,
    users: &Table,
    subject: Subject,
    counts: &mut BTreeMap<String, i64>,
) -> Result<(), ImportError> {
    let (table, owner) = match subject {
        Subject::PersonalAccessTokens => ("personal_access_tokens", "tokenable_id"),
        _ => ("authtoken_token", "user_id"),
    };
    let (tokens, owner) = (source.quoted(table), source.quoted(owner));
    let (user_table, id) = (source.quoted(&users.name), source.quoted(users.column(0).unwrap_or("id")));
    let orphans = source.number(&format!(
        "SELECT COUNT(*) FROM {tokens} t WHERE NOT EXISTS (SELECT 1 FROM {user_table} u WHERE u.{id} = t.{owner})"
    ))?;
    counts.insert("tokens without a user".to_owned(), orphans);
    if subject == Subject::PersonalAccessTokens {
        let kind = source.as_text("tokenable_type");
        let expressions = [kind.clone(), source.as_text("COUNT(*)")];
        for mut row in source.rows(&expressions, &format!("FROM {tokens} GROUP BY {kind}"))? {
            let (model, rows) = (row.take(0).unwrap_or_default(), row.take(1).and_then(|text| text.parse().ok()));
            let taken = if options.models.contains(&model) { "" } else { ", not imported without --user-model" };
            counts.insert(format!("tokens of {model}{taken}"), rows.unwrap_or(0));
        }
    }
    Ok(())
}

/// Refresh tokens of simplejwt, as far as they have not expired.
fn count_refresh_tokens(
    source: &mut Source,
    table: &Table,
    counts: &mut BTreeMap<String, i64>,
) -> Result<(), ImportError> {
    let end = source.quoted(table.column(outstanding::EXPIRES_AT).unwrap_or("expires_at"));
    let live = table.count_where(source, &format!("{end} > CURRENT_TIMESTAMP"))?;
    counts.insert("refresh tokens of simplejwt that have not expired".to_owned(), live);
    counts
        .insert("refresh tokens of simplejwt that are blacklisted".to_owned(), outstanding::count_blacklisted(source)?);
    Ok(())
}

fn count_groups(source: &mut Source, options: &Options, counts: &mut BTreeMap<String, i64>) -> Result<(), ImportError> {
    let between = format!("{}_groups", options.user_table);
    if source.columns(&between)?.is_empty() {
        return Ok(());
    }
    let (between, groups) = (source.quoted(&between), source.quoted("auth_group"));
    let expressions = [source.as_text("g.name"), source.as_text("COUNT(b.group_id)")];
    let rest = format!("FROM {groups} g LEFT JOIN {between} b ON b.group_id = g.id GROUP BY g.name");
    for mut row in source.rows(&expressions, &rest)? {
        let (name, rows) = (row.take(0).unwrap_or_default(), row.take(1).and_then(|text| text.parse().ok()));
        let role = options.rules.roles.iter().find(|(group, _)| *group == name).map(|(_, role)| *role);
        let mapped = role.map_or_else(|| "no role".to_owned(), |role| format!("role {role}"));
        counts.insert(format!("members of {name:?} ({mapped})"), rows.unwrap_or(0));
    }
    Ok(())
}

/// Reads every hash, by pages, and counts their kinds.
fn schemes(source: &mut Source, users: &Table) -> Result<BTreeMap<String, u64>, ImportError> {
    let mut schemes = BTreeMap::new();
    let mut place = Place::default();
    loop {
        let (rows, next) = users.page(source, &place)?;
        for (_, mut row) in rows {
            let password = row.take(PASSWORD);
            *schemes.entry(scheme(password.as_deref())).or_default() += 1;
        }
        let Some(next) = next else { return Ok(schemes) };
        place = next;
    }
}
