//! From file and environment to settings or messages.

use countersign_adapters::settings::{AdapterOptions, Span};
use countersign_core::{StrategyKind, password::PasswordRules};

use super::*;

countersign_adapters::settings! {
    /// Djoser's.
    pub struct DjoserOptions {
        /// The name of the login field.
        pub login_field: String = "username".to_owned(),
    }
}

countersign_adapters::settings! {
    /// The minimal API has no settings of its own.
    pub struct NoOptions {}
}

const ADAPTERS: [Known; 2] = [
    Known {
        prefix: "/auth",
        strategy: StrategyKind::DjoserToken,
        password_rules: PasswordRules::Django,
        options: AdapterOptions::of::<DjoserOptions>("djoser"),
    },
    Known {
        prefix: "",
        strategy: StrategyKind::JwtPair,
        password_rules: PasswordRules::None,
        options: AdapterOptions::of::<NoOptions>("minimal"),
    },
];

fn dump(settings: &Settings) -> String {
    reference::dump(settings, &ADAPTERS)
}

fn defaults() -> Settings {
    Settings::load_for(&Sources::default(), &ADAPTERS, |_| Vec::new()).unwrap()
}

fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countersign.toml");
    std::fs::write(&file, toml).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load_for(&Sources { file: Some(file), environment }, &ADAPTERS, |_| Vec::new())
        .map_err(|Problems(problems)| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn rates_and_proxies_are_read_and_what_is_none_is_told() {
    let settings = load(
        "[throttle]\nenabled = false\nlogin = \"3/m\"\n[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]",
        &[("COUNTERSIGN__THROTTLE__MAIL", "2/day"), ("COUNTERSIGN__SERVER__PROXY_HEADER", "forwarded")],
    );
    let settings = settings.unwrap();
    assert_eq!(
        (settings.throttle.login.to_string(), settings.throttle.mail.to_string()),
        ("3/min".into(), "2/day".into())
    );
    assert_eq!(settings.throttle.options(), None);
    let trusted: Vec<String> = settings.server.proxies().trusted.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["10.0.0.0/8", "::1"]);
    let wrong = load(
        "[throttle]\nlogin = \"5/month\"\nlink = \"0/min\"\n\
         [server]\ntrusted_proxies = [\"proxy\", \"10.0.0.1/8\"]\nproxy_header = \"x-real-ip\"",
        &[],
    );
    assert_eq!(
        wrong.unwrap_err(),
        [
            "server.trusted_proxies: [\"proxy\", \"10.0.0.1/8\"] holds \"proxy\", which is not an address or a network; write one \
             such as \"127.0.0.1\" or \"10.0.0.0/8\"",
            "server.proxy_header: \"x-real-ip\" is not one of \"x-forwarded-for\", \"forwarded\"",
            "throttle.login: \"5/month\" is not a rate; write a number up to 10000 and one of s, min, hour, day, such as \
             \"5/min\" or \"100/day\"",
            "throttle.link: \"0/min\" permits nothing; write \"1/day\" or more",
        ]
    );
}

#[test]
fn without_anything_all_has_its_default() {
    assert_eq!(Settings::load(&Sources::default()), Ok(Settings::default()));
    let settings = defaults();
    assert_eq!(settings.front_ends, ["http://localhost:3000"]);
    assert_eq!(settings.server.public_url(), "http://127.0.0.1:8000");
    let mounted: Vec<&str> = settings.mounts.iter().map(|mount| mount.adapter.as_str()).collect();
    assert_eq!(mounted, ["djoser", "minimal"]);
}

#[test]
fn the_environment_is_stronger_than_the_file() {
    let file = "front_ends = [\"http://a.example\"]\n[server]\nbind = \"0.0.0.0:80\"\nworkers = 3";
    let environment = [
        ("COUNTERSIGN__FRONT_ENDS", "HTTPS://B.example:443, http://c.example"),
        ("COUNTERSIGN__SERVER__BIND", "127.0.0.1:9000"),
        ("COUNTERSIGN__PASSWORDS__MEMORY_KIB", "1024"),
        ("COUNTERSIGN__CACHE__POLL", "100ms"),
        ("UNRELATED", "x"),
    ];
    let settings = load(file, &environment).unwrap();
    assert_eq!(settings.front_ends, ["https://b.example", "http://c.example"]);
    assert_eq!(settings.server.bind.to_string(), "127.0.0.1:9000");
    assert_eq!(settings.server.workers, 3);
    assert_eq!(settings.passwords.memory_kib, 1024);
    assert_eq!(settings.cache.poll, Span::millis(100));
}

