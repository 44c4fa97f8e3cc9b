//! The configuration: declared once, read from `countersign.toml` and the environment, checked as a whole.

mod access_log;
mod database_url;
mod findings;
mod mail_transport;
mod mounts;
mod old_links;
mod origin;
mod reference;
mod secrets;
mod sections;
mod sources;
mod url_mask;

use std::{error::Error, fmt};

use countersign_adapters::{
    laravel::settings::LaravelSettings,
    origin::Origin,
    settings::{Problem, Section, Setting, Table, Value, nearest},
};

pub use access_log::AccessLogPlace;
pub use database_url::DatabaseUrl;
pub use findings::{Findings, common_parent, mounted};
pub use mail_transport::{Encryption, MailServer, MailTransport, Way};
pub use mounts::MountSettings;
pub use old_links::OldLinkSettings;
pub use reference::reference;
pub use secrets::key_bytes;
pub use sections::{
    CacheSettings, CounterPlace, DatabaseSettings, JwtSettings, KeySettings, KnoxSettings, LogFormat, LogLevel,
    LogSettings, MailSettings, NewScheme, PasswordSettings, SanctumSettings, ServerSettings, ThrottleSettings,
    Verified,
};
pub use sources::Sources;

use mounts::Known;
use sections::Root;

/// Declares the sections once: the fields of [`Settings`], how they are read, listed and shown.
macro_rules! sections {
    ($($(#[doc = $doc:literal])+ $name:ident: $section:ty,)+) => {
        /// Everything that can be set.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings {
            /// Origins of the front ends, normalised (`https://app.example.org`): stateful domains, CORS, WebSocket
            /// origins.
            pub front_ends: Vec<String>,
            $($(#[doc = $doc])+ pub $name: $section,)+
            /// The mounted adapters, in the order of the file.
            pub mounts: Vec<MountSettings>,
        }

        impl Default for Settings {
            fn default() -> Self {
                let front_ends = Root::default().front_ends.into_iter().map(|origin| origin.to_string()).collect();
                Self { front_ends, $($name: <$section>::default(),)+ mounts: MountSettings::all(&Known::all()) }
            }
        }

        impl Settings {
            /// Name, purpose and settings of each section.
            fn sections() -> Vec<(&'static str, String, Vec<Setting>)> {
                vec![$((stringify!($name), <$section>::about(), <$section>::settings()),)+]
            }

            /// Takes each section out of `table`.
            fn read_sections(&mut self, table: &mut Table, problems: &mut Vec<Problem>) {
                $(self.$name = read_section(stringify!($name), table, problems);)+
            }

            /// The effective values of each section.
            fn shown(&self) -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
                vec![$((stringify!($name), self.$name.show()),)+]
            }
        }
    };
}

sections! {
    /// `[server]`
    server: ServerSettings,
    /// `[database]`
    database: DatabaseSettings,
    /// `[keys]`
    keys: KeySettings,
    /// `[sanctum]`
    sanctum: SanctumSettings,
    /// `[knox]`
    knox: KnoxSettings,
    /// `[laravel]`
    laravel: LaravelSettings,
    /// `[jwt]`
    jwt: JwtSettings,
    /// `[passwords]`
    passwords: PasswordSettings,
    /// `[throttle]`
    throttle: ThrottleSettings,
    /// `[cache]`
    cache: CacheSettings,
    /// `[mail]`
    mail: MailSettings,
    /// `[old_links]`
    old_links: OldLinkSettings,
    /// `[log]`
    log: LogSettings,
}

/// All that is wrong with a configuration; shown one problem a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Error for Problems {}

impl Settings {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All problems at once.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        Self::load_and(sources, |_| Vec::new())
    }

    /// [`Settings::load`], and what `more` finds wrong besides. It is asked in any case, so that everything is told in
    /// one round: what is wrong has its default by then, and wrong mounts are left out.
    ///
    /// # Errors
    /// All problems at once.
    pub fn load_and(sources: &Sources, more: impl FnOnce(&Self) -> Vec<Problem>) -> Result<Self, Problems> {
        Self::load_for(sources, &Known::all(), more)
    }

    /// The effective values as TOML, secrets masked.
    pub fn dump(&self) -> String {
        reference::dump(self, &Known::all())
    }

    /// [`Settings::load_and`] with these adapters.
    fn load_for(
        sources: &Sources,
        known: &[Known],
        more: impl FnOnce(&Self) -> Vec<Problem>,
    ) -> Result<Self, Problems> {
        let table = sources.table().map_err(|problem| Problems(vec![problem]))?;
        let (settings, mut problems) = Self::read(table, known);
        problems.extend(more(&settings));
        if problems.is_empty() {
            return Ok(settings);
        }
        Err(Problems(problems.into_iter().map(|problem| sources.attribute(problem)).collect()))
    }

    /// Reads a table; what is wrong in it has its default.
    fn read(mut table: Table, known: &[Known]) -> (Self, Vec<Problem>) {
        let (mut settings, mut problems) = (Self::default(), Vec::new());
        settings.read_sections(&mut table, &mut problems);
        settings.mounts = match table.remove("mount") {
            Some(mounts) => mounts::read(&mounts, known, &mut problems),
            None => MountSettings::all(known),
        };
        let root: Table = Root::settings().into_iter().filter_map(|root| table.remove_entry(&root.key)).collect();
        let (root, wrong) = Root::read(&root);
        settings.front_ends = root.front_ends.into_iter().map(|origin| origin.to_string()).collect();
        let unknown = table.keys().map(|key| Problem::unknown(key, nearest_to(key).as_deref()));
        let problems = unknown.chain(wrong).chain(problems).chain(settings.contradictions()).collect();
        (settings, problems)
    }

    /// Settings that are right alone but not together.
    fn contradictions(&self) -> Vec<Problem> {
        let (cache, jwt) = (&self.cache, &self.jwt);
        let mut found = Vec::new();
        if cache.bound <= cache.poll {
            let message = format!("is not more than cache.poll, which is \"{}\"", cache.poll);
            found.push(Problem::new("cache.bound", Some(&Value::String(cache.bound.to_string())), message));
        }
        if jwt.refresh_ttl < jwt.access_ttl {
            let message = format!("is less than jwt.access_ttl, which is \"{}\"", jwt.access_ttl);
            found.push(Problem::new("jwt.refresh_ttl", Some(&Value::String(jwt.refresh_ttl.to_string())), message));
        }
        if jwt.login_ttl < jwt.refresh_ttl {
            let message = format!("is less than jwt.refresh_ttl, which is \"{}\"", jwt.refresh_ttl);
            found.push(Problem::new("jwt.login_ttl", Some(&Value::String(jwt.login_ttl.to_string())), message));
        }
        found.extend(self.old_links.contradiction());
        found.extend(Findings::of(self).refused);
        found
    }

    /// What stands before the sections.
    fn root(&self) -> Root {
        Root { front_ends: self.front_ends.iter().filter_map(|origin| Origin::parse(origin).ok()).collect() }
    }
}

/// Takes the section `name` out of `table`, reads and checks it.
fn read_section<S: Section>(name: &str, table: &mut Table, problems: &mut Vec<Problem>) -> S {
    let given = match table.remove(name) {
        Some(Value::Table(given)) => given,
        None => Table::new(),
        Some(other) => {
            problems.push(Problem::new(name, Some(&other), format!("is not a section; write [{name}]")));
            Table::new()
        }
    };
    let (section, wrong) = S::read(&given);
    let found = wrong.into_iter().chain(section.check());
    problems.extend(found.map(|problem| problem.within(&format!("{name}."))));
    section
}

/// The top-level key that `key` may be meant for, or the section that it belongs to.
fn nearest_to(key: &str) -> Option<String> {
    let sections = Settings::sections();
    let mut known: Vec<String> = Root::settings().into_iter().map(|setting| setting.key).collect();
    known.push("mount".to_owned());
    known.extend(sections.iter().map(|(name, ..)| (*name).to_owned()));
    if let Some(near) = nearest(key, &known) {
        return Some(near.to_owned());
    }
    let has_it = |settings: &[Setting]| settings.iter().any(|setting| setting.key == key);
    sections.into_iter().find(|(.., settings)| has_it(settings)).map(|(name, ..)| format!("{name}.{key}"))
}

#[cfg(test)]
mod tests;
