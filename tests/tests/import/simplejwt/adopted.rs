//! A refresh token becomes one login, and what holds for logins holds for it.

use std::thread;

use serde_json::json;

use super::{ADA, claims, each, me, refresh, verify};

#[test]
fn its_login_is_listed_and_revoked_and_never_begins_again() {
    each("plain", |moved, server| {
        let anon = server.anon();
        let token = moved.recorded.token("refresh");
        assert_eq!(moved.logins(ADA).len(), 0);
        let access = refresh(&anon, &token).text("access");
        assert_eq!(me(&anon, &access).status, 200);
        assert_eq!(refresh(&anon, &token).status, 200);
        let logins = moved.logins(ADA);
        assert_eq!((logins.len(), &logins[0]["name"]), (1, &json!("simplejwt")));
        moved.sandbox.done(&["token", "revoke", &logins[0]["id"].to_string()]);
        assert_eq!(me(&anon, &access).status, 401);
        let invalid = (401, json!({"detail": "Token is invalid", "code": "token_not_valid"}));
        for answer in [refresh(&anon, &token), verify(&anon, &token), refresh(&anon, &token)] {
            assert_eq!((answer.status, answer.json()), invalid);
        }
        assert_eq!(moved.logins(ADA).len(), 0);
        // The others of hers go on.
        assert_eq!(me(&anon, &moved.recorded.token("access")).status, 200);
        assert_eq!(refresh(&anon, &moved.recorded.token("refresh of a number")).status, 200);
    });
}

#[test]
fn of_many_who_refresh_it_at_once_all_have_one_login() {
    each("plain", |moved, server| {
        for _ in 0..10 {
            let before = moved.logins(ADA).len();
            let token = moved.signed(&claims("refresh", &json!({})));
            let answers: Vec<_> = thread::scope(|scope| {
                let ask = || scope.spawn(|| refresh(&server.anon(), &token));
                let all: Vec<_> = std::iter::repeat_with(ask).take(8).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            for answer in &answers {
                assert_eq!(answer.status, 200, "{}", answer.body);
                assert_eq!(me(&server.anon(), &answer.text("access")).status, 200);
            }
            assert_eq!(moved.logins(ADA).len(), before + 1);
        }
    });
}

#[test]
fn where_refresh_tokens_rotate_it_is_spent_by_its_first_use() {
    each("blacklist", |moved, server| {
        let anon = server.anon();
        let token = moved.signed(&claims("refresh", &json!({})));
        let next = refresh(&anon, &token).text("refresh");
        let spent = json!({"detail": "Token is blacklisted", "code": "token_not_valid"});
        let again = refresh(&anon, &token);
        assert_eq!((again.status, again.json()), (401, spent.clone()));
        let asked = verify(&anon, &token);
        assert_eq!((asked.status, asked.json()), (400, json!({"non_field_errors": ["Token is blacklisted"]})));
        // The one before the last is a copy in somebody's hands: the login ends.
        let last = refresh(&anon, &next);
        assert_eq!(last.status, 200, "{}", last.body);
        assert_eq!(refresh(&anon, &token).json(), spent);
        for (name, token) in [("the first", &token), ("the last", &last.text("refresh"))] {
            let answer = refresh(&anon, token);
            assert_eq!(answer.status, 401, "{name}: {}", answer.body);
        }
        assert_eq!(me(&anon, &last.text("access")).status, 401);
    });
}

#[test]
fn it_is_introspected_and_adopted_by_nobody_who_only_asks() {
    each("plain", |moved, server| {
        let service =
            moved.sandbox.done(&["token", "issue", "2", "--name", "gate", "--ability", "tokens:introspect", "--json"]);
        let service: serde_json::Value = serde_json::from_str(&service).unwrap();
        let secret = service["token"].as_str();
        let service = server.bearer(secret.unwrap());
        let ask = |token: &str| {
            service
                .send("POST", "/introspect", Some("application/x-www-form-urlencoded"), &format!("token={token}"))
                .json()
        };
        for (case, kind) in [("access", "access_token"), ("refresh", "refresh_token")] {
            let told = ask(&moved.recorded.token(case));
            assert_eq!(
                (&told["active"], &told["token_use"], &told["user_id"], &told["iat"]),
                (&json!(true), &json!(kind), &json!(ADA), &json!(super::THEN)),
                "{told}"
            );
        }
        for case in ["access that has expired", "access of somebody inactive", "access of nobody", "refresh of nobody"]
        {
            assert_eq!(ask(&moved.recorded.token(case)), json!({"active": false}), "{case}");
        }
        assert_eq!(moved.logins(ADA).len(), 0);
        let gate = |token: &str| server.bearer(token).get("/verify").status;
        assert_eq!((gate(&moved.recorded.token("access")), gate(&moved.recorded.token("refresh"))), (200, 401));
        // No row knows of it.
        let told = server.bearer(&moved.recorded.token("access")).get("/verify");
        let headers = ["x-auth-user", "x-auth-token", "x-auth-kind"].map(|name| told.header(name));
        assert_eq!(headers, [ADA.to_string().as_str(), "none", "jwt"]);
    });
}
