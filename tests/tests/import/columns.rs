//! Columns that an application may have beside the framework's own, over real databases: a second factor, soft deletes, a phone
//! number, a role.

use countersign_tests::databases::run;
use serde_json::{Value, json};

use super::common::{LARAVEL, import, installation, pairs};

#[test]
fn columns_beside_the_framework_s_own_are_told_or_taken() {
    for (source, target) in pairs(LARAVEL) {
        for column in [
            "two_factor_secret TEXT",
            "two_factor_recovery_codes TEXT",
            "two_factor_confirmed_at TIMESTAMP NULL",
            "deleted_at TIMESTAMP NULL",
            "mobile VARCHAR(30)",
            "kind VARCHAR(30)",
        ] {
            run(&source.url, &format!("ALTER TABLE users ADD COLUMN {column}"));
        }
        run(
            &source.url,
            "UPDATE users SET two_factor_secret = 'sealed', two_factor_recovery_codes = 'sealed' WHERE id IN (1, 2); \
             UPDATE users SET two_factor_confirmed_at = '2025-01-01 00:00:00' WHERE id = 2; \
             UPDATE users SET deleted_at = '2025-01-01 00:00:00' WHERE id = 3; \
             UPDATE users SET mobile = '+49 30 901820', kind = 'boss' WHERE id = 4; \
             UPDATE users SET mobile = '030 901820' WHERE id = 5;",
        );
        let more = ["--column", "phone=mobile", "--column", "role=kind", "--map-group", "boss=admin"];
        let told = countersign_tests::sandbox!()
            .done(&[&["import", "laravel", "--from", &source.url, "--inspect"], &more[..]].concat());
        for line in [
            "  imported: created_at, deleted_at, email, email_verified_at, id, name, password, mobile as phone, \
             kind as role, two_factor_secret, updated_at",
            "  not imported: remember_token, two_factor_recovery_codes, two_factor_confirmed_at",
            "         1  soft-deleted users",
            "note: two_factor_secret: 2 users have a second factor there (1 of them confirmed it) and log in by password \
             alone here",
        ] {
            assert!(told.lines().any(|found| found == line), "{line:?} is not in\n{told}");
        }
        eprintln!("from {} to {}", source.name, target.name);
        let sandbox = installation(&target);
        let imported = import(&sandbox, "laravel", &source, &more);
        let two_factors = "has a second factor there; logs in by password alone here";
        assert_eq!(
            imported.said()[..4],
            [
                format!("changed users 1: {two_factors}"),
                format!("changed users 2: {two_factors}"),
                "changed users 3: is soft-deleted there; suspended here".to_owned(),
                "refused users 5: the phone number is not one in international form: \"030 901820\"".to_owned(),
            ]
        );
        let shown =
            |who: &str| -> Value { serde_json::from_str(&sandbox.done(&["user", "show", who, "--json"])).unwrap() };
        // Found by the number, in any spelling.
        let dave = shown("+49 (30) 901820");
        assert_eq!((&dave["id"], &dave["phone"], &dave["role"]), (&json!(4), &json!("+4930901820"), &json!("admin")));
        let carol = shown("3");
        assert_eq!((&carol["is_active"], &carol["is_suspended"]), (&json!(false), &json!(true)));
        // Who is restored there is enabled here.
        run(&source.url, "UPDATE users SET deleted_at = NULL WHERE id = 3");
        import(&sandbox, "laravel", &source, &more);
        assert_eq!(shown("3")["is_active"], json!(true));
        run(&source.url, "UPDATE users SET deleted_at = '2025-01-01 00:00:00' WHERE id = 3");
    }
}
