//! What Django's key signs is no token of ours, and speaks for nobody but those who came from there.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_core::strategy::JwtKey;
use countersign_tests::databases::{databases, fresh, run, sqlite};
use serde_json::{Value, json};

use super::{ADA, DJANGO, Moved, claims, each, eventually, fill, id, import, me, refresh, verify};

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

#[test]
fn nothing_that_it_signs_passes_for_a_login_of_ours() {
    each("plain", |moved, server| {
        let anon = server.anon();
        moved.sandbox.add("eve");
        let of = |name: &str, password: &str| {
            anon.post("/auth/jwt/create/", json!({"username": name, "password": password}))
        };
        let (hers, eves) = (of("fx_pbkdf2", "Pbkdf2-walrus-01"), of("eve", "password"));
        assert_eq!((hers.status, eves.status), (200, 200), "{}", hers.body);
        let hotel = anon.post("/auth/login", json!({"identifier": "eve", "password": "password"})).text("access_token");
        assert_eq!(server.bearer(&hotel).get("/auth/me").status, 200);
        // The claims of ours as they stand: eve was not imported, and the hotel's form is none of Django's.
        let user_not_found = json!({"detail": "User not found", "code": "user_not_found"});
        assert_eq!(me(&anon, &moved.signed(&part(&eves.text("access"), 1))).json(), user_not_found);
        assert_eq!(refresh(&anon, &moved.signed(&part(&eves.text("refresh"), 1))).status, 401);
        for token in [&hotel, &hers.text("access"), &eves.text("access")] {
            let forged = moved.signed(&part(token, 1));
            let answer = server.bearer(&forged).get("/auth/me");
            assert_eq!((answer.status, answer.text("error").as_str()), (401, "invalid_token"));
        }
        assert_eq!(me(&anon, &moved.signed(&part(&hotel, 1))).status, 401);
        // With the `jti` of her own login, Django's refresh token is a login of its own: hers is neither taken nor spent.
        let mine = moved.logins(ADA);
        assert_eq!(refresh(&anon, &moved.signed(&part(&hers.text("refresh"), 1))).status, 200);
        assert_eq!(moved.logins(ADA).len(), mine.len() + 1);
        assert_eq!(refresh(&anon, &hers.text("refresh")).status, 200);
        // And one that was adopted for another is not hers.
        let jti = id();
        let for_user = |user: &str| moved.signed(&claims("refresh", &json!({"jti": jti, "user_id": user})));
        assert_eq!(refresh(&anon, &for_user("5")).status, 200);
        assert_eq!(refresh(&anon, &for_user("1")).status, 401);
        assert_eq!(refresh(&anon, &for_user("5")).status, 200);
    });
}

#[test]
fn a_number_that_django_gave_to_somebody_else_is_nobodys() {
    each("plain", |moved, server| {
        let anon = server.anon();
        let made = anon.post("/auth/users/", json!({"username": "newcomer", "password": "Walrus-newcomer-1"}));
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.json()["id"].clone();
        for id in [id.clone(), json!(id.to_string())] {
            let token = |kind: &str| moved.signed(&claims(kind, &json!({"user_id": id})));
            let told = me(&anon, &token("access"));
            assert_eq!((told.status, told.json()["code"].clone()), (401, json!("user_not_found")));
            assert_eq!(refresh(&anon, &token("refresh")).status, 401);
            assert_eq!(server.bearer(&token("access")).get("/verify").status, 401);
        }
        for odd in [
            json!(null),
            json!("x"),
            json!(-1),
            json!([1]),
            json!({"id": 1}),
            json!("1; DROP TABLE users"),
            json!(1e300),
        ] {
            let token = moved.signed(&claims("access", &json!({"user_id": odd})));
            assert_eq!(me(&anon, &token).status, 401, "{odd}");
        }
        // Another claim than the one that is named to the server.
        let token = moved.signed(&claims("access", &json!({"user_id": "5", "uid": "1", "sub": "1"})));
        assert_eq!(me(&anon, &token).json()["id"], json!(5));
    });
}

#[test]
fn of_several_sources_the_named_one_counts() {
    for target in databases() {
        let moved = Moved::to(&target, "plain");
        let name = moved.import().summary["source"].as_str().unwrap().to_owned();
        let server = moved.sandbox.serve();
        let token = moved.recorded.token("access");
        let with = |source: &str| {
            let arguments = ["keys", "import", "--simplejwt", "--secret", "django.key", "--until", "2125-01-01"];
            moved.sandbox.done(&[&arguments[..], &["--source", source]].concat());
        };
        with("django of somebody else");
        eventually("another source", || me(&server.anon(), &token).status == 401);
        with(&name);
        eventually("that source", || me(&server.anon(), &token).status == 200);
    }
}

