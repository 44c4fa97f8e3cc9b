//! Sources with the recorded databases in them, and installations that import them.

use countersign_core::{User, UserId, identifier::Key, store::UserStore as _};
use countersign_tests::{
    databases::{Database, databases, fresh, kinds, run},
    program::{Ran, Sandbox},
    sandbox,
};
use serde_json::Value;
use uuid::Uuid;

/// The recorded database of a framework for one kind of database.
macro_rules! dumps {
    ($framework:literal) => {
        [
            ("sqlite", include_str!(concat!("../../import/", $framework, "/sqlite.sql"))),
            ("postgres", include_str!(concat!("../../import/", $framework, "/postgres.sql"))),
            ("mysql", include_str!(concat!("../../import/", $framework, "/mysql.sql"))),
        ]
    };
}

/// A database as each kind holds it.
pub type Dumps = [(&'static str, &'static str); 3];

/// Django's, on each kind.
pub const DJANGO: [(&str, &str); 3] = dumps!("django");
/// Laravel's, on each kind.
pub const LARAVEL: [(&str, &str); 3] = dumps!("laravel");

/// A source on each database that is there.
pub fn sources(dumps: [(&str, &str); 3]) -> Vec<Database> {
    let sources = databases();
    for source in &sources {
        fill(source, dumps);
    }
    sources
}

/// A source and an empty target of another kind, until each kind was both once, for tests that change the source. What is read
/// knows nothing of where it is written: [`cells`] is for those who make sure of that.
pub fn pairs(dumps: Dumps) -> Vec<(Database, Database)> {
    let kinds = kinds();
    let next = kinds.iter().cycle().skip(1);
    kinds.iter().zip(next).map(|(from, to)| (filled(from, dumps), fresh(to))).collect()
}

/// A source and an empty target of each kind with each kind.
pub fn cells(dumps: Dumps) -> Vec<(Database, Database)> {
    let kinds = kinds();
    let targets = |from| kinds.iter().map(move |to| (filled(from, dumps), fresh(to)));
    kinds.iter().copied().flat_map(targets).collect()
}

/// The same, those of one kind before the others.
pub fn same_kind_first(mut cells: Vec<(Database, Database)>) -> Vec<(Database, Database)> {
    cells.sort_by_key(|(source, target)| source.name != target.name);
    cells
}

fn filled(kind: &'static str, dumps: Dumps) -> Database {
    let source = fresh(kind);
    fill(&source, dumps);
    source
}

/// Everything that a log-in depends on: the users as they are, but for moments and numbers of ours, what they are found by, their
/// hashes. Two targets that hold the same answer every password alike.
pub fn logins(target: &Database) -> Vec<String> {
    let store = target.store();
    let passwords = store.passwords(UserId(0), 1000).unwrap();
    let login = |user: User| {
        let names = [Some(&user.username), user.email.as_ref(), user.phone.as_ref()];
        let found = |name: &String| {
            let keys = [Key::username(name), Key::username_as_typed(name), Key::email(name)];
            keys.map(|key| store.account(&[key]).unwrap().map(|account| account.user.id))
        };
        let found: Vec<_> = names.into_iter().flatten().map(found).collect();
        let password = passwords.iter().find(|(id, _)| *id == user.id).map(|(_, password)| password.as_str());
        let user = User {
            uuid: Uuid::nil(),
            suspended_at: None,
            email_verified_at: None,
            last_login_at: None,
            created_at: None,
            updated_at: None,
            ..user
        };
        format!("{user:?} {found:?} {password:?}")
    };
    store.users(UserId(0), 1000).unwrap().into_iter().map(login).collect()
}

/// Puts a recorded database into an empty one.
pub fn fill(source: &Database, dumps: [(&str, &str); 3]) {
    let (_, dump) = dumps.iter().find(|(name, _)| *name == source.name).unwrap();
    run(&source.url, dump);
}

/// An installation on `target`. Hashing is not what these tests wait for.
pub fn installation(target: &Database) -> Sandbox {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__DATABASE__URL", &target.url);
    sandbox.set("COUNTERSIGN__DATABASE__WAIT", "20s");
    sandbox.set("COUNTERSIGN__PASSWORDS__MAX_WAIT", "120s");
    sandbox
}

/// Runs `import`; what it found, and its summary.
pub fn import(sandbox: &Sandbox, framework: &str, source: &Database, more: &[&str]) -> Imported {
    let mut arguments = vec!["import", framework, "--from", &source.url, "--json"];
    arguments.extend(more);
    let ran = sandbox.run(&arguments);
    let mut findings: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}: {}", ran.stderr)))
        .collect();
    let summary = findings.pop().unwrap_or_else(|| panic!("{}", ran.stderr));
    Imported { findings, summary: summary["summary"].clone(), ran }
}

/// What an import said.
pub struct Imported {
    /// A JSON object each.
    pub findings: Vec<Value>,
    /// The last line.
    pub summary: Value,
    /// The rest.
    pub ran: Ran,
}

impl Imported {
    /// `table: read new changed unchanged ended refused` of each table.
    pub fn counts(&self) -> Vec<String> {
        let tables = self.summary["tables"].as_array().unwrap();
        let line = |table: &Value| {
            let number = |name: &str| table[name].as_u64().unwrap().to_string();
            let numbers = ["read", "new", "changed", "unchanged", "ended", "refused"].map(number);
            format!("{}: {}", table["table"].as_str().unwrap(), numbers.join(" "))
        };
        tables.iter().map(line).collect()
    }

    /// `verdict row: reason` of each finding.
    pub fn said(&self) -> Vec<String> {
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let line = |finding: &Value| {
            let target = text(finding, "target");
            let target = if target.is_empty() { target } else { format!(" [{target}]") };
            format!(
                "{} {} {}: {}{target}",
                text(finding, "verdict"),
                text(finding, "table"),
                finding["row"],
                text(finding, "reason")
            )
        };
        self.findings.iter().map(line).collect()
    }
}
