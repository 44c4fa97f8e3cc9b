//! A token may do what it was given by name, and nothing that merely looks like it.

use countersign_core::{Abilities, Credentials, Grant, Registration, Secret};
use countersign_tests::Server;

const PASSWORD: &str = "Zx9-quokka-77";
const REFUSED: &str = r#"{"error":"insufficient_scope"}"#;

/// The status of a request that needs `asked`, with a token that has `granted`.
fn status(server: &Server, granted: &[&str], asked: &str) -> u16 {
    let credentials = Credentials::new("ada".to_owned(), Secret::from(PASSWORD));
    let abilities = Abilities(granted.iter().map(|name| (*name).to_owned()).collect());
    let token = server.owner.login(&credentials, &Grant { abilities, ..Grant::named("app") }).unwrap();
    let encoded = percent_encoding::utf8_percent_encode(asked, percent_encoding::NON_ALPHANUMERIC);
    let answer = server.bearer(token.access.expose()).get(&format!("/verify/posts?ability={encoded}"));
    assert!(answer.whole() == (200, "") || answer.whole() == (403, REFUSED), "{answer:?}");
    answer.status
}

#[test]
fn an_ability_is_itself_and_nothing_else() {
    let server = Server::start();
    let ada = Registration { username: Some("ada".to_owned()), ..Registration::new(Secret::from(PASSWORD)) };
    server.owner.register(&ada).unwrap();
    for (granted, asked, expected) in [
        (&["read"][..], "read", 200),
        (&["read"], "write", 403),
        (&["read"], "read-all", 403),
        (&["read-all"], "read", 403),
        (&["read"], "READ", 403),
        (&["read"], "rea", 403),
        (&["read"], " read", 403),
        (&["read"], "*", 403),
        (&["read", "write"], "read,write", 403),
        (&["re*"], "read", 403),
        (&["*read"], "read", 403),
        (&["**"], "read", 403),
        (&[""], "read", 403),
        (&[], "read", 403),
        (&[], "", 403),
        (&["*"], "read", 200),
        (&["x", "*"], "write", 200),
        (&["*"], "tokens:introspect", 403),
    ] {
        assert_eq!(status(&server, granted, asked), expected, "{granted:?} {asked}");
    }
}
