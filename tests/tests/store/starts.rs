//! How a store is opened and migrated.

use std::time::Duration;

use countersign::{
    config::DatabaseUrl,
    store::{OpenError, Store, StoreOptions},
};
use countersign_core::{
    NewUser, Token, TokenKind, User, UserId,
    model::Timestamp,
    store::{Revoke, TokenStore as _, UserStore as _},
};
use countersign_tests::databases::{databases, run, sqlite};
use diesel::{Connection as _, RunQueryDsl as _, connection::SimpleConnection as _, dsl::sql, sql_types::Text};

use crate::common::{create, moment, new_token, new_user, together};

fn options(url: &str) -> StoreOptions {
    StoreOptions { url: DatabaseUrl::new(url), pool_size: 4, wait: Duration::from_secs(2), at_once: 1 }
}

#[test]
fn many_starts_at_once_on_an_empty_database_migrate_it_once() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let applied = together(|number| {
            if number >= 8 {
                return Vec::new();
            }
            Store::open(&StoreOptions { pool_size: 1, ..database.options() }).unwrap().migrate().unwrap()
        });
        let mut applied = applied.concat();
        applied.sort();
        let mut once = applied.clone();
        once.dedup();
        assert_eq!((&applied, applied.len()), (&once, 11));
        create(&database.store(), "ada");
    }
}

#[test]
fn whom_an_older_version_disabled_only_the_owner_enables() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = database.store();
        let waits = |name: &str| store.create_user(&NewUser { is_active: false, ..new_user(name) }).unwrap().unwrap();
        let (active, disabled, waiting) = (create(&store, "ada"), waits("bob"), waits("eve"));
        for user in [&active, &disabled] {
            store.revoke_tokens(user.id, Revoke::Everything, moment(1)).unwrap();
        }
        let back = if database.name == "mysql" {
            include_str!("../../../migrations/mysql/2026-11-22-010000_suspend_users/down.sql")
        } else {
            include_str!("../../../migrations/sqlite/2026-11-22-010000_suspend_users/down.sql")
        };
        run(&database.url, back);
        run(&database.url, "DELETE FROM __diesel_schema_migrations WHERE version = '20261122010000'");
        let store = Store::open(&database.options()).unwrap();
        assert_eq!(store.migrate().unwrap(), ["20261122010000"]);
        let suspended = User { is_suspended: true, suspended_at: disabled.updated_at, ..disabled };
        assert_eq!(store.users(UserId(0), 9).unwrap(), [active, suspended, waiting]);
    }
}

/// The migration that allows it goes back and forth, and keeps the dates that there are.
#[test]
fn users_and_tokens_may_have_no_date_of_creation() {
    for database in databases() {
        eprintln!("on {}", database.name);
        let store = database.store();
        let (ada, bob) = (create(&store, "ada"), create(&store, "bob"));
        let token = store.insert_token(&new_token(&ada, TokenKind::Sanctum, "s")).unwrap().unwrap();
        run(&database.url, "UPDATE users SET created_at = NULL, updated_at = NULL WHERE username = 'ada'");
        run(&database.url, "UPDATE tokens SET created_at = NULL");
        let without = User { created_at: None, updated_at: None, ..ada.clone() };
        assert_eq!(store.users(UserId(0), 9).unwrap(), [without, bob.clone()]);
        assert_eq!(store.token(token.id).unwrap(), Some(Token { created_at: None, ..token.clone() }));

        let back = match database.name {
            "mysql" => include_str!("../../../migrations/mysql/2026-11-22-030000_leave_dates_open/down.sql"),
            "postgres" => include_str!("../../../migrations/postgres/2026-11-22-030000_leave_dates_open/down.sql"),
            _ => include_str!("../../../migrations/sqlite/2026-11-22-030000_leave_dates_open/down.sql"),
        };
        run(&database.url, back);
        run(&database.url, "DELETE FROM __diesel_schema_migrations WHERE version = '20261122030000'");
        let store = Store::open(&database.options()).unwrap();
        assert_eq!(store.migrate().unwrap(), ["20261122030000"]);
        let first = Some(Timestamp::UNIX_EPOCH);
        let ada = User { created_at: first, updated_at: first, ..ada };
        assert_eq!(store.users(UserId(0), 9).unwrap(), [ada, bob]);
        assert_eq!(store.token(token.id).unwrap(), Some(Token { created_at: first, ..token }));
    }
}

