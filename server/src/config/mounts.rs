//! The `[[mount]]` tables: which adapters are served, where, and with which options.

use std::fmt;

use countersign_adapters::{
    ALL, Dialect,
    settings::{AdapterOptions, Problem, Section as _, Setting, Table, Value, nearest, parse_options, when_set},
};
use countersign_core::{StrategyKind, password::PasswordRules};

/// An adapter that can be mounted, as far as the configuration is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Where its document has it.
    pub prefix: &'static str,
    /// Its natural strategy.
    pub strategy: StrategyKind,
    /// Its natural rules for new passwords.
    pub password_rules: PasswordRules,
    /// Its name and its own settings.
    pub options: AdapterOptions,
}

impl From<&Dialect> for Known {
    fn from(dialect: &Dialect) -> Self {
        let Dialect { prefix, strategy, password_rules, options, .. } = *dialect;
        Self { prefix, strategy, password_rules, options }
    }
}

impl Known {
    /// Those of this build, in the order in which they are mounted when the configuration names none.
    pub fn all() -> Vec<Self> {
        ALL.iter().map(Self::from).collect()
    }

    /// All settings of a mount, with the defaults of this adapter.
    pub fn settings(&self) -> Vec<Setting> {
        let natural = self.common(&MountSettings::of(self.options.adapter, 1)).show();
        let default_of = |key: &str| natural.iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_string());
        let common = Common::settings().into_iter();
        let common = common.map(|setting| Setting { default: default_of(&setting.key), ..setting });
        common.chain((self.options.settings)()).collect()
    }

    /// What holds for `mount`.
    fn common(&self, mount: &MountSettings) -> Common {
        Common {
            prefix: mount.prefix.clone().or_else(|| Some(self.prefix.to_owned())),
            strategy: mount.strategy.or(Some(self.strategy)),
            password_rules: mount.password_rules.or(Some(self.password_rules)),
        }
    }

    /// What holds for `mount`, with the adapter's own options, in the order of the reference.
    pub fn show(&self, mount: &MountSettings) -> Vec<(&'static str, Value)> {
        let adapter = ("adapter", Value::String(mount.adapter.clone()));
        let own = (self.options.show)(&mount.options);
        [adapter].into_iter().chain(self.common(mount).show()).chain(own).collect()
    }
}

/// One mounted adapter.
#[derive(Clone, PartialEq)]
pub struct MountSettings {
    /// Its place among the `[[mount]]` tables, from 1: what problems call it.
    pub number: usize,
    /// [`Dialect::name`].
    pub adapter: String,
    /// Where it is mounted; `None` for its documented place.
    pub prefix: Option<String>,
    /// How its tokens look and live; `None` for its natural strategy.
    pub strategy: Option<StrategyKind>,
    /// What a new password must be; `None` for its natural rules.
    pub password_rules: Option<PasswordRules>,
    /// The adapter's own options as they were written; it parses them with
    /// [`parse_options`].
    pub options: Table,
}

countersign_adapters::settings! {
    /// What every adapter takes.
    pub struct Common {
        /// Where it is mounted, such as "/auth"; "" for the root. Without it, the place that its documentation names.
        pub prefix: Option<String> = None, check = when_set(mountable),
        /// "sanctum_pat", "djoser_token" or "jwt_pair". Without it, the adapter's natural one.
        pub strategy: Option<StrategyKind> = None,
        /// "none", "laravel" or "django". Without them, the adapter's natural ones.
        pub password_rules: Option<PasswordRules> = None,
    }
}

impl fmt::Debug for MountSettings {
    /// Of the options only the names: as they were written, secrets are not yet told from the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<_> = self.options.keys().collect();
        f.debug_struct("MountSettings")
            .field("number", &self.number)
            .field("adapter", &self.adapter)
            .field("prefix", &self.prefix)
            .field("strategy", &self.strategy)
            .field("password_rules", &self.password_rules)
            .field("options", &options)
            .finish()
    }
}