#[test]
fn all_problems_are_reported_at_once() {
    let file = r#"
        front_ends = ["localhost:3000"]
        bind = "127.0.0.1:80"
        sever = 1
        log = "info"
        [server]
        bind = "localhost"
        bnid = "127.0.0.1:80"
        [database]
        url = "mongodb://ada:hunter2@db"
        [keys]
        secret = "changeme"
        [cache]
        poll = "2s"
        [[mount]]
        adapter = "djosre"
        [[mount]]
        adapter = "djoser"
        prefix = "auth/"
        login_feild = "email"
        [[mount]]
        prefix = ""
    "#;
    let environment = [("COUNTERSIGN__CACHE__CAPACITY", "many"), ("COUNTERSIGN__LGO__LEVEL", "info")];
    assert_eq!(
        load(file, &environment).unwrap_err(),
        [
            "bind: unknown key; did you mean server.bind?",
            "lgo (from COUNTERSIGN__LGO__LEVEL): unknown key; did you mean log?",
            "sever: unknown key; did you mean server?",
            "front_ends: [\"localhost:3000\"] holds \"localhost:3000\", which has no scheme; \
             write \"http://localhost:3000\" or \"https://localhost:3000\"",
            "server.bnid: unknown key; did you mean bind?",
            "server.bind: \"localhost\" is not an address; write host:port such as \"127.0.0.1:8000\"",
            "database.url: does not start with sqlite://, postgres:// or mysql://",
            "keys.secret: has 8 bytes, too few to be safe; write at least 32 random bytes, \
             such as the output of `openssl rand -base64 32`",
            "cache.capacity (from COUNTERSIGN__CACHE__CAPACITY): \"many\" is not a whole number from 0 to \
             18446744073709551615",
            "log: \"info\" is not a section; write [log]",
            "mount[1].adapter: \"djosre\" is not an adapter; did you mean \"djoser\"?",
            "mount[2].login_feild: unknown key; did you mean login_field?",
            "mount[2].prefix: \"auth/\" does not start with a slash; write \"/auth\"",
            "mount[3].adapter: is missing; write one of \"djoser\", \"minimal\"",
            "cache.bound: \"1s\" is not more than cache.poll, which is \"2s\"",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_used_is_one_clear_line() {
    let missing = Sources { file: Some("missing.toml".into()), ..Sources::default() };
    let said = Settings::load(&missing).unwrap_err().to_string();
    assert!(said.starts_with("missing.toml: cannot be read: No such file"), "{said}");
    let broken = load("[server]\nbind = ", &[]).unwrap_err();
    assert!(broken.len() == 1 && broken[0].contains("countersign.toml: line 2 is not TOML: "), "{broken:?}");
    assert!(!broken[0].contains('\n'));
}

#[test]
fn a_mount_keeps_its_options_as_they_were_written() {
    let settings = load("[[mount]]\nadapter = \"djoser\"\nprefix = \"/auth\"\nlogin_field = \"email\"", &[]).unwrap();
    let [mount] = settings.mounts.as_slice() else { panic!("{:?}", settings.mounts) };
    assert_eq!(mount.prefix.as_deref(), Some("/auth"));
    assert_eq!(mount.options.to_string(), "login_field = \"email\"\n");
    let effective = "[[mount]]\nadapter = \"djoser\"\nprefix = \"/auth\"\nstrategy = \"djoser_token\"\n\
                     password_rules = \"django\"\nlogin_field = \"email\"\n";
    assert!(dump(&settings).ends_with(effective));
}

#[test]
fn a_dump_shows_no_secret_and_can_be_read_again() {
    let key = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";
    let file = format!("[keys]\nsecret = \"{key}\"\n[database]\nurl = \"sqlite://x:hunter2@y\"");
    let shown = dump(&load(&file, &[("COUNTERSIGN__JWT__SECRET", key)]).unwrap());
    assert!(!shown.contains(key) && !shown.contains("hunter2"), "{shown}");
    assert_eq!(shown.matches("secret = \"********\"").count(), 2);
    let shown = dump(&defaults());
    assert_eq!(dump(&load(&shown, &[]).unwrap()), shown);
}

#[test]
fn the_reference_equals_the_defaults_commented_out_or_not() {
    let reference = reference::reference_for(&ADAPTERS);
    assert_eq!(load(&reference, &[]), Ok(defaults()));
    let active = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') && !setting.ends_with('=') => setting.to_owned(),
        _ => line.to_owned(),
    };
    let active: Vec<String> = reference.lines().map(active).collect();
    let settings = load(&active.join("\n"), &[]).unwrap();
    assert_eq!(dump(&settings), dump(&defaults()));
    assert!(active.contains(&"login_field = \"username\"".to_owned()));
}

#[test]
fn no_secret_is_seen_by_those_who_look_at_settings_or_sources() {
    let environment =
        [("COUNTERSIGN__JWT__SECRET", "canary-kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6"), ("PGPASSWORD", "canary")];
    let toml = "[[mount]]\nadapter = \"djoser\"\nlogin_field = \"canary\"\n";
    let settings = load(toml, &environment).unwrap();
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    for shown in [format!("{settings:?}"), format!("{:?}", Sources { file: None, environment })] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}
