//! What was signed lives on: through every change of `jwt.algorithm`, and through a change of the secret while the old one
//! is kept to check.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use chrono::TimeDelta;
use countersign_core::strategy::{JwtAlgorithm, JwtKey};
use countersign_tests::{
    Server,
    databases::{Database, databases, sqlite},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const PASSWORD: &str = "Zx9-quokka-77";
const SECRET: &str = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";
const JWKS: &str = "/.well-known/jwks.json";
/// The longest token of the test's configuration, Djoser's refresh token, and what clocks may differ by.
const LONGEST: TimeDelta = TimeDelta::seconds(86_400 + 5);

/// One installation: a database and a key file, under servers that come and go.
struct Installation {
    database: Arc<Database>,
    folder: tempfile::TempDir,
}

impl Installation {
    fn on(database: Database) -> Self {
        Self { database: Arc::new(database), folder: tempfile::tempdir().unwrap() }
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("jwt.pem")
    }

    fn write_keys(&self, text: &str) {
        fs::write(self.key_file(), text).unwrap();
        fs::set_permissions(self.key_file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// A server with this in `[jwt]`.
    fn serve(&self, jwt: &str) -> Server {
        let file = self.key_file();
        Server::on(Arc::clone(&self.database), &format!("[jwt]\nkey_file = \"{}\"\n{jwt}\n", file.display()))
    }

    fn under(&self, algorithm: JwtAlgorithm) -> Server {
        self.serve(&format!("algorithm = \"{algorithm}\""))
    }
}

/// What one login got, in both forms.
struct Tokens {
    signed_with: &'static str,
    hotel_access: String,
    hotel_refresh: String,
    djoser_access: String,
    djoser_refresh: String,
}

impl Tokens {
    fn of(server: &Server) -> Self {
        let anon = server.anon();
        let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD}));
        let djoser = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD}));
        Self {
            signed_with: server.settings.jwt.algorithm.as_str(),
            hotel_access: hotel.text("access_token"),
            hotel_refresh: hotel.text("refresh_token"),
            djoser_access: djoser.text("access"),
            djoser_refresh: djoser.text("refresh"),
        }
    }

    /// Status of each: the hotel API's access and refresh token, then Djoser's.
    fn statuses(&self, server: &Server) -> [u16; 4] {
        let anon = server.anon();
        [
            server.bearer(&self.hotel_access).get("/auth/me").status,
            anon.post("/auth/refresh", json!({"refresh_token": self.hotel_refresh})).status,
            server.bearer(&self.djoser_access).get("/auth/users/me/").status,
            anon.post("/auth/jwt/refresh/", json!({"refresh": self.djoser_refresh})).status,
        ]
    }

    fn assert_alive(&self, server: &Server) {
        let (then, now) = (self.signed_with, server.settings.jwt.algorithm);
        assert_eq!(self.statuses(server), [200; 4], "signed under {then}, shown under {now}");
    }
}

fn register(server: &Server) {
    assert_eq!(server.anon().post("/register", json!({"login": "ada", "password": PASSWORD})).status, 200);
}

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