impl MountSettings {
    /// `adapter` with everything at its default, as the `number`th mount.
    pub fn of(adapter: &str, number: usize) -> Self {
        let adapter = adapter.to_owned();
        Self { number, adapter, prefix: None, strategy: None, password_rules: None, options: Table::new() }
    }

    /// All adapters at their defaults.
    pub fn all(known: &[Known]) -> Vec<Self> {
        known.iter().zip(1..).map(|(known, number)| Self::of(known.options.adapter, number)).collect()
    }
}

/// Reads the value of `mount`.
pub fn read(value: &Value, known: &[Known], problems: &mut Vec<Problem>) -> Vec<MountSettings> {
    let Some(tables) = value.as_array().and_then(|items| items.iter().map(Value::as_table).collect::<Option<Vec<_>>>())
    else {
        problems.push(Problem::new("mount", Some(value), "is not a list of tables; write [[mount]] in the file"));
        return Vec::new();
    };
    let numbered = tables.into_iter().zip(1..);
    numbered.filter_map(|(table, number)| read_one(table, number, known, problems)).collect()
}

/// Reads the `number`th mount; `None` if anything is wrong with it, so that nothing is said of what it would claim.
fn read_one(table: &Table, number: usize, known: &[Known], problems: &mut Vec<Problem>) -> Option<MountSettings> {
    let named = table.get("adapter").and_then(Value::as_str);
    let Some(own) = known.iter().find(|known| Some(known.options.adapter) == named) else {
        problems.push(no_adapter(table.get("adapter"), known).within(&format!("mount[{number}].")));
        return None;
    };
    let adapter = own.options.adapter;
    let mut keys: Vec<String> = own.settings().into_iter().map(|setting| setting.key).collect();
    keys.push("adapter".to_owned());
    let common_keys: Vec<String> = Common::settings().into_iter().map(|setting| setting.key).collect();
    let (mut common, mut options, mut found) = (Table::new(), Table::new(), Vec::new());
    for (key, value) in table.iter().filter(|(key, _)| *key != "adapter") {
        if !keys.contains(key) {
            found.push(Problem::unknown(key, nearest(key, &keys)));
        } else if common_keys.contains(key) {
            common.insert(key.clone(), value.clone());
        } else {
            options.insert(key.clone(), value.clone());
        }
    }
    let common = parse_options::<Common>(&common).unwrap_or_else(|wrong| {
        found.extend(wrong);
        Common::default()
    });
    found.extend((own.options.problems)(&options));
    if !found.is_empty() {
        problems.extend(found.into_iter().map(|problem| problem.within(&format!("mount[{number}]."))));
        return None;
    }
    let Common { prefix, strategy, password_rules } = common;
    Some(MountSettings { number, adapter: adapter.to_owned(), prefix, strategy, password_rules, options })
}

/// What to say when no known adapter is named.
fn no_adapter(given: Option<&Value>, known: &[Known]) -> Problem {
    let names: Vec<&str> = known.iter().map(|known| known.options.adapter).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let one_of = format!("write one of {}", quoted.join(", "));
    let Some(given) = given else {
        return Problem::new("adapter", None, format!("is missing; {one_of}"));
    };
    let hint = given.as_str().and_then(|name| nearest(name, &names));
    let hint = hint.map_or(one_of, |name| format!("did you mean \"{name}\"?"));
    Problem::new("adapter", Some(given), format!("is not an adapter; {hint}"))
}

fn mountable(prefix: &str) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-._~".contains(letter);
    if prefix.is_empty() {
        Ok(())
    } else if !prefix.starts_with('/') {
        Err(format!("does not start with a slash; write \"/{}\"", prefix.trim_end_matches('/')))
    } else if prefix.ends_with('/') {
        Err(format!("ends with a slash; write \"{}\"", prefix.trim_end_matches('/')))
    } else if prefix.contains("//") || !prefix.chars().all(plain) {
        Err("is not a plain path; write letters, digits and -._~ between single slashes".to_owned())
    } else {
        Ok(())
    }
}
