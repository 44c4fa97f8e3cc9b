//! Tokens and logins are their user's own: nobody else sees or ends them, and one that is ended is one.

use countersign_core::{Abilities, Digest, NewToken, Role, Token, TokenKind, User, store::TokenStore as _};
use countersign_tests::{
    Actor, Server,
    people::{Proof, add},
    server::noon,
};
use serde_json::json;

/// As many as somebody may have in ten years.
const MANY: usize = 1_000;

/// A list of one kind of tokens.
struct List {
    proof: Proof,
    kind: TokenKind,
    all: &'static str,
    end_all: (&'static str, &'static str),
}

const LISTS: [List; 2] = [
    List { proof: Proof::Personal, kind: TokenKind::Sanctum, all: "/api/tokens", end_all: ("DELETE", "/api/tokens") },
    List { proof: Proof::Hotel, kind: TokenKind::Jwt, all: "/auth/sessions", end_all: ("POST", "/auth/logout-all") },
];

/// The secret of a token that the test stored.
fn secret(user: &User, number: usize) -> String {
    format!("{}x{number:036}", user.id)
}

fn store(server: &Server, user: &User, kind: TokenKind, number: usize) -> Token {
    let new = NewToken {
        kind,
        user_id: user.id,
        name: format!("device {number}"),
        digest: Digest::of(secret(user, number).as_bytes()),
        sealed: None,
        abilities: Abilities::all(),
        family: Some(format!("family {} {number}", user.id)),
        created_at: noon(),
        expires_at: Some(noon() + chrono::TimeDelta::days(1)),
        slot: None,
        generation: server.store.generation(user.id).unwrap(),
    };
    server.store.insert_token(&new).unwrap().unwrap()
}

/// Does it still speak for its user?
fn is_live(server: &Server, user: &User, token: &Token, number: usize) -> bool {
    let secret = secret(user, number);
    let status = match token.kind {
        TokenKind::Sanctum => server.bearer(&format!("{}|{secret}", token.id)).wants_json().get("/api/user").status,
        _ => server.anon().post("/auth/refresh", json!({"refresh_token": secret})).status,
    };
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

/// The numbers that a list shows.
fn listed(actor: &Actor, list: &List) -> Vec<i64> {
    let answer = actor.get(list.all);
    assert_eq!(answer.status, 200);
    let all = answer.json();
    let all = all.as_array().or_else(|| all["tokens"].as_array()).or_else(|| all["data"].as_array()).unwrap().clone();
    let mut numbers: Vec<i64> = all.iter().map(|token| token["id"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn one_of_a_thousand_is_ended_and_nobody_elses() {
    for server in Server::each() {
        for list in &LISTS {
            let (ada, bob) = (add(&server, Role::Tourist, false), add(&server, Role::Tourist, false));
            let hers: Vec<Token> = (0..MANY).map(|number| store(&server, &ada, list.kind, number)).collect();
            let his: Vec<Token> = (0..3).map(|number| store(&server, &bob, list.kind, number)).collect();
            let (she, he) = (list.proof.of(&server, &ada), list.proof.of(&server, &bob));
            let own = |user: &User| {
                let tokens = server.store.tokens_of(user.id, Some(list.kind)).unwrap();
                tokens.iter().map(|token| token.id.0).collect::<Vec<_>>()
            };
            assert_eq!(listed(&she, list), own(&ada), "{}", server.backend);
            assert_eq!(listed(&he, list), own(&bob), "{}", server.backend);
            let text = she.get(list.all).body;
            for number in [0, MANY / 2, MANY - 1] {
                let secret = secret(&ada, number);
                assert!(!text.contains(&secret) && !text.contains(&Digest::of(secret.as_bytes()).to_hex()));
            }

            // Somebody else's is not there, as one that never was.
            let end = |number: i64| {
                let answer = he.delete(&format!("{}/{number}", list.all));
                (answer.status, answer.body.replace(&number.to_string(), "NUMBER"))
            };
            assert_eq!((end(hers[500].id.0), end(hers[500].id.0).0), (end(i64::MAX), 404), "{}", server.backend);
            assert!(is_live(&server, &ada, &hers[500], 500), "{}", server.backend);

            assert_eq!(she.delete(&format!("{}/{}", list.all, hers[500].id)).status, 204, "{}", server.backend);
            assert!(!is_live(&server, &ada, &hers[500], 500), "{}", server.backend);
            let mut left: Vec<i64> = hers.iter().map(|token| token.id.0).filter(|id| *id != hers[500].id.0).collect();
            assert_eq!(left.len(), MANY - 1);
            let current = *own(&ada).last().unwrap();
            left.push(current);
            assert_eq!(listed(&she, list), left, "{}", server.backend);
            // Each of them, where a request costs little.
            let step = if server.backend == "sqlite" { 1 } else { 37 };
            for (number, token) in hers.iter().enumerate().step_by(step).filter(|(number, _)| *number != 500) {
                assert!(is_live(&server, &ada, token, number), "{} {number}", server.backend);
            }

            let (method, path) = list.end_all;
            assert_eq!(she.send(method, path, None, "").status, 204, "{}", server.backend);
            assert_eq!(own(&ada), [0_i64; 0], "{}", server.backend);
            assert!(!is_live(&server, &ada, &hers[0], 0), "{}", server.backend);
            for (number, token) in his.iter().enumerate() {
                assert!(is_live(&server, &bob, token, number), "{}", server.backend);
            }
            assert_eq!(listed(&he, list), own(&bob), "{}", server.backend);
        }
    }
}
