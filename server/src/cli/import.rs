//! `countersign import`: the users and tokens of a Django or Laravel application.

mod told;

use chrono::FixedOffset;
use clap::{Args, Subcommand};
use countersign_core::{
    Role,
    env::{SystemClock, SystemRandom},
};
use jiff::tz::TimeZone;

use self::told::Teller;
use super::{Outcome, Output, Refused};
use crate::{
    app,
    config::{DatabaseUrl, Sources},
    import::{Framework, KNOX_TABLE, Means, Mode, Options, UserRules, Zone, import, inspect},
    keys::{Keys, longest_access},
    serve::ServeError,
    store::{Store, StoreOptions},
};

/// What `--help` adds.
const HELP: &str = "Example:\n  \
    countersign import laravel --from mysql://reader@db/shop --check\n\n\
    The source is read in one snapshot and never written. Ids are kept. Password hashes and tokens are taken over as they \
    are. Run it again to bring what is new or changed since: what was changed here (a password, say) stays, and what is gone \
    at the source is ended here. A run that was interrupted is finished by the next one.\n\n\
    --inspect needs no target. --check compares with the target and writes no user and no token. --dry-run writes everything \
    and takes it back; an SQLite target takes no other writes while it runs. Both make the tables of an empty target, and refuse \
    one whose tables are of an older version: a server may be using it. The run itself brings them up to date, as every start \
    does, and says so.\n\n\
    Exit codes: 0 everything was imported, 1 a row was refused (each is listed) or nothing could be done, 2 wrong usage.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import users, their groups, and the tokens of Django REST framework and of Knox
    #[command(after_help = HELP)]
    Django(Django),
    /// Import users, and the tokens of Sanctum
    #[command(after_help = HELP)]
    Laravel(Laravel),
}

#[derive(Debug, Args)]
pub struct Django {
    #[command(flatten)]
    common: Common,
    /// The table of the tokens of django-rest-knox, if the application has a model of its own (`KNOX_TOKEN_MODEL`)
    #[arg(long, value_name = "TABLE", default_value = KNOX_TABLE)]
    knox_table: String,
}

#[derive(Debug, Args)]
pub struct Laravel {
    #[command(flatten)]
    common: Common,
    /// The name under which tokens have their users; may be given several times
    #[arg(long = "user-model", value_name = "NAME", default_value = r"App\Models\User")]
    user_models: Vec<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Common {
    #[arg(long, value_name = "URL", help = "The database to read: sqlite://PATH, postgres://… or mysql://…", value_parser = url)]
    from: DatabaseUrl,
    /// Say what is there: tables, columns, counts, kinds of password hashes
    #[arg(long, conflicts_with_all = ["check", "dry_run"])]
    inspect: bool,
    /// List everything that would be refused or changed, and write no user and no token
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Do the whole of it and take it back
    #[arg(long)]
    dry_run: bool,
    /// The table of users, if it is not the framework's own
    #[arg(long, value_name = "TABLE")]
    user_table: Option<String>,
    /// Which column of it is what, such as phone=mobile; may be given several times
    #[arg(long = "column", value_name = "FIELD=COLUMN", value_parser = pair)]
    columns: Vec<(String, String)>,
    /// The role of a group of Django, or of a value of the column named for role; may be given several times, the first that
    /// fits counts
    #[arg(long = "map-group", value_name = "GROUP=ROLE", value_parser = mapping)]
    groups: Vec<(String, Role)>,
    /// What the inactive are here: `suspended` until the owner enables them, or `waiting` for an activation mail
    #[arg(long, value_name = "STATE", default_value = "suspended", value_parser = ["suspended", "waiting"])]
    inactive: String,
    /// Import users whose password hash cannot be checked here; they have to reset it
    #[arg(long)]
    keep_unknown_hashes: bool,
    /// The time zone of moments that are stored without one, such as Europe/Paris: Laravel's app.timezone. UTC without it
    #[arg(long, value_name = "ZONE", conflicts_with = "utc_offset", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// The same as a fixed distance from UTC, such as +03:00, where there is no summer time
    #[arg(long, value_name = "OFFSET", default_value = "+00:00", value_parser = offset, allow_hyphen_values = true)]
    utc_offset: FixedOffset,
    /// The name by which the source is known, if not by its address: for one that has moved
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// End what is gone at the source even if that is most of what was imported
    #[arg(long)]
    end_many: bool,
    /// Print JSON: a line for each finding and one for the summary
    #[arg(long)]
    json: bool,
}

fn url(text: &str) -> Result<DatabaseUrl, String> {
    let url = DatabaseUrl::new(text);
    url.check().map_err(|reason| format!("it {reason}"))?;
    Ok(url)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (left, right) = text.split_once('=').ok_or("it has no =")?;
    if left.is_empty() || right.is_empty() {
        return Err("it has nothing on one side of the =".to_owned());
    }
    Ok((left.to_owned(), right.to_owned()))
}

fn mapping(text: &str) -> Result<(String, Role), String> {
    let (group, role) = text.rsplit_once('=').ok_or("it has no =")?;
    Ok((group.to_owned(), role.parse().map_err(|error| format!("{error}"))?))
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "it is no time zone such as Europe/Paris".to_owned())
}

