//! Who has the public keys can check what the server signs, and nobody else signs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

use countersign_core::strategy::JwtAlgorithm;
use countersign_tests::{Actor, Server, databases::sqlite};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

const PATH: &str = "/.well-known/jwks.json";

/// A server whose keys are made for it, and the folder that they are in.
fn with(algorithm: JwtAlgorithm) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt.pem");
    let server = Server::with(&format!("[jwt]\nalgorithm = \"{algorithm}\"\nkey_file = \"{}\"", file.display()));
    (server, folder)
}

fn register(anon: &Actor) {
    assert_eq!(anon.post("/register", json!({"login": "ada", "password": "Zx9-quokka-77"})).status, 200);
}

/// The tokens of a login to the hotel API and of one to Djoser's.
fn tokens(anon: &Actor) -> [String; 2] {
    let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": "Zx9-quokka-77"}));
    let djoser = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": "Zx9-quokka-77"}));
    [hotel.text("access_token"), djoser.text("access")]
}

#[test]
fn what_is_signed_is_checked_by_the_published_keys_with_another_library() {
    for algorithm in [JwtAlgorithm::Rs256, JwtAlgorithm::Es256, JwtAlgorithm::EdDsa] {
        let (server, _folder) = with(algorithm);
        let anon = server.anon();
        register(&anon);
        let answer = anon.get(PATH);
        assert_eq!((answer.status, answer.header("Content-Type")), (200, "application/json"));
        assert_eq!(answer.header("Cache-Control"), "public, max-age=300");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), "*");
        let mut expected: Vec<&str> = match algorithm {
            JwtAlgorithm::Rs256 => vec!["kty", "kid", "use", "alg", "n", "e"],
            JwtAlgorithm::Es256 => vec!["kty", "kid", "use", "alg", "crv", "x", "y"],
            _ => vec!["kty", "kid", "use", "alg", "crv", "x"],
        };
        let document = answer.json();
        let key = document["keys"][0].as_object().unwrap();
        let mut found: Vec<&str> = key.keys().map(String::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{algorithm}: no private number is told");
        assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!(algorithm.as_str())));
        let set: JwkSet = serde_json::from_str(&answer.body).unwrap();
        for token in tokens(&anon) {
            let header = jsonwebtoken::decode_header(&token).unwrap();
            assert_eq!(header.alg, algorithm.as_str().parse().unwrap());
            let key = DecodingKey::from_jwk(set.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
            let mut validation = Validation::new(header.alg);
            validation.validate_exp = false;
            validation.validate_aud = false;
            assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok(), "{algorithm}");
        }
        let [hotel, djoser] = tokens(&anon);
        assert_eq!(server.bearer(&hotel).get("/auth/me").status, 200, "{algorithm}");
        assert_eq!(server.bearer(&djoser).get("/auth/users/me/").status, 200, "{algorithm}");
    }
}

#[test]
fn under_hs256_there_is_nothing_to_tell() {
    let server = Server::start();
    assert_eq!(server.anon().get(PATH).whole(), (200, r#"{"keys":[]}"#));
}

#[test]
fn any_page_may_read_the_keys_front_ends_among_them() {
    let server = Server::start();
    for origin in ["http://localhost:3000", "https://elsewhere.example"] {
        let answer = server.anon().with("Origin", origin).get(PATH);
        assert_eq!(answer.header_all("Access-Control-Allow-Origin"), ["*"], "{origin}");
        assert_eq!(answer.header("Access-Control-Allow-Credentials"), "");
    }
}

#[test]
fn a_restart_signs_with_the_same_key() {
    let (first, folder) = with(JwtAlgorithm::Es256);
    let kid = |server: &Server| server.anon().get(PATH).json()["keys"][0]["kid"].clone();
    let before = kid(&first);
    let file = folder.path().join("jwt.pem");
    let again = Server::with(&format!("[jwt]\nalgorithm = \"ES256\"\nkey_file = \"{}\"", file.display()));
    assert_eq!(kid(&again), before);
}

#[test]
fn the_set_may_be_kept_for_half_of_the_announcement_and_ten_minutes_at_most() {
    for (announce, kept) in [("20s", 10), ("10m", 300), ("20m", 600), ("2d", 600)] {
        let server = Server::with(&format!("[keys]\nannounce = \"{announce}\""));
        assert_eq!(server.anon().get(PATH).header("Cache-Control"), format!("public, max-age={kept}"), "{announce}");
    }
}

#[test]
fn every_key_of_the_set_has_its_name_its_algorithm_and_its_use() {
    let folder = tempfile::tempdir().unwrap();
    let database = std::sync::Arc::new(sqlite());
    let under = |algorithm: JwtAlgorithm| {
        let file = folder.path().join("jwt.pem");
        let jwt = format!("[jwt]\nalgorithm = \"{algorithm}\"\nkey_file = \"{}\"", file.display());
        Server::on(std::sync::Arc::clone(&database), &jwt)
    };
    for algorithm in JwtAlgorithm::ALL {
        under(algorithm);
    }
    let set = under(JwtAlgorithm::Hs256).anon().get(PATH).json();
    let keys = set["keys"].as_array().unwrap();
    let algorithms: Vec<&str> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, ["EdDSA", "ES256", "RS256"]);
    for key in keys {
        assert_eq!(key["use"], "sig");
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
        assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), key["kid"].as_str().unwrap());
        assert!(["d", "p", "q", "k"].iter().all(|private| key.get(private).is_none()), "{key}");
    }
}
