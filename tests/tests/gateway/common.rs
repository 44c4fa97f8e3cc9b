//! Ada, and every credential that she may come with.

use countersign_core::{Abilities, Credentials, Grant, Registration, Role, Secret, UserId};
use countersign_tests::{Actor, Server};
use serde_json::json;

pub const PASSWORD: &str = "Zx9-quokka-77";
const FRONT_END: &str = "http://localhost:3000";

/// The headers of a credential.
pub type Credential = Vec<(&'static str, String)>;

/// A server, and Ada.
pub fn with_ada() -> (Server, UserId) {
    let server = Server::start();
    let id = add_ada(&server);
    (server, id)
}

/// Registers Ada.
pub fn add_ada(server: &Server) -> UserId {
    let ada = Registration {
        username: Some("ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&ada).unwrap().id
}

/// One credential of Ada's for each kind of row and each wire: its kind, and its headers.
pub fn credentials(server: &Server) -> Vec<(&'static str, &'static str, Credential)> {
    let anon = server.anon().wants_json();
    let sanctum = anon.post("/api/auth/token", json!({"email": "ada@example.org", "password": PASSWORD})).text("token");
    let djoser = anon.post("/auth/token/login/", json!({"username": "ada", "password": PASSWORD})).text("auth_token");
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("access_token");
    let simple = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD})).text("access");
    let minimal = anon.post("/auth", json!({"login": "ada", "password": PASSWORD})).text("token");
    let bearer = |token: String| vec![("Authorization", format!("Bearer {token}"))];
    vec![
        ("sanctum", "sanctum", bearer(sanctum)),
        ("djoser", "djoser", vec![("Authorization", format!("Token {djoser}"))]),
        ("hotel", "jwt", bearer(hotel)),
        ("simplejwt", "jwt", bearer(simple)),
        ("minimal", "sanctum", bearer(minimal)),
        ("spa", "session", session(server).0),
    ]
}

/// The cookies of a session of Ada's, and its CSRF token.
pub fn session(server: &Server) -> (Credential, String) {
    let page = server.anon().wants_json().with("Origin", FRONT_END);
    let visit = page.get("/sanctum/csrf-cookie");
    let login = page.with("Cookie", &visit.cookies().join("; ")).with("X-XSRF-TOKEN", &csrf(&visit.cookies()));
    let entered = login.post("/login", json!({"email": "ada@example.org", "password": PASSWORD}));
    assert_eq!(entered.whole(), (204, ""));
    (vec![("Cookie", entered.cookies().join("; "))], csrf(&entered.cookies()))
}

fn csrf(cookies: &[String]) -> String {
    cookies.iter().find_map(|cookie| cookie.strip_prefix("XSRF-TOKEN=")).unwrap().to_owned()
}

/// A token of Ada's that can do this by name.
pub fn token_for(server: &Server, ability: &str) -> String {
    let credentials = Credentials::new("ada".to_owned(), Secret::from(PASSWORD));
    let grant = Grant { abilities: Abilities(vec![ability.to_owned()]), ..Grant::named("service") };
    server.owner.login(&credentials, &grant).unwrap().access.expose().to_owned()
}

/// Gives Ada another role.
pub fn promote(server: &Server, ada: UserId, role: Role) {
    server.owner.set_role(ada, role).unwrap();
}

/// The same with these headers.
pub fn sending(actor: &Actor, headers: &Credential) -> Actor {
    headers.iter().fold(actor.clone(), |actor, (name, value)| actor.with(name, value))
}
