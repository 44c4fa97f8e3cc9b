//! JSON Web Tokens that nobody issued, or that say what no token of ours says, under every algorithm: each is refused, and
//! nothing that one of them names is fetched.

use std::{fs, io::ErrorKind, net::TcpListener, path::Path};

use aws_lc_rs::{
    encoding::AsDer as _,
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use countersign_core::strategy::{JwtAlgorithm, JwtKey};
use countersign_tests::{Answer, Server, server::noon};
use serde_json::{Value, json};

const SECRET: &str = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";
const PASSWORD: &str = "Zx9-quokka-77";

/// A signing key in the hands of whoever writes these tests.
enum Key {
    Hmac(Vec<u8>),
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    fn of(algorithm: JwtAlgorithm, pkcs8: &[u8]) -> Self {
        match algorithm {
            JwtAlgorithm::Hs256 => Self::Hmac(SECRET.into()),
            JwtAlgorithm::Rs256 => Self::Rsa(RsaKeyPair::from_pkcs8(pkcs8).unwrap()),
            JwtAlgorithm::Es256 => {
                Self::P256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).unwrap())
            }
            JwtAlgorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).unwrap()),
        }
    }

    fn sign(&self, message: &str) -> String {
        let (message, random) = (message.as_bytes(), SystemRandom::new());
        BASE64.encode(match self {
            Self::Hmac(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }

    /// The public half in every form in which somebody may take it for a secret.
    fn public_forms(&self) -> Vec<Vec<u8>> {
        let (raw, der) = match self {
            Self::Hmac(_) => return Vec::new(),
            Self::Rsa(pair) => (pair.public_key().as_ref().to_vec(), pair.public_key().as_der().unwrap()),
            Self::P256(pair) => (pair.public_key().as_ref().to_vec(), pair.public_key().as_der().unwrap()),
            Self::Ed25519(pair) => (pair.public_key().as_ref().to_vec(), pair.public_key().as_der().unwrap()),
        };
        let encoded = STANDARD.encode(der.as_ref());
        let lines: Vec<String> =
            encoded.as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into_owned()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
        vec![
            raw,
            der.as_ref().to_vec(),
            pem.clone().into_bytes(),
            format!("{pem}\n").into_bytes(),
            encoded.into_bytes(),
        ]
    }
}

/// A server whose key the test has, and a good token of each of its two JWT dialects.
struct Target {
    server: Server,
    algorithm: JwtAlgorithm,
    key: Key,
    header: Value,
    hotel: String,
    djoser: String,
    _folder: tempfile::TempDir,
}

impl Target {
    fn with(algorithm: JwtAlgorithm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jwt.pem");
        let configuration = if algorithm == JwtAlgorithm::Hs256 {
            format!("[jwt]\nsecret = \"{SECRET}\"")
        } else {
            format!("[jwt]\nalgorithm = \"{algorithm}\"\nkey_file = \"{}\"", file.display())
        };
        let server = Server::with(&configuration);
        let anon = server.anon();
        assert_eq!(anon.post("/register", json!({"login": "ada", "password": PASSWORD})).status, 200);
        let hotel = anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})).text("access_token");
        let djoser = anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD})).text("access");
        let key = Key::of(algorithm, &private_key(&file));
        let header = part(&hotel, 0);
        Self { server, algorithm, key, header, hotel, djoser, _folder: folder }
    }

    /// A token with this header and these claims, as they stand, under the server's own key.
    fn signed(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let signature = self.key.sign(&message);
        format!("{message}.{signature}")
    }

    /// The server's header with these members set.
    fn header(&self, members: &Value) -> String {
        merged(&self.header, members)
    }

    fn me(&self, token: &str) -> Answer {
        self.server.bearer(token).get("/auth/me")
    }

    fn djoser_me(&self, token: &str) -> Answer {
        self.server.bearer(token).get("/auth/users/me/")
    }

    fn assert_refused_by_hotel(&self, what: &str, token: &str) {
        let answer = self.me(token);
        assert_eq!(
            (answer.status, answer.text("error").as_str()),
            (401, "invalid_token"),
            "{}: {what}",
            self.algorithm
        );
        assert!(answer.header("WWW-Authenticate").starts_with("Bearer realm="), "{what}");
    }

    fn assert_refused(&self, what: &str, token: &str) {
        self.assert_refused_by_hotel(what, token);
        let answer = self.djoser_me(token);
        assert_eq!(answer.status, 401, "{}: djoser: {what}: {}", self.algorithm, answer.body);
    }

    /// Nothing of all that did any harm.
    fn assert_well(&self) {
        assert_eq!(
            (self.me(&self.hotel).status, self.djoser_me(&self.djoser).status),
            (200, 200),
            "{}",
            self.algorithm
        );
        assert_eq!(self.server.anon().get("/health/ready").status, 200);
    }
}

