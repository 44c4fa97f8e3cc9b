//! The macro that declares a section of the configuration, and what its expansion calls.

use std::fs;

use toml::{Table, Value};

use super::{Problem, Section, Setting, SettingValue, nearest};

/// Declares a section of the configuration: each setting once, with its documentation, type, default and check.
///
/// It makes the struct, `Default` and [`Section`]. A check is a `Fn(&T) -> Result<(), String>` whose message continues
/// the value. A [`Secret`](countersign_core::Secret) has a twin, the same key with `_file`, that names a file to read
/// it from.
///
/// ```
/// use countersign_adapters::settings::{Section as _, Span, between};
///
/// countersign_adapters::settings! {
///     /// Who may come in.
///     pub struct Door {
///         /// How many at once.
///         pub guests: u32 = 8, check = between(1, 100),
///         /// How long it stays open.
///         pub open_for: Span = Span::seconds(10),
///     }
/// }
///
/// let table = "guests = 0\nopen_fro = \"2s\"".parse().unwrap();
/// let problems = countersign_adapters::settings::parse_options::<Door>(&table).unwrap_err();
/// assert_eq!(problems[0].to_string(), "open_fro: unknown key; did you mean open_for?");
/// assert_eq!(problems[1].to_string(), "guests: 0 is not between 1 and 100");
/// assert_eq!(Door::default().open_for.to_string(), "10s");
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        pub struct $section:ident {
            $($(#[doc = $doc:literal])+ pub $key:ident: $type:ty = $default:expr $(, check = $check:expr)?,)*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $section { $($(#[doc = $doc])+ pub $key: $type,)* }

        impl ::std::default::Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $crate::settings::Section for $section {
            fn about() -> ::std::string::String {
                $crate::settings::declare::text(&[$($about),+])
            }

            fn settings() -> ::std::vec::Vec<$crate::settings::Setting> {
                let declared: ::std::vec::Vec<::std::vec::Vec<$crate::settings::Setting>> = {
                    let _default = Self::default();
                    vec![$($crate::settings::declare::setting(stringify!($key), &[$($doc),+], &_default.$key),)*]
                };
                declared.into_iter().flatten().collect()
            }

            fn read(table: &$crate::settings::Table) -> (Self, ::std::vec::Vec<$crate::settings::Problem>) {
                $crate::settings::declare::Reader::over(table, |_reader, _section: &mut Self| {
                    $(_reader.read(stringify!($key), &mut _section.$key);)*
                })
            }

            fn check(&self) -> ::std::vec::Vec<$crate::settings::Problem> {
                let found: ::std::vec::Vec<::std::option::Option<$crate::settings::Problem>> =
                    vec![$($($crate::settings::declare::verdict(stringify!($key), &self.$key, ($check)(&self.$key)),)?)*];
                found.into_iter().flatten().collect()
            }

            fn show(&self) -> ::std::vec::Vec<(&'static str, $crate::settings::Value)> {
                let shown: ::std::vec::Vec<(&'static str, ::std::option::Option<$crate::settings::Value>)> =
                    vec![$((stringify!($key), $crate::settings::SettingValue::show(&self.$key)),)*];
                shown.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))).collect()
            }
        }
    };
}

/// Joins the lines of a doc comment.
pub fn text(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

/// The key that names the file of a secret.
fn twin(key: &str) -> String {
    format!("{key}_file")
}

/// Describes one declared field; a secret has its twin behind it.
pub fn setting<T: SettingValue>(key: &str, doc: &[&str], default: &T) -> Vec<Setting> {
    let default = default.show().map(|value| value.to_string());
    let mut settings = vec![Setting { key: key.to_owned(), doc: text(doc), default, secret: T::SECRET }];
    if T::SECRET {
        let doc = format!("A file to read `{key}` from, instead.");
        settings.push(Setting { key: twin(key), doc, default: None, secret: false });
    }
    settings
}

/// The problem that a check found.
pub fn verdict<T: SettingValue>(key: &str, value: &T, outcome: Result<(), String>) -> Option<Problem> {
    let message = outcome.err()?;
    let value = if T::SECRET { None } else { value.show() };
    Some(Problem::new(key, value.as_ref(), message))
}

/// Reads the fields of one section, and keeps what is wrong.
pub struct Reader<'a> {
    table: &'a Table,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reads `table`, which is to hold nothing but the settings of `S`, by `fields`. Unknown keys come first among
    /// the problems.
    pub fn over<S: Section>(table: &'a Table, fields: impl FnOnce(&mut Self, &mut S)) -> (S, Vec<Problem>) {
        let known: Vec<String> = S::settings().into_iter().map(|setting| setting.key).collect();
        let unknown = table.keys().filter(|key| !known.contains(key));
        let problems = unknown.map(|key| Problem::unknown(key, nearest(key, &known))).collect();
        let (mut reader, mut section) = (Self { table, problems }, S::default());
        fields(&mut reader, &mut section);
        (section, reader.problems)
    }

    /// Reads one field, if it is given.
    pub fn read<T: SettingValue>(&mut self, key: &str, field: &mut T) {
        let from_file = if T::SECRET { self.file_of(key) } else { None };
        let Some(value) = from_file.as_ref().or_else(|| self.table.get(key)) else {
            return;
        };
        match T::read(value) {
            Ok(read) => *field = read,
            Err(message) => {
                let shown = if T::SECRET { None } else { Some(value) };
                self.problems.push(Problem::new(key, shown, message));
            }
        }
    }

    /// The content of the file that the twin of `key` names, without the line end that editors add.
    fn file_of(&mut self, key: &str) -> Option<Value> {
        let twin = twin(key);
        let value = self.table.get(&twin)?;
        if self.table.contains_key(key) {
            self.problems.push(Problem::new(&twin, Some(value), format!("stands beside {key}; give one of the two")));
            return None;
        }
        match value.as_str().ok_or_else(|| "no text".to_owned()).and_then(|path| {
            let content = fs::read_to_string(path);
            content.map_err(|error| error.to_string())
        }) {
            Ok(content) => Some(Value::String(content.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                self.problems.push(Problem::new(&twin, Some(value), format!("cannot be read: {error}")));
                None
            }
        }
    }
}
