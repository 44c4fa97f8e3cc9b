//! Where Knox's tokens are taken besides, and where they can be ended.

use std::{net::TcpStream, time::Duration};

use countersign_core::{UserId, store::TokenStore as _};
use countersign_tests::{
    databases::{databases, run},
    program::Running,
};
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest as _;

use super::{
    super::common::{import, sources},
    FIVE, LOGOUT, ME, five, header, me, phones, token,
};

/// Whoever has read Django's database has a digest, and our database has another one: neither lets anybody in.
#[test]
fn what_is_stored_opens_nothing() {
    for target in databases() {
        let source = countersign_tests::databases::sqlite();
        run(&source.url, FIVE[0].1);
        let sandbox = phones(&target, "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let store = target.store();
        let held = store.tokens_of(UserId(1), None).unwrap();
        assert_eq!(held.len(), 6);
        for row in five().iter().filter_map(|row| row["digest"].as_str()) {
            assert_eq!(me(&server.anon(), &format!("Token {row}")), 401);
        }
        for row in &held {
            for token in [row.digest.to_hex(), row.slot.clone().unwrap()] {
                assert_eq!(me(&server.anon(), &format!("Token {token}")), 401, "{token:?}");
            }
        }
    }
}

/// A socket with this token; the status of a refusal.
fn socket(server: &Running, token: &str) -> Result<tungstenite::WebSocket<TcpStream>, u16> {
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(refused))) => Err(refused.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_gateways_question_the_introspection_and_the_socket_take_them() {
    for target in databases() {
        let source = countersign_tests::databases::sqlite();
        run(&source.url, FIVE[0].1);
        let sandbox = phones(&target, "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let (live, dead) = (header("Knox 5, with an end"), header("Knox 5, expired"));
        let verified = server.anon().with("Authorization", &live).get("/verify");
        let told =
            ["x-auth-user", "x-auth-username", "x-auth-kind", "x-auth-abilities"].map(|name| verified.header(name));
        assert_eq!((verified.status, told), (200, ["1", "ann", "knox", "*"]));
        assert_eq!(server.anon().with("Authorization", &dead).get("/verify").status, 401);
        let service = sandbox.done(&["token", "issue", "ann", "--name", "service", "--ability", "tokens:introspect"]);
        let ask = |token: &str| {
            let form = format!("token={token}");
            let service = server.bearer(service.trim_end());
            service.send("POST", "/introspect", Some("application/x-www-form-urlencoded"), &form).json()
        };
        let told = ask(&token("Knox 5, with an end"));
        let named = ["active", "token_type", "token_use", "scope", "username"].map(|name| told[name].clone());
        assert_eq!(json!(named), json!([true, "Token", "access_token", "*", "ann"]));
        assert!(told["exp"].as_i64() > Some(2_147_483_646), "{told}");
        assert_eq!(ask(&token("Knox 5, expired")), json!({"active": false}));
        let mut socket = socket(&server, &token("Knox 5, with an end")).unwrap();
        assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), r#"{"user":{"id":1,"login":"ann"}}"#);
        assert_eq!(self::socket(&server, &token("Knox 5, expired")).unwrap_err(), 401);
        // The logout of that device ends its socket, and nobody else's token.
        let logout = server.anon().with("Authorization", &live).post_empty(LOGOUT);
        assert_eq!(logout.whole(), (204, ""));
        let closed = std::iter::from_fn(|| socket.read().ok()).find_map(|message| match message {
            tungstenite::Message::Close(frame) => frame.map(|frame| u16::from(frame.code)),
            _ => None,
        });
        assert_eq!(closed, Some(4401));
        assert_eq!(me(&server.anon(), &live), 401);
        assert_eq!(me(&server.anon(), &header("Knox 5, without an end")), 200);
        assert_eq!(me(&server.anon(), &header("Knox 5, a third one")), 200);
    }
}

#[test]
fn the_owner_lists_and_revokes_them_one_by_one() {
    for source in sources(FIVE) {
        let targets = databases();
        let sandbox = phones(targets.last().unwrap(), "");
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let list =
            |who: &str| serde_json::from_str::<Vec<Value>>(&sandbox.done(&["token", "list", who, "--json"])).unwrap();
        let listed = list("ann");
        assert_eq!(listed.len(), 6);
        assert!(listed.iter().all(|token| token["kind"] == "knox" && token["abilities"] == json!(["*"])), "{listed:?}");
        assert!(listed.iter().all(|token| token["created_at"].as_str().is_some_and(|at| at.starts_with("2026-"))));
        let live = ["Knox 5, without an end", "Knox 5, with an end", "Knox 5, a third one"].map(header);
        let status = || live.each_ref().map(|header| me(&server.anon(), header));
        assert_eq!(status(), [200; 3]);
        let endless = listed.iter().find(|token| token["expires_at"].is_null()).unwrap();
        sandbox.done(&["token", "revoke", &endless["id"].to_string()]);
        assert_eq!(status(), [401, 200, 200]);
        // What was ended here stays so, whatever the source has.
        let again = import(&sandbox, "django", &source, &[]);
        assert_eq!(again.counts()[1], "knox_authtoken: 14 0 0 14 0 0");
        assert_eq!(status(), [401, 200, 200]);
        sandbox.done(&["token", "revoke-all", "ann"]);
        assert_eq!((status(), list("ann").len()), ([401; 3], 0));
        // A login makes a token of Djoser's, which lives beside them.
        let login = json!({"username": "bob", "password": "bob-walrus-17"});
        let token = server.anon().post("/auth/token/login/", login).text("auth_token");
        let bob = header("Knox 5, with a prefix");
        assert_eq!((me(&server.anon(), &format!("Token {token}")), me(&server.anon(), &bob)), (200, 200));
        server.anon().with("Authorization", &format!("Token {token}")).post_empty(LOGOUT);
        assert_eq!((me(&server.anon(), &format!("Token {token}")), me(&server.anon(), &bob)), (401, 200));
        let kinds: Vec<_> = list("bob").iter().map(|token| token["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["knox"; 4]);
    }
}

/// Knox's `AUTH_HEADER_PREFIX`: a phone says what it was told to say.
#[test]
fn the_scheme_is_what_the_application_had() {
    let source = countersign_tests::databases::sqlite();
    run(&source.url, FIVE[0].1);
    for scheme in ["Bearer", "Knox"] {
        let target = countersign_tests::databases::sqlite();
        let sandbox = phones(&target, &format!("auth_header_prefix = \"{scheme}\"\n"));
        import(&sandbox, "django", &source, &[]);
        let server = sandbox.serve();
        let token = token("Knox 5, of bob");
        assert_eq!(me(&server.anon(), &format!("{} {token}", scheme.to_lowercase())), 200);
        assert_eq!(server.anon().with("Authorization", &format!("{scheme} {token}")).get("/verify").status, 200);
        let refused = server.anon().with("Authorization", &format!("{scheme} {token}0")).get(ME);
        assert_eq!(refused.whole(), (401, r#"{"detail":"Invalid token."}"#));
        assert_eq!(refused.header("www-authenticate"), scheme);
        let other = server.anon().with("Authorization", &format!("Token {token}")).get(ME);
        assert_eq!(other.whole(), (401, r#"{"detail":"Authentication credentials were not provided."}"#));
        assert_eq!(other.header("www-authenticate"), scheme);
    }
}