#[test]
fn a_second_migration_has_nothing_to_do() {
    for database in databases() {
        assert_eq!(database.store().migrate().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn an_url_that_cannot_work_is_told_in_one_line() {
    let refusal = |url: &str| Store::open(&options(url)).err().map(|error| error.to_string()).unwrap();
    assert!(matches!(Store::open(&options("oracle://x")), Err(OpenError::UnknownScheme(scheme)) if scheme == "oracle"));
    assert!(refusal("countersign.db").contains("unknown scheme"));
    let message = refusal("sqlite:///no/such/folder/countersign.db");
    assert!(
        message.starts_with("cannot connect to the sqlite database: /no/such/folder/countersign.db: "),
        "{message}"
    );
    for (url, feature) in [("postgres", cfg!(feature = "postgres")), ("mysql", cfg!(feature = "mysql"))] {
        let message = refusal(&format!("{url}://u:secret@127.0.0.1:1/x"));
        assert!(!message.contains("secret") && !message.contains('\n'), "{message}");
        let expected = if feature { "cannot connect to the" } else { "build it with the cargo feature" };
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let shown = format!("{:?}", options("postgres://ada:secret@db/auth"));
    assert!(shown.contains("ada") && !shown.contains("secret"), "{shown}");
}

#[test]
fn a_database_is_only_opened_with_a_key_that_it_knows() {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    for database in databases() {
        let store = database.store();
        let adopt = |known: &[&str]| store.adopt_keys(&ids(known), moment(0));
        adopt(&["0a"]).unwrap();
        adopt(&["0a"]).unwrap();
        let refusal = adopt(&["0b"]).unwrap_err();
        assert!(matches!(&refusal, OpenError::ForeignKeys(known) if known == "0a"), "{refusal}");
        // A new key before the old one is how keys are changed; then the old one may go.
        adopt(&["0b", "0a"]).unwrap();
        adopt(&["0b"]).unwrap();
        adopt(&["0c"]).unwrap_err();
    }
}

#[test]
fn of_two_first_starts_with_different_keys_one_is_refused() {
    for database in databases() {
        let store = database.store();
        let adopted = together(|number| store.adopt_keys(&[format!("{number:02x}")], moment(0)).is_ok());
        assert_eq!(adopted.iter().filter(|adopted| **adopted).count(), 1, "on {}", database.name);
    }
}

#[test]
fn the_log_is_read_while_every_other_connection_is_busy() {
    let database = sqlite();
    let store = Store::open(&StoreOptions { pool_size: 1, ..options(&database.url) }).unwrap();
    store.migrate().unwrap();
    let mut other = diesel::SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        // It holds the only connection for a second, waiting for the other process.
        scope.spawn(|| store.create_user(&new_user("ada")).unwrap_err());
        std::thread::sleep(Duration::from_millis(100));
        let start = std::time::Instant::now();
        store.ping().unwrap();
        assert_eq!((store.revocations(0).unwrap(), store.last_revocation().unwrap()), (vec![], 0));
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    });
}

#[test]
fn pruning_waits_for_nobody_while_there_is_nothing_to_prune() {
    let database = sqlite();
    let store = Store::open(&options(&database.url)).unwrap();
    store.migrate().unwrap();
    let ada = create(&store, "ada");
    store.insert_token(&new_token(&ada, TokenKind::Sanctum, "s")).unwrap().unwrap();
    let mut other = diesel::SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(store.prune(moment(2), moment(2)).unwrap(), 0);
    assert!(store.prune(moment(9_999), moment(2)).is_err());
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(store.prune(moment(9_999), moment(2)).unwrap(), 1);
}

#[test]
fn a_database_in_memory_works() {
    let store = Store::open(&options("sqlite://:memory:")).unwrap();
    store.migrate().unwrap();
    let ada = create(&store, "ada");
    assert_eq!(store.user(ada.id).unwrap(), Some(ada));
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let database = sqlite();
    let path = database.url.trim_start_matches("sqlite://");
    let mut conn = diesel::SqliteConnection::establish(path).unwrap();
    conn.batch_execute(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')",
    )
    .unwrap();
    let refusal = Store::open(&database.options()).unwrap().migrate().unwrap_err();
    assert!(matches!(refusal, OpenError::UnknownMigrations(ref versions) if versions == "99990101000000"), "{refusal}");
    let tables: i64 =
        diesel::select(sql::<diesel::sql_types::BigInt>("(SELECT count(*) FROM sqlite_schema WHERE type = 'table')"))
            .get_result(&mut conn)
            .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let database = sqlite();
    let store = database.store();
    create(&store, "ada");
    let path = database.url.trim_start_matches("sqlite://");
    for suffix in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{path}{suffix}")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[test]
fn sqlite_neither_plans_again_at_every_bound_parameter_nor_has_one_lock_for_all_readers() {
    let mut conn = diesel::SqliteConnection::establish(":memory:").unwrap();
    let options: Vec<String> = sql::<Text>("PRAGMA compile_options").load(&mut conn).unwrap();
    assert!(options.iter().any(|option| option.starts_with("THREADSAFE")));
    for unwanted in ["ENABLE_STAT4", "ENABLE_MEMORY_MANAGEMENT"] {
        let is_there = options.iter().any(|option| option == unwanted);
        assert!(!is_there, "{unwanted}: LIBSQLITE3_FLAGS of .cargo/config.toml is not heeded");
    }
    assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
}

#[test]
fn a_request_does_not_wait_long_for_another_process_that_writes() {
    let database = sqlite();
    let store = Store::open(&options(&database.url)).unwrap();
    store.migrate().unwrap();
    let mut other = diesel::SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let start = std::time::Instant::now();
    let outcomes = together(|number| store.create_user(&new_user(&format!("user{number}"))));
    assert!(outcomes.iter().all(Result::is_err));
    assert!(start.elapsed() < Duration::from_millis(3_500), "{:?}", start.elapsed());
    assert_eq!(store.last_revocation().unwrap(), 0);
    other.batch_execute("ROLLBACK").unwrap();
    create(&store, "ada");
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn a_restarted_database_costs_no_request() {
    for database in databases() {
        let store = database.store();
        let ada = create(&store, "ada");
        for round in 0..3 {
            together(|_| store.user(ada.id).unwrap());
            if database.end_sessions() {
                together(|number| {
                    assert_eq!(store.user(ada.id).unwrap().as_ref(), Some(&ada), "on {}", database.name);
                    store.create_user(&new_user(&format!("user{round} {number}"))).unwrap().unwrap();
                });
            }
        }
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn a_database_that_is_gone_is_an_error_soon() {
    for database in databases().into_iter().filter(|database| database.name != "sqlite") {
        let name = database.name;
        let store = Store::open(&options(&database.url)).unwrap();
        store.migrate().unwrap();
        drop(database);
        let start = std::time::Instant::now();
        let outcomes = together(|number| store.create_user(&new_user(&format!("user{number}"))).is_err());
        assert!(outcomes.iter().all(|failed| *failed), "on {name}");
        assert!(store.last_revocation().is_err(), "on {name}");
        assert!(start.elapsed() < Duration::from_secs(6), "on {name}: {:?}", start.elapsed());
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn nobody_waits_for_a_database_that_refuses() {
    for database in databases().into_iter().filter(|database| database.name != "sqlite") {
        let name = database.name;
        let store = Store::open(&StoreOptions { wait: Duration::from_secs(20), ..options(&database.url) }).unwrap();
        store.migrate().unwrap();
        drop(database);
        for _ in 0..2 {
            let start = std::time::Instant::now();
            let outcomes = together(|number| store.user(UserId(number.try_into().unwrap_or(0))).is_err());
            assert!(outcomes.iter().all(|failed| *failed), "on {name}");
            assert!(start.elapsed() < Duration::from_secs(5), "on {name}: {:?}", start.elapsed());
        }
    }
}
