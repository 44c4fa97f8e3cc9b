//! Fields that nobody may set: whatever body names them, the user stays as the serializers have it (D1 of the security
//! checks: mass assignment).

use countersign_core::{Role, User};
use countersign_tests::{Actor, Answer, Server};
use serde_json::{Value, json};

const PASSWORD: &str = "Zx9-quokka-77";
const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// Every name under which a framework or a careless serializer keeps a right.
const RIGHTS: [(&str, &str); 22] = [
    ("is_staff", "true"),
    ("is_superuser", "1"),
    ("is_active", "false"),
    ("isStaff", "true"),
    ("is_staff ", "true"),
    ("is_staff[]", "true"),
    ("users.is_staff", "true"),
    ("role", "admin"),
    ("roles", "admin"),
    ("groups", "1"),
    ("user_permissions", "1"),
    ("permissions", "*"),
    ("abilities", "*"),
    ("id", "9"),
    ("pk", "9"),
    ("uuid", "00000000-0000-0000-0000-000000000000"),
    ("name", "Root"),
    ("first_name", "Root"),
    ("last_login", "2020-01-01T00:00:00Z"),
    ("date_joined", "2020-01-01T00:00:00Z"),
    ("email_verified_at", "2020-01-01T00:00:00Z"),
    ("suspended_at", "2020-01-01T00:00:00Z"),
];

/// These fields and every right, as JSON (with a nested user as well) and as a form.
fn bodies(fields: &[(&str, &str)]) -> [(Option<&'static str>, String); 2] {
    let all = || fields.iter().chain(&RIGHTS).copied();
    let mut object: Value = all().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    object["user"] = json!({"is_staff": true, "role": "admin"});
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(all()).finish();
    [(JSON, object.to_string()), (FORM, form)]
}

fn send(actor: &Actor, method: &str, path: &str, (kind, body): &(Option<&str>, String)) -> Answer {
    actor.send(method, path, *kind, body)
}

/// What a right would change.
fn rights(user: &User) -> (bool, bool, bool, Role, bool, &str, &str) {
    let verified = user.email_verified_at.is_some() || user.suspended_at.is_some();
    (user.is_staff, user.is_superuser, user.is_active, user.role, verified, &user.first_name, &user.name)
}

#[test]
fn no_registration_and_no_change_gives_a_right() {
    for name in ["json", "form"] {
        let server = Server::start();
        let anon = server.anon();
        let which = usize::from(name == "form");
        let new = bodies(&[("username", name), ("email", "a@example.org"), ("password", PASSWORD)]);
        let created = send(&anon, "POST", "/auth/users/", &new[which]);
        assert_eq!(
            created.whole(),
            (201, format!(r#"{{"email":"a@example.org","username":"{name}","id":1}}"#).as_str())
        );
        let user = || server.owner.find_user(name).unwrap();
        let plain = (false, false, true, Role::Tourist, false, "", name);
        assert_eq!(rights(&user()), plain);

        let login = json!({"username": name, "password": PASSWORD});
        let token = anon.post("/auth/token/login/", login).text("auth_token");
        let own = anon.with("Authorization", &format!("Token {token}"));
        let before = user();
        let change = bodies(&[("email", "b@example.org"), ("username", "root"), ("password", "another-Zx9-1")]);
        for (method, path) in [
            ("PATCH", "/auth/users/me/"),
            ("PUT", "/auth/users/me/"),
            ("PATCH", "/auth/users/1/"),
            ("PUT", "/auth/users/1/"),
        ] {
            let shown = format!(r#"{{"email":"b@example.org","id":1,"username":"{name}"}}"#);
            assert_eq!(send(&own, method, path, &change[which]).whole(), (200, shown.as_str()), "{method} {path}");
        }
        let password = bodies(&[("new_password", "Qm4-wombat-31"), ("current_password", PASSWORD)]);
        assert_eq!(send(&own, "POST", "/auth/users/set_password/", &password[which]).whole(), (204, ""));
        let renamed = bodies(&[("new_username", name), ("current_password", "Qm4-wombat-31")]);
        assert_eq!(send(&own, "POST", "/auth/users/set_username/", &renamed[which]).status, 400);
        let after = user();
        assert_eq!(rights(&after), plain);
        assert_eq!(
            (after.uuid, after.created_at, after.last_login_at),
            (before.uuid, before.created_at, before.last_login_at)
        );
        let login =
            |password: &str| anon.post("/auth/token/login/", json!({"username": name, "password": password})).status;
        assert_eq!((login("another-Zx9-1"), login("Qm4-wombat-31")), (400, 200));
    }
}
