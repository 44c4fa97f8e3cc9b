//! Databases of large applications, to be imported: made by SQLite itself, so that a million users take seconds.

use std::path::Path;

use crate::databases::run;

/// A hash as Laravel writes it; of a bulk of users nobody logs in.
const HASH: &str = "$2y$10$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.";

/// The numbers from 1 to `count` as a table `n (i)`.
fn numbers(count: u32) -> String {
    format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) ")
}

/// Laravel's database with so many users, each with two tokens.
pub fn laravel(file: &Path, users: u32) -> String {
    let url = format!("sqlite://{}", file.display());
    let of_users = numbers(users);
    let of_tokens = numbers(users * 2);
    run(
        &url,
        &format!(
            r#"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;
            CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name VARCHAR NOT NULL, email VARCHAR NOT NULL,
                email_verified_at DATETIME, password VARCHAR NOT NULL, remember_token VARCHAR, created_at DATETIME,
                updated_at DATETIME);
            CREATE TABLE personal_access_tokens (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, tokenable_type VARCHAR NOT NULL,
                tokenable_id INTEGER NOT NULL, name VARCHAR NOT NULL, token VARCHAR NOT NULL, abilities TEXT,
                last_used_at DATETIME, expires_at DATETIME, created_at DATETIME, updated_at DATETIME);
            {of_users} INSERT INTO users SELECT i, 'User Number ' || i, 'user' || i || '@mail.example.com', '2024-01-15 09:30:00',
                '{HASH}', NULL, '2024-01-15 09:29:11', '2025-03-01 12:00:00' FROM n;
            {of_tokens} INSERT INTO personal_access_tokens SELECT i, 'App\Models\User', (i + 1) / 2, 'device ' || i,
                lower(hex(randomblob(32))), '["*"]', '2025-03-01 12:00:00', NULL, '2024-01-15 10:00:00', '2025-03-01 12:00:00'
                FROM n;
            COMMIT;"#
        ),
    );
    url
}

/// Django's database with so many users, each with a token.
pub fn django(file: &Path, users: u32) -> String {
    let url = format!("sqlite://{}", file.display());
    let of_users = numbers(users);
    run(
        &url,
        &format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;
            CREATE TABLE auth_user (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, password VARCHAR(128) NOT NULL,
                last_login DATETIME, is_superuser BOOL NOT NULL, username VARCHAR(150) NOT NULL, last_name VARCHAR(150) NOT NULL,
                email VARCHAR(254) NOT NULL, is_staff BOOL NOT NULL, is_active BOOL NOT NULL, date_joined DATETIME NOT NULL,
                first_name VARCHAR(150) NOT NULL);
            CREATE TABLE authtoken_token (key VARCHAR(40) NOT NULL PRIMARY KEY, created DATETIME NOT NULL,
                user_id INTEGER NOT NULL UNIQUE);
            {of_users} INSERT INTO auth_user SELECT i, 'pbkdf2_sha256$1000000$qSTmpYfHulX6PDqwjr4NyI$'
                || '3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=', '2024-05-01 06:07:08', 0, 'user' || i, 'Last',
                'user' || i || '@mail.example.com', 0, 1, '2021-01-01 12:30:15.123456', 'First' FROM n;
            {of_users} INSERT INTO authtoken_token SELECT lower(hex(randomblob(20))), '2023-02-01 01:02:03.456789', i FROM n;
            COMMIT;"
        ),
    );
    url
}