fn offset(text: &str) -> Result<FixedOffset, String> {
    text.parse().map_err(|_| "it is no offset such as +03:00".to_owned())
}

impl Command {
    pub fn run(self, sources: &Sources, output: &mut Output) -> Outcome {
        match self {
            Self::Django(django) => {
                django.common.run(Framework::Django, Vec::new(), django.knox_table, sources, output)
            }
            Self::Laravel(laravel) => {
                laravel.common.run(Framework::Laravel, laravel.user_models, String::new(), sources, output)
            }
        }
    }
}

impl Common {
    fn run(
        self,
        framework: Framework,
        models: Vec<String>,
        knox_table: String,
        sources: &Sources,
        output: &mut Output,
    ) -> Outcome {
        if let Some((field, _)) =
            self.columns.iter().find(|(field, _)| framework.field_names().all(|known| known != field))
        {
            let known: Vec<&str> = framework.field_names().collect();
            return Err(Refused::Because(format!(
                "--column: there is no field {field}; there are {}",
                known.join(", ")
            )));
        }
        let mode = match (self.check, self.dry_run) {
            (true, _) => Mode::Check,
            (_, true) => Mode::DryRun,
            _ => Mode::Import,
        };
        let options = Options {
            from: self.from,
            source: self.source,
            mode,
            user_table: self.user_table.unwrap_or_else(|| framework.user_table().to_owned()),
            columns: self.columns,
            knox_table,
            models,
            rules: UserRules {
                framework,
                zone: self.time_zone.map_or(Zone::Offset(self.utc_offset), Zone::Named),
                roles: self.groups,
                keep_unknown_hashes: self.keep_unknown_hashes,
                inactive_wait: self.inactive == "waiting",
            },
            end_many: self.end_many,
        };
        if self.inspect {
            let inspection = inspect(&options)?;
            return if self.json { output.json(&inspection) } else { output.text(&told::inspection(&inspection)) };
        }

        let settings = app::load(sources)?;
        let keys = Keys::open(&settings, &SystemRandom, countersign_core::env::Clock::now(&SystemClock))?;
        let store = Store::open(&StoreOptions::from(&settings.database)).map_err(ServeError::from)?;
        let prepared = prepare(&store, mode, &keys)?;
        let means = Means {
            store: &store,
            keys: &keys.ring,
            clock: &SystemClock,
            random: &SystemRandom,
            access_lifetime: longest_access(&settings),
        };
        let mut teller = Teller::new(output, self.json);
        let mut summary = import(&options, &means, &mut teller)?;
        summary.notes.extend(prepared);
        teller.finish(&summary)?;
        match summary.refused() {
            0 => Ok(()),
            1 => Err(Refused::Because("1 row was refused".to_owned())),
            refused => Err(Refused::Because(format!("{refused} rows were refused"))),
        }
    }
}

/// Makes the target ready, and tells what was done to it. A rehearsal does nothing to one that a server may be using.
fn prepare(store: &Store, mode: Mode, keys: &Keys) -> Result<Option<String>, Refused> {
    let missing = store.missing().map_err(ServeError::from)?;
    let ids = keys.ring.ids();
    if mode != Mode::Import
        && let Some(missing) = &missing
    {
        if !missing.is_empty() {
            return Err(Refused::Because(format!(
                "the target's tables are of an older version (without {}), and this would bring them up to date: a server of \
                 that version may be using them. Say `countersign migrate` first, or take a copy",
                missing.join(", ")
            )));
        }
        store.compare_keys(&ids).map_err(ServeError::from)?;
        return Ok(None);
    }
    store.migrate().map_err(ServeError::from)?;
    store.adopt_keys(&ids, countersign_core::env::Clock::now(&SystemClock)).map_err(ServeError::from)?;
    Ok(missing
        .filter(|missing| !missing.is_empty())
        .map(|missing| format!("the target's tables were brought up to date ({})", missing.join(", "))))
}
