//! Django's users log in by their passwords, and Django REST framework's tokens work and stay what they are.

use std::collections::HashMap;

use countersign_tests::{Actor, databases::databases};
use serde_json::{Value, json};

use super::common::{DJANGO, cells, import, installation, logins, same_kind_first, sources};

const LOGIN: &str = "/auth/token/login/";

fn recorded() -> Vec<Value> {
    let text = include_str!("../../import/django/credentials.json");
    let recorded: Value = serde_json::from_str(text).unwrap();
    recorded["users"].as_array().unwrap().clone()
}

/// Every token is asked from each kind to each. Passwords cost the time that they are meant to cost: they are asked where both are
/// of one kind, and elsewhere the target holds, hash by hash, what was asked there.
#[test]
fn everybody_is_answered_as_django_answered() {
    let mut asked = HashMap::new();
    for (source, target) in same_kind_first(cells(DJANGO)) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        let imported = import(&sandbox, "django", &source, &[]);
        assert_eq!((imported.ran.code, imported.ran.stderr.as_str()), (0, ""));
        assert_eq!(imported.counts(), ["auth_user: 21 21 0 0 0 0", "authtoken_token: 12 12 0 0 0 0"]);
        let expected = [
            "changed auth_user 12: is inactive there; suspended here until the owner enables them",
            "changed auth_user 17: shares the e-mail address with user 16, who logs in by it; this one logs in by the user \
             name",
        ];
        assert_eq!(imported.said(), expected);
        let held = logins(&target);
        assert_eq!(held.len(), 21);
        let server = sandbox.serve();
        for user in recorded() {
            ask_token(&server.anon(), &user);
        }
        if source.name == target.name {
            for user in recorded() {
                ask_password(&server.anon(), &user);
            }
            asked.insert(target.name, held);
        } else {
            assert_eq!(held, asked[target.name], "from {} to {}", source.name, target.name);
        }
    }
}

fn ask_token(anon: &Actor, user: &Value) {
    let Some(token) = user["auth_token"].as_str() else { return };
    let me = anon.with("Authorization", &format!("Token {token}")).get("/auth/users/me/");
    let expected = match user["token_status"].as_u64() {
        Some(200) => (200, user["me"].clone()),
        _ => (401, json!({"detail": "User inactive or deleted."})),
    };
    assert_eq!((me.status, me.json()), expected, "the token of {}", user["username"]);
}

/// A login may hash the password anew, but hands out the same token.
fn ask_password(anon: &Actor, user: &Value) {
    let name = user["username"].as_str().unwrap();
    let Some(password) = user["password"].as_str() else {
        for guess in ["", "!", "password"] {
            assert_eq!(anon.post(LOGIN, json!({"username": name, "password": guess})).status, 400, "{name}");
        }
        return;
    };
    let wrong = (400, json!({"non_field_errors": ["Unable to log in with provided credentials."]}));
    let answer = anon.post(LOGIN, json!({"username": name, "password": password}));
    if user["login_all_hashers"] == json!(true) {
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        if let Some(token) = user["auth_token"].as_str() {
            assert_eq!(answer.json(), json!({"auth_token": token}), "{name} gets another token");
        }
        let again = anon.post(LOGIN, json!({"username": name, "password": password}));
        assert_eq!((again.status, again.json()), (200, answer.json()), "{name} after the hash was made anew");
    } else {
        assert_eq!((answer.status, answer.json()), wrong, "{name}");
    }
    let other = anon.post(LOGIN, json!({"username": name, "password": format!("{password}x")}));
    assert_eq!((other.status, other.json()), wrong, "{name} with a wrong password");
}

/// Nothing of a user is lost but what has no place here.
#[test]
fn a_user_is_shown_as_django_had_them() {
    for source in sources(DJANGO) {
        let targets = databases();
        let sandbox = installation(&targets[0]);
        import(&sandbox, "django", &source, &[]);
        for user in recorded() {
            let shown: Value =
                serde_json::from_str(&sandbox.done(&["user", "show", &user["id"].to_string(), "--json"])).unwrap();
            for field in ["id", "username", "first_name", "last_name", "is_staff", "is_superuser", "is_active"] {
                assert_eq!(shown[field], user[field], "{field} of {} from {}", user["username"], source.name);
            }
            let email = Some(&user["email"]).filter(|email| **email != json!("")).cloned().unwrap_or_default();
            assert_eq!(shown["email"], email);
            for (field, of_django) in [("created_at", "date_joined"), ("last_login_at", "last_login")] {
                let second = |moment: &Value| moment.as_str().map(|moment| moment[..19].to_owned());
                assert_eq!(second(&shown[field]), second(&user[of_django]), "{field} of {}", user["username"]);
            }
            assert_eq!(shown["is_suspended"], json!(user["is_active"] == json!(false)));
        }
    }
}

#[test]
fn a_mapped_group_is_a_role() {
    for source in sources(DJANGO) {
        countersign_tests::databases::run(
            &source.url,
            "INSERT INTO auth_group (id, name) VALUES (5, 'Hotel managers'), (6, 'Guides'); \
             INSERT INTO auth_user_groups (id, user_id, group_id) VALUES (1, 1, 5), (2, 2, 6), (3, 3, 6), (4, 3, 5);",
        );
        let targets = databases();
        let sandbox = installation(&targets[0]);
        let mapping = ["--map-group", "Hotel managers=hotelier", "--map-group", "Guides=instructor"];
        let imported = import(&sandbox, "django", &source, &mapping);
        assert_eq!(
            imported.said()[0],
            "changed auth_user 3: is in groups of several roles; hotelier is kept, which is mapped first"
        );
        let role = |id: &str| {
            let shown: Value = serde_json::from_str(&sandbox.done(&["user", "show", id, "--json"])).unwrap();
            shown["role"].as_str().unwrap().to_owned()
        };
        assert_eq!(["1", "2", "3", "4"].map(role), ["hotelier", "instructor", "hotelier", "tourist"]);
    }
}
