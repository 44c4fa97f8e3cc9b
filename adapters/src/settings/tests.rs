//! A section from declaration to message.

use countersign_core::{Secret, StrategyKind};

use super::*;

fn short(name: &str) -> Result<(), String> {
    if name.len() > 5 { Err("is longer than 5 characters".to_owned()) } else { Ok(()) }
}

crate::settings! {
    /// Things of every type.
    pub struct Things {
        /// A name.
        pub name: String = "abc".to_owned(), check = short,
        /// A number.
        ///
        /// Not a large one.
        pub port: u16 = 80, check = between(1, 65535),
        /// A switch.
        pub lit: bool = false,
        /// A list.
        pub tags: Vec<String> = vec!["a".to_owned()],
        /// A time.
        pub wait: Span = Span::seconds(2),
        /// One of three.
        pub strategy: Option<StrategyKind> = None,
        /// Nobody's business.
        pub secret: Option<Secret> = None,
    }
}

crate::settings! {
    /// Nothing to set.
    pub struct Nothing {}
}

fn read(toml: &str) -> Result<Things, Vec<String>> {
    let problems = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
    parse_options(&toml.parse().unwrap()).map_err(problems)
}

#[test]
fn nothing_given_is_the_default() {
    assert_eq!(read(""), Ok(Things::default()));
    assert_eq!(parse_options::<Nothing>(&Table::new()), Ok(Nothing {}));
    assert!(Nothing::settings().is_empty());
}

#[test]
fn every_type_is_read_from_its_own_form_and_from_text() {
    let expected = Things {
        name: "x".to_owned(),
        port: 8080,
        lit: true,
        tags: vec!["b".to_owned(), "c".to_owned()],
        wait: Span::millis(250),
        strategy: Some(StrategyKind::JwtPair),
        secret: Some(Secret::from("s")),
    };
    let common = "name = \"x\"\nwait = \"250ms\"\nstrategy = \"jwt_pair\"\nsecret = \"s\"\n";
    let own = read(&format!("{common}port = 8080\nlit = true\ntags = [\"b\", \"c\"]"));
    assert_eq!(own, Ok(expected.clone()));
    assert_eq!(read(&format!("{common}port = \"8080\"\nlit = \"true\"\ntags = \"b, c\"")), Ok(expected));
}

#[test]
fn all_problems_are_reported_at_once() {
    let toml = "name = \"abcdef\"\nport = 65536\nlit = 1\ntags = [1]\nwait = 5\nstrategy = \"jwt\"\nsecret = 7\nprot = 1\n\
                entirely_different = 2";
    assert_eq!(
        read(toml).unwrap_err(),
        [
            "entirely_different: unknown key",
            "prot: unknown key; did you mean port?",
            "port: 65536 is not a whole number from 0 to 65535",
            "lit: 1 is neither true nor false",
            "tags: [1] holds 1, which is not text; put it in double quotes",
            "wait: 5 is not a duration; write a number and one of ms, s, m, h, d, such as \"10s\" or \"30d\" (at most 36500d)",
            "strategy: \"jwt\" is not one of \"sanctum_pat\", \"djoser_token\", \"jwt_pair\"",
            "secret: is not text; put it in double quotes",
            "name: \"abcdef\" is longer than 5 characters",
        ]
    );
}

#[test]
fn a_secret_comes_from_its_file_too_and_is_never_shown() {
    let path = std::env::temp_dir().join(format!("countersign-secret-{}", std::process::id()));
    std::fs::write(&path, "from the file\n").unwrap();
    let things = read(&format!("secret_file = {path:?}")).unwrap();
    assert_eq!(things.secret, Some(Secret::from("from the file")));
    assert!(!format!("{things:?} {:?}", things.show()).contains("from the file"));
    let both = read(&format!("secret = \"x\"\nsecret_file = {path:?}")).unwrap_err();
    assert_eq!(both, [format!("secret_file: {path:?} stands beside secret; give one of the two")]);
    std::fs::remove_file(&path).unwrap();
    assert!(read(&format!("secret_file = {path:?}")).unwrap_err()[0].contains("cannot be read: No such file"));
}

#[test]
fn the_declaration_is_the_reference() {
    let settings = Things::settings();
    let keys: Vec<&str> = settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(keys, ["name", "port", "lit", "tags", "wait", "strategy", "secret", "secret_file"]);
    assert_eq!(settings[1].doc, "A number.\n\nNot a large one.");
    assert_eq!(settings[3].default.as_deref(), Some("[\"a\"]"));
    assert_eq!(settings[4].default.as_deref(), Some("\"2s\""));
    assert_eq!(settings[5].default, None);
}

#[test]
fn a_bound_says_its_range() {
    assert_eq!(read("port = 0").unwrap_err(), ["port: 0 is not between 1 and 65535"]);
}