#[test]
fn of_two_djangos_a_key_without_a_source_speaks_for_nobody() {
    for target in databases() {
        eprintln!("on {}", target.name);
        let moved = Moved::to(&target, "plain");
        let first = moved.import().summary["source"].as_str().unwrap().to_owned();
        let server = moved.sandbox.serve();
        let anon = server.anon();
        assert_eq!(me(&anon, &moved.signed(&claims("access", &json!({})))).status, 200);
        // Another Django's users, with other numbers and names.
        let second = fresh(target.name);
        fill(&second, DJANGO);
        for table in ["authtoken_token", "auth_user_groups"] {
            run(&second.url, &format!("DELETE FROM {table}"));
        }
        run(&second.url, "DELETE FROM auth_user WHERE id <> 1");
        run(&second.url, "UPDATE auth_user SET id = 5000, username = 'another', email = 'another@example.net'");
        let note = format!(
            "users of another Django were imported before ({first:?}): a key that was imported with --simplejwt counts for \
             nobody unless it names its source, which is --source \"second\" for the key of this one"
        );
        for mode in [&["--source", "second", "--check"][..], &["--source", "second"]] {
            let told = import(&moved.sandbox, "django", &second, mode);
            assert!(told.summary["notes"].as_array().unwrap().contains(&json!(note)), "{}", told.summary);
        }
        let answers = |user: &str| {
            let token = |kind: &str| moved.signed(&claims(kind, &json!({"user_id": user})));
            (me(&anon, &token("access")).status, refresh(&anon, &token("refresh")).status)
        };
        assert_eq!((answers("1"), answers("5000")), ((401, 401), (401, 401)));
        for (source, hers, theirs) in [(first.as_str(), 200, 401), ("second", 401, 200)] {
            let arguments = ["keys", "import", "--simplejwt", "--secret", "django.key", "--until", "2125-01-01"];
            moved.sandbox.done(&[&arguments[..], &["--source", source]].concat());
            let expected = ((hers, hers), (theirs, theirs));
            eventually(source, || (answers("1"), answers("5000")) == expected);
        }
    }
}

#[test]
fn no_other_algorithm_and_no_public_half_is_taken() {
    each("rs256", |moved, server| {
        let anon = server.anon();
        let token = moved.recorded.token("access");
        assert_eq!(me(&anon, &token).status, 200);
        let payload = token.split('.').nth(1).unwrap();
        let pem = moved.recorded.key();
        for secret in [pem.to_owned(), pem.trim().to_owned(), format!("{}\n", pem.trim())] {
            let forged = JwtKey::hs256(secret.as_bytes()).sign(&part(&token, 1)).unwrap();
            assert_eq!(me(&anon, &forged).status, 401);
            assert_eq!(verify(&anon, &forged).status, 401);
        }
        for algorithm in ["none", "None", "HS256", "ES256", "RS384", "PS256"] {
            let header = BASE64.encode(json!({"alg": algorithm, "typ": "JWT"}).to_string());
            for signature in ["", token.rsplit('.').next().unwrap()] {
                assert_eq!(me(&anon, &format!("{header}.{payload}.{signature}")).status, 401, "{algorithm}");
            }
        }
        // It is told to nobody who checks by the set.
        let set = anon.get("/.well-known/jwks.json").json();
        assert_eq!(set["keys"], json!([]));
    });
}

#[test]
fn a_key_that_signs_here_is_not_taken_for_djangos() {
    let sandbox = super::installation(&sqlite());
    let secret = "walrus-and-oyster-walrus-and-oyster-42";
    sandbox.write("key.txt", secret);
    let arguments = ["keys", "import", "--simplejwt", "--secret", "key.txt", "--until", "30d"];
    let mut same = sandbox;
    same.set("COUNTERSIGN__JWT__SECRET", secret);
    let ran = same.run(&arguments);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            1,
            "countersign: that key signs here, or did: nobody could tell its tokens from Django's. Take another jwt.secret \
             first\n"
        )
    );
    for option in ["--user-id-claim", "--audience", "--issuer", "--source"] {
        let ran = same.run(&["keys", "import", "--secret", "key.txt", "--until", "30d", option, "x"]);
        assert_eq!(ran.code, 2, "{option}");
    }
}
