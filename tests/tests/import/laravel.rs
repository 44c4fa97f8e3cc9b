//! Laravel's users log in by their passwords, and Sanctum's tokens keep their ids, abilities, names and ends.

use std::collections::HashMap;

use countersign_tests::{Actor, databases::databases};
use serde_json::{Value, json};

use super::common::{LARAVEL, cells, import, installation, logins, same_kind_first, sources};

fn recorded() -> (Value, Value) {
    let parsed = |text: &str| serde_json::from_str(text).unwrap();
    (
        parsed(include_str!("../../import/laravel/credentials.json")),
        parsed(include_str!("../../import/laravel/rows.json")),
    )
}

/// A moment of the database as Laravel's JSON has it.
fn moment(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |text| json!(format!("{}.000000Z", text.replace(' ', "T"))))
}

/// Every token is asked from each kind to each. Passwords cost the time that they are meant to cost: they are asked where both are
/// of one kind, and elsewhere the target holds, hash by hash, what was asked there.
#[test]
fn everybody_is_answered_as_laravel_answered() {
    let (credentials, rows) = recorded();
    let mut asked = HashMap::new();
    for (source, target) in same_kind_first(cells(LARAVEL)) {
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        let imported = import(&sandbox, "laravel", &source, &[]);
        assert_eq!(imported.said(), ["refused personal_access_tokens 16: its user 4242 was not imported"]);
        assert_eq!((imported.ran.code, imported.ran.stderr.as_str()), (1, "countersign: 1 row was refused\n"));
        assert_eq!(imported.counts(), ["users: 12 12 0 0 0 0", "personal_access_tokens: 18 17 0 0 0 1"]);
        let notes = ["remember_token: 4 browsers that stayed logged in have to log in again"];
        assert_eq!(imported.summary["notes"], json!(notes));

        let held = logins(&target);
        assert_eq!(held.len(), 12);
        let server = sandbox.serve();
        for token in credentials["tokens"].as_object().unwrap().values() {
            ask(&server.bearer(token["bearer"].as_str().unwrap()), token, &credentials, &rows);
            ask(&server.bearer(token["without_id"].as_str().unwrap()), token, &credentials, &rows);
        }
        if source.name == target.name {
            for user in credentials["users"].as_object().unwrap().values() {
                ask_password(&server.anon().wants_json(), user);
            }
            asked.insert(target.name, held);
        } else {
            assert_eq!(held, asked[target.name], "from {} to {}", source.name, target.name);
            let user = &credentials["users"].as_object().unwrap().values().next().unwrap();
            ask_password(&server.anon().wants_json(), user);
        }
    }
}

fn ask_password(anon: &Actor, user: &Value) {
    let log_in = |password: &str| {
        anon.post("/sanctum/token", json!({"email": user["email"], "password": password, "device_name": "test"}))
    };
    let password = user["password"].as_str().unwrap();
    let right = log_in(password);
    assert_eq!(right.status, 200, "{user}: {}", right.body);
    // The first number behind the highest that was imported, and no other.
    assert!(right.body.split('|').next().unwrap().parse::<i64>().unwrap() > 4_294_967_298, "{}", right.body);
    assert_eq!(log_in(&format!("x{password}")).status, 422, "{user}");
}

fn ask(bearer: &Actor, token: &Value, credentials: &Value, rows: &Value) {
    let answer = bearer.wants_json().get("/api/user");
    if token["authenticates"] == json!(false) {
        assert_eq!(answer.whole(), (401, r#"{"message":"Unauthenticated."}"#), "{token}");
        return;
    }
    let id = &credentials["users"][token["user"].as_str().unwrap()]["id"];
    let row = rows["users"].as_array().unwrap().iter().find(|row| row["id"] == *id).unwrap();
    let expected = json!({
        "id": row["id"], "name": row["name"], "email": row["email"],
        "email_verified_at": moment(&row["email_verified_at"]),
        "created_at": moment(&row["created_at"]), "updated_at": moment(&row["updated_at"]),
    });
    assert_eq!((answer.status, answer.json()), (200, expected), "{token}");
}

#[test]
fn a_token_is_listed_as_laravel_had_it() {
    let (_, rows) = recorded();
    for source in sources(LARAVEL) {
        let targets = databases();
        let sandbox = installation(&targets[0]);
        import(&sandbox, "laravel", &source, &[]);
        let second = |value: &Value| value.as_str().map(|text| text.replace(' ', "T").trim_end_matches('Z').to_owned());
        for user in rows["users"].as_array().unwrap() {
            let listed = sandbox.done(&["token", "list", &user["id"].to_string(), "--json"]);
            let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
            let of_user = |row: &&Value| row["tokenable_id"] == user["id"];
            let expected: Vec<&Value> =
                rows["personal_access_tokens"].as_array().unwrap().iter().filter(of_user).collect();
            assert_eq!(listed.len(), expected.len(), "{user}");
            for (token, row) in listed.iter().zip(expected) {
                assert_eq!((&token["id"], &token["name"]), (&row["id"], &row["name"]), "from {}", source.name);
                let abilities: Value = serde_json::from_str(row["abilities"].as_str().unwrap()).unwrap();
                assert_eq!(token["abilities"], abilities);
                for field in ["created_at", "last_used_at", "expires_at"] {
                    assert_eq!(second(&token[field]), second(&row[field]), "{field} of {row}");
                }
            }
        }
    }
}
