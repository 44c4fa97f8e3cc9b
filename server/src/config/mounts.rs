//! The `[[mount]]` tables: which adapters are served, where, and with which options.

use countersign_adapters::settings::{
    AdapterOptions, Problem, Section as _, Setting, Table, Value, nearest, parse_options, when_set,
};
use countersign_core::{StrategyKind, password::PasswordRules};

/// The adapters in the order in which they are mounted when the configuration names none.
pub const ADAPTERS: [&str; 5] = ["sanctum", "sanctum_spa", "djoser", "hotel", "minimal"];

/// One mounted adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct MountSettings {
    /// One of [`ADAPTERS`].
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

impl MountSettings {
    /// `adapter` with everything at its default.
    pub fn of(adapter: &str) -> Self {
        Self { adapter: adapter.to_owned(), prefix: None, strategy: None, password_rules: None, options: Table::new() }
    }

    /// All adapters at their defaults.
    pub fn all() -> Vec<Self> {
        ADAPTERS.into_iter().map(Self::of).collect()
    }

    /// What is set, in the order of the reference; `adapters` knows the adapter's own options.
    pub fn show(&self, adapters: &[AdapterOptions]) -> Vec<(&'static str, Value)> {
        let common =
            Common { prefix: self.prefix.clone(), strategy: self.strategy, password_rules: self.password_rules };
        let own = adapters.iter().find(|known| known.adapter == self.adapter);
        let mut shown = vec![("adapter", Value::String(self.adapter.clone()))];
        shown.extend(common.show());
        shown.extend(own.map(|own| (own.show)(&self.options)).unwrap_or_default());
        shown
    }
}

/// The settings of a mount of `adapter`, for the reference.
pub fn settings_of(adapter: &str, adapters: &[AdapterOptions]) -> Vec<Setting> {
    let own = adapters.iter().find(|known| known.adapter == adapter);
    let mut settings = Common::settings();
    settings.extend(own.map(|own| (own.settings)()).unwrap_or_default());
    settings
}

/// Reads the value of `mount`.
pub fn read(value: &Value, adapters: &[AdapterOptions], problems: &mut Vec<Problem>) -> Vec<MountSettings> {
    let Some(tables) = value.as_array().and_then(|items| items.iter().map(Value::as_table).collect::<Option<Vec<_>>>())
    else {
        problems.push(Problem::new("mount", Some(value), "is not a list of tables; write [[mount]] in the file"));
        return Vec::new();
    };
    let numbered = tables.into_iter().zip(1..);
    numbered.filter_map(|(table, number)| read_one(table, number, adapters, problems)).collect()
}

/// Reads the `number`th mount; `None` if its adapter is not known.
fn read_one(
    table: &Table,
    number: usize,
    adapters: &[AdapterOptions],
    problems: &mut Vec<Problem>,
) -> Option<MountSettings> {
    let adapter = match table.get("adapter") {
        Some(Value::String(name)) if ADAPTERS.contains(&name.as_str()) => name.clone(),
        given => {
            problems.push(no_adapter(given).within(&format!("mount {number}.")));
            return None;
        }
    };
    let mut keys: Vec<String> = settings_of(&adapter, adapters).into_iter().map(|setting| setting.key).collect();
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
    if let Some(own) = adapters.iter().find(|known| known.adapter == adapter) {
        found.extend((own.problems)(&options));
    }
    problems.extend(found.into_iter().map(|problem| problem.within(&format!("mount {number} ({adapter})."))));
    let Common { prefix, strategy, password_rules } = common;
    Some(MountSettings { adapter, prefix, strategy, password_rules, options })
}

/// What to say when no known adapter is named.
fn no_adapter(given: Option<&Value>) -> Problem {
    let one_of = format!("write one of {}", ADAPTERS.map(|name| format!("\"{name}\"")).join(", "));
    let Some(given) = given else {
        return Problem::new("adapter", None, format!("is missing; {one_of}"));
    };
    let hint = given.as_str().and_then(|name| nearest(name, &ADAPTERS));
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