fn each(test: impl Fn(&Target)) {
    for algorithm in JwtAlgorithm::ALL {
        let target = Target::with(algorithm);
        target.assert_well();
        test(&target);
        target.assert_well();
    }
}

/// The first private key of a PEM file; none if there is no such file.
fn private_key(file: &Path) -> Vec<u8> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with(['#', '-']));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

/// Header (0) or claims (1) of a token.
fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

/// The object with these members set; one that is `"absent"` is taken away.
fn merged(object: &Value, members: &Value) -> String {
    let mut object = object.clone();
    for (name, value) in members.as_object().unwrap() {
        if value == "absent" {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object.to_string()
}

#[test]
fn no_other_algorithm_is_taken_whoever_signed() {
    each(|target| {
        let others = JwtAlgorithm::ALL.into_iter().filter(|other| *other != target.algorithm).map(JwtAlgorithm::as_str);
        let named = ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS384", "PS256", "ES384", "hs256", "rs256"];
        let named = named.into_iter().chain(others).map(Value::from);
        let odd =
            [json!("absent"), json!(null), json!(1), json!(["HS256"]), json!({}), json!([target.algorithm.as_str()])];
        for token in [&target.hotel, &target.djoser] {
            let claims = part(token, 1).to_string();
            for algorithm in named.clone().chain(odd.clone()) {
                for members in [json!({"alg": algorithm}), json!({"alg": algorithm, "kid": "absent"})] {
                    let header = target.header(&members);
                    let signed = target.signed(&header, &claims);
                    let unsigned = signed.rsplit_once('.').unwrap().0;
                    target.assert_refused(&format!("{header} signed"), &signed);
                    target.assert_refused(&format!("{header} unsigned"), &format!("{unsigned}."));
                }
            }
        }
    });
}

#[test]
fn a_public_key_is_no_secret_and_neither_is_a_guess() {
    each(|target| {
        let guesses = [&b""[..], b"secret", b"changeme", &[0; 32], &[0; 64]].map(<[u8]>::to_vec);
        let jwks = target.server.anon().get("/.well-known/jwks.json").body.into_bytes();
        for secret in target.key.public_forms().into_iter().chain(guesses).chain([jwks]) {
            for token in [&target.hotel, &target.djoser] {
                let kids = [json!({"alg": "HS256"}), json!({"alg": "HS256", "kid": "absent"})];
                for header in kids.map(|members| target.header(&members)) {
                    let message = format!("{}.{}", BASE64.encode(&header), BASE64.encode(part(token, 1).to_string()));
                    let signature = Key::Hmac(secret.clone()).sign(&message);
                    target.assert_refused(&header, &format!("{message}.{signature}"));
                }
            }
        }
    });
}

#[test]
fn a_key_that_the_token_names_or_brings_is_never_asked_or_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    each(|target| {
        let claims = part(&target.hotel, 1).to_string();
        // Signed by a stranger who shows their key.
        let stranger = JwtKey::generate(JwtAlgorithm::Es256).unwrap();
        let jwk = {
            let numbers = JwtKey::private(&stranger).unwrap();
            json!({"kty": "EC", "crv": "P-256", "kid": numbers.kid(), "alg": "ES256", "use": "sig"})
        };
        let stranger = Key::of(JwtAlgorithm::Es256, &stranger);
        for members in [
            json!({"alg": "ES256", "jwk": jwk}),
            json!({"alg": "ES256", "jwk": jwk, "kid": jwk["kid"]}),
            json!({"alg": "ES256", "jku": url}),
            json!({"alg": "ES256", "x5u": url, "x5c": ["AAAA"]}),
        ] {
            let message = format!("{}.{}", BASE64.encode(target.header(&members)), BASE64.encode(&claims));
            let signature = stranger.sign(&message);
            target.assert_refused(&members.to_string(), &format!("{message}.{signature}"));
        }
        // Signed by ourselves: PyJWT does not look at these, the hotel API refuses what it does not know.
        for members in [
            json!({"jku": url}),
            json!({"x5u": url}),
            json!({"jwk": jwk}),
            json!({"x5t": "AAAA"}),
            json!({"cty": "JWT"}),
        ] {
            let token = target.signed(&target.header(&members), &claims);
            target.assert_refused_by_hotel(&members.to_string(), &token);
            target.djoser_me(&target.signed(&target.header(&members), &part(&target.djoser, 1).to_string()));
        }
        for kid in ["../../dev/null", "' OR 1=1--", "\0", "", "another", &"x".repeat(2_000), "/etc/passwd", "a\r\nb"] {
            let header = target.header(&json!({"kid": kid}));
            target.assert_refused_by_hotel(&header, &target.signed(&header, &claims));
        }
        for members in [
            json!({"crit": ["exp"]}),
            json!({"crit": ["x"], "x": 1}),
            json!({"crit": []}),
            json!({"crit": ["b64"], "b64": false}),
            json!({"b64": false}),
            json!({"kid": 5}),
            json!({"kid": ["a"]}),
        ] {
            for token in [&target.hotel, &target.djoser] {
                let signed = target.signed(&target.header(&members), &part(token, 1).to_string());
                target.assert_refused(&members.to_string(), &signed);
            }
        }
        for typ in [json!("at+jwt"), json!("jwt"), json!("JWE"), json!(""), json!(1)] {
            let header = target.header(&json!({"typ": typ}));
            target.assert_refused_by_hotel(&header, &target.signed(&header, &claims));
        }
        let header = target.header(&json!({}));
        let twice = header.replacen('{', r#"{"alg":"none","#, 1);
        target.assert_refused_by_hotel(&twice, &target.signed(&twice, &claims));
    });
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody came for the keys");
}

#[test]
fn a_token_has_three_parts_and_each_bit_of_them_counts() {
    each(|target| {
        for (token, other) in [(&target.hotel, &target.djoser), (&target.djoser, &target.hotel)] {
            let parts: Vec<&str> = token.split('.').collect();
            let [header, payload, signature] = parts[..] else { panic!("{token}") };
            let foreign = other.rsplit_once('.').unwrap().1;
            for broken in [
                format!("{header}.{payload}."),
                format!("{header}.{payload}"),
                format!("{header}..{signature}"),
                format!(".{payload}.{signature}"),
                format!("{header}.{payload}.{signature}."),
                format!("{header}.{payload}.{signature}.{signature}"),
                format!("{header}.{payload}.{signature}.a.b"),
                format!("{header}.{payload}.{payload}.{signature}"),
                format!("{header}.{payload}.{foreign}"),
                format!("{payload}.{header}.{signature}"),
                "..".to_owned(),
                ".".to_owned(),
                format!("{header}.{payload}.{signature}A"),
                format!("{header}.{payload}.{signature}AA"),
                format!("{header}.{payload}.{}", &signature[1..]),
                format!("{header}.{payload}.{}", &signature[..signature.len() - 1]),
                format!("{header}=.{payload}.{signature}"),
                format!("{header}.{payload}.{signature}==="),
                format!("{header}.{payload}.{}", "A".repeat(signature.len())),
            ] {
                target.assert_refused(&broken, &broken);
            }
            // PyJWT takes a signature with its padding; the hotel API takes one form alone.
            for padded in
                [format!("{signature}="), format!("{signature}=="), signature.replace('-', "+").replace('_', "/")]
            {
                if padded != signature {
                    target.assert_refused_by_hotel(&padded, &format!("{header}.{payload}.{padded}"));
                }
            }
            // The bits of the last character that stand for nothing.
            let last = signature.chars().next_back().unwrap();
            const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            for other in ALPHABET.chars().filter(|other| *other != last) {
                let changed = format!("{}{other}", &signature[..signature.len() - 1]);
                target.assert_refused_by_hotel(&changed, &format!("{header}.{payload}.{changed}"));
            }
            // One bit in each part.
            let mut bytes = parts.iter().map(|part| BASE64.decode(part).unwrap()).collect::<Vec<_>>();
            for part in 0..3 {
                for at in [0, 1, bytes[part].len() / 2, bytes[part].len() - 1] {
                    bytes[part][at] ^= 1;
                    let flipped: Vec<String> = bytes.iter().map(|part| BASE64.encode(part)).collect();
                    bytes[part][at] ^= 1;
                    target.assert_refused(&format!("bit of byte {at} of part {part}"), &flipped.join("."));
                }
            }
            // Other claims under the old signature.
            let claims = BASE64.encode(merged(&part(token, 1), &json!({"exp": 4_102_444_800_i64})));
            target.assert_refused("claims swapped", &format!("{header}.{claims}.{signature}"));
        }
    });
}

#[test]
fn every_claim_of_the_hotel_api_is_required_and_typed() {
    let now = noon().timestamp();
    each(|target| {
        let (header, claims) = (target.header(&json!({})), part(&target.hotel, 1));
        let good = target.signed(&header, &claims.to_string());
        assert_eq!(target.me(&good).status, 200, "the test signs as the server does");
        let other = {
            let eve = target.server.anon().post("/register", json!({"login": "eve", "password": PASSWORD}));
            assert_eq!(eve.status, 200);
            target.server.owner.find_user("eve").unwrap()
        };
        let mut cases = vec![
            json!({"exp": now}),
            json!({"exp": now - 1}),
            json!({"exp": 0}),
            json!({"exp": -1}),
            json!({"exp": i64::MAX}),
            json!({"exp": 9_223_372_036_854_775_808_u64}),
            json!({"exp": u64::MAX}),
            json!({"exp": 4_102_444_800.5}),
            json!({"exp": 1e300}),
            json!({"nbf": now + 10}),
            json!({"nbf": now + 3_600}),
            json!({"nbf": "0"}),
            json!({"iat": now + 3_600}),
            json!({"iat": now + 6}),
            json!({"sub": other.uuid.to_string()}),
            json!({"sub": "00000000-0000-4000-8000-000000000000"}),
            json!({"sid": "00000000-0000-4000-8000-000000000000"}),
            json!({"sid": ""}),
            json!({"sid": "\0"}),
            json!({"iss": "another"}),
            json!({"iss": "Countersign"}),
            json!({"aud": "another"}),
            json!({"aud": ["countersign"]}),
            json!({"aud": ["countersign", "another"]}),
            json!({"jti": "x"}),
            json!({"typ": "refresh"}),
            json!({"typ": "Access"}),
        ];
        for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "typ"] {
            for wrong in
                [json!("absent"), json!(null), json!(true), json!({}), json!([]), json!([7]), json!("9999999999")]
            {
                cases.push(json!({claim: wrong}));
            }
        }
        for claim in ["iss", "aud", "sub", "sid", "jti", "typ"] {
            cases.push(json!({claim: 7}));
        }
        for members in cases {
            target.assert_refused_by_hotel(&members.to_string(), &target.signed(&header, &merged(&claims, &members)));
        }
        let text = claims.to_string();
        for raw in [
            text.replacen(r#""exp":"#, r#""exp":1e400,"x":"#, 1),
            text.replacen(r#""exp":"#, r#""exp":NaN,"x":"#, 1),
            text.replacen(r#""exp":"#, r#""exp":Infinity,"x":"#, 1),
            text.replacen('{', r#"{"exp":4102444800,"#, 1),
            text.replacen('{', r#"{"sub":"ada","#, 1),
            format!("{text}{text}"),
            format!("{text}x"),
            format!("\u{feff}{text}"),
            "[]".to_owned(),
            "null".to_owned(),
            "\"text\"".to_owned(),
            String::new(),
        ] {
            target.assert_refused_by_hotel(&raw, &target.signed(&header, &raw));
        }
        let expired = target.me(&target.signed(&header, &merged(&claims, &json!({"exp": now}))));
        let told = r#"Bearer realm="countersign", error="invalid_token", error_description="expired""#;
        assert_eq!(expired.header("WWW-Authenticate"), told);
        let forged = target.me(&target.signed(&header, &merged(&claims, &json!({"iss": "another"}))));
        let told = r#"Bearer realm="countersign", error="invalid_token", error_description="malformed""#;
        assert_eq!(forged.header("WWW-Authenticate"), told);
    });
}

#[test]
fn the_token_of_a_deleted_user_speaks_for_nobody() {
    each(|target| {
        let eve = json!({"login": "eve", "password": PASSWORD});
        assert_eq!(target.server.anon().post("/register", eve).status, 200);
        let login = json!({"identifier": "eve", "password": PASSWORD});
        let token = target.server.anon().post("/auth/login", login).text("access_token");
        assert_eq!(target.me(&token).status, 200);
        let user = target.server.owner.find_user("eve").unwrap();
        target.server.owner.delete_user(user.id).unwrap();
        target.assert_refused_by_hotel("deleted", &token);
    });
}