/// The claims under HS256 with these bytes as secret.
fn signed(secret: &[u8], claims: &Value) -> String {
    let message = format!("{}.{}", BASE64.encode(r#"{"alg":"HS256","typ":"JWT"}"#), BASE64.encode(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// The claims with an end far away, so that only the key decides.
fn unending(token: &str) -> Value {
    let mut claims = part(token, 1);
    claims["exp"] = json!(4_102_444_800_i64);
    claims
}

#[test]
fn a_login_lives_through_every_change_of_the_algorithm_on_every_database() {
    for database in databases() {
        let name = database.name;
        let installation = Installation::on(database);
        let mut logins: Vec<Tokens> = Vec::new();
        use JwtAlgorithm::{Es256, Hs256, Rs256};
        for (turn, algorithm) in [Hs256, Es256, Rs256, Hs256, Es256].into_iter().enumerate() {
            let server = installation.under(algorithm);
            if turn == 0 {
                register(&server);
            }
            for login in &logins {
                login.assert_alive(&server);
            }
            let new = Tokens::of(&server);
            assert_eq!(part(&new.hotel_access, 0)["alg"], algorithm.as_str(), "{name}");
            assert_eq!(part(&new.djoser_refresh, 0)["alg"], algorithm.as_str(), "{name}");
            // What is asked of an old login is signed with the new key.
            if let Some(old) = logins.last() {
                let answer = server.anon().post("/auth/jwt/refresh/", json!({"refresh": old.djoser_refresh}));
                assert_eq!(part(&answer.text("access"), 0)["alg"], algorithm.as_str(), "{name}");
            }
            new.assert_alive(&server);
            logins.push(new);
        }
    }
}

#[test]
fn the_old_key_checks_no_longer_than_what_it_signed_can_live() {
    let installation = Installation::on(sqlite());
    let hs256 = installation.serve(&format!("secret = \"{SECRET}\""));
    register(&hs256);
    let login = Tokens::of(&hs256);
    drop(hs256);
    let server = installation.serve(&format!("algorithm = \"ES256\"\nsecret = \"{SECRET}\""));
    login.assert_alive(&server);
    // Whoever has the secret signs what would live longer than the server would have signed it for.
    let hotel = signed(SECRET.as_bytes(), &unending(&login.hotel_access));
    let djoser = signed(SECRET.as_bytes(), &unending(&login.djoser_access));
    let statuses = |server: &Server| {
        [server.bearer(&hotel).get("/auth/me").status, server.bearer(&djoser).get("/auth/users/me/").status]
    };
    server.wait(LONGEST - TimeDelta::seconds(1));
    assert_eq!(statuses(&server), [200, 200]);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(statuses(&server), [401, 401]);
    let fresh = Tokens::of(&server);
    fresh.assert_alive(&server);
}

#[test]
fn where_hs256_never_signed_its_key_checks_nothing() {
    let installation = Installation::on(sqlite());
    installation
        .write_keys(&format!("# ES256 signs since 2026-01-01T00:00:00Z\n{}", private_block(JwtAlgorithm::Es256)));
    let server = installation.serve(&format!("algorithm = \"ES256\"\nsecret = \"{SECRET}\""));
    register(&server);
    let login = Tokens::of(&server);
    login.assert_alive(&server);
    let forged = signed(SECRET.as_bytes(), &unending(&login.hotel_access));
    assert_eq!(server.bearer(&forged).get("/auth/me").status, 401);
}

#[test]
fn the_public_keys_of_a_retired_algorithm_stay_published_until_its_last_token_is_dead() {
    let installation = Installation::on(sqlite());
    let kids = |server: &Server| -> Vec<String> {
        let set = server.anon().get(JWKS).json();
        set["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kids(&installation.under(JwtAlgorithm::Es256)), ["ES256"]);
    assert_eq!(kids(&installation.under(JwtAlgorithm::Rs256)), ["RS256", "ES256"]);
    let server = installation.under(JwtAlgorithm::Hs256);
    assert_eq!(kids(&server), ["RS256", "ES256"]);
    server.wait(LONGEST - TimeDelta::seconds(1));
    assert_eq!(kids(&server), ["RS256", "ES256"]);
    server.wait(TimeDelta::seconds(1));
    assert_eq!(kids(&server), Vec::<String>::new());
}

/// Secrets that only check, as `countersign keys import` writes them.
fn secret_block(secret: &[u8], until: &str) -> String {
    let encoded = STANDARD.encode(secret);
    format!("# checks until {until}\n-----BEGIN HS256 SECRET-----\n{encoded}\n-----END HS256 SECRET-----\n")
}

fn private_block(algorithm: JwtAlgorithm) -> String {
    let encoded = STANDARD.encode(JwtKey::generate(algorithm).unwrap().as_slice());
    format!("-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn an_old_secret_checks_until_its_end_under_every_algorithm() {
    const OTHER: &str = "Zt5yXc7Lf1Gh2Bn8Pd4Qs6kq3Vw0rJm9";
    for algorithm in JwtAlgorithm::ALL {
        let installation = Installation::on(sqlite());
        let [first, second] = [SECRET, OTHER].map(|secret| {
            let server = installation.serve(&format!("secret = \"{secret}\""));
            if secret == SECRET {
                register(&server);
            }
            Tokens::of(&server)
        });
        // The ring's own key signs now, and knows nothing of either.
        let stranger = installation.serve("");
        assert_eq!(
            first.statuses(&stranger),
            [401, 200, 401, 401],
            "the hotel API's refresh tokens are signed by nobody"
        );
        drop(stranger);
        let until = [(SECRET, "2026-01-02T12:20:00Z"), (OTHER, "2026-01-02T12:40:00Z")];
        installation.write_keys(&until.map(|(secret, until)| secret_block(secret.as_bytes(), until)).concat());
        let server = installation.under(algorithm);
        first.assert_alive(&server);
        second.assert_alive(&server);
        let new = Tokens::of(&server);
        assert_eq!(part(&new.hotel_access, 0)["alg"], algorithm.as_str());
        assert_eq!(server.anon().get(JWKS).body.matches("\"oct\"").count(), 0, "a secret is not published");

        server.wait(TimeDelta::minutes(20));
        assert_eq!(first.statuses(&server), [401, 200, 401, 401], "{algorithm}");
        // Djoser's access tokens live for five minutes.
        assert_eq!(second.statuses(&server), [200, 200, 401, 200], "{algorithm}");
        server.wait(TimeDelta::minutes(20));
        assert_eq!(second.statuses(&server), [401, 200, 401, 401], "{algorithm}");
        assert_eq!(new.statuses(&server)[0], 200, "{algorithm}");
    }
}

#[test]
fn an_imported_public_key_is_no_secret() {
    let installation = Installation::on(sqlite());
    let theirs = JwtKey::generate(JwtAlgorithm::Es256).unwrap();
    let pair =
        aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING, &theirs)
            .unwrap();
    let der = {
        use aws_lc_rs::{encoding::AsDer as _, signature::KeyPair as _};
        pair.public_key().as_der().unwrap().as_ref().to_vec()
    };
    let encoded = STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n");
    installation.write_keys(&format!("# checks until 2027-01-01T00:00:00Z\n{pem}"));
    for algorithm in [JwtAlgorithm::Hs256, JwtAlgorithm::Rs256] {
        let server = installation.under(algorithm);
        if algorithm == JwtAlgorithm::Hs256 {
            register(&server);
        }
        let login = Tokens::of(&server);
        login.assert_alive(&server);
        for secret in [der.clone(), encoded.clone().into_bytes(), pem.clone().into_bytes(), pem.trim_end().into()] {
            let forged = signed(&secret, &part(&login.hotel_access, 1));
            assert_eq!(server.bearer(&forged).get("/auth/me").status, 401, "{algorithm}");
        }
        // Its owner's own signature holds: that is what it was imported for.
        let kid = JwtKey::public(&der).unwrap().kid().unwrap().to_owned();
        let theirs = JwtKey::private(&theirs).unwrap();
        let token = theirs.sign(&part(&login.hotel_access, 1)).unwrap();
        assert_eq!(part(&token, 0)["kid"], kid);
        assert_eq!(server.bearer(&token).get("/auth/me").status, 200, "{algorithm}");
    }
}
