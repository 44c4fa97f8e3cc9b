//! *Leave Laravel in an afternoon* and *Leave Django in an afternoon*, command by command: every shell block of the two documents is run
//! in its order against a copy of a real database, with this program, a real nginx and an application behind it, and what
//! a document shows is what came. Only moments, rates and what is drawn by chance may differ.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "leaving/old.rs"]
mod old;
#[path = "leaving/page.rs"]
mod page;
#[path = "leaving/stage.rs"]
mod stage;

use countersign_tests::databases::{Database, databases, run};

use self::{page::Page, stage::Stage};

/// The recorded database of a framework for one kind of database.
macro_rules! dump {
    ($framework:literal, $kind:expr) => {
        match $kind {
            "postgres" => include_str!(concat!("../import/", $framework, "/postgres.sql")),
            "mysql" => include_str!(concat!("../import/", $framework, "/mysql.sql")),
            _ => include_str!(concat!("../import/", $framework, "/sqlite.sql")),
        }
    };
}

/// Follows a document on every kind of database; `meanwhile` is what happens at the old side, by the names that the document
/// has for it.
fn follow(name: &str, dump: impl Fn(&str) -> &'static str, meanwhile: &[(&str, &str)]) {
    let Some(nginx) = stage::find("nginx") else { return };
    let (sources, targets) = (databases(), databases());
    for (source, target) in sources.iter().zip(&targets) {
        eprintln!("{name} from {} to {}", source.name, target.name);
        run(&source.url, dump(source.name));
        let stage = Stage::set(&nginx, source, target);
        let page = Page::read(name);
        let happened = page.follow(&stage, |key| {
            let (_, statements) = meanwhile.iter().find(|(known, _)| *known == key).unwrap();
            run(&source.url, statements);
        });
        assert_eq!(happened, meanwhile.len(), "the document and its test name the same events");
        still_there(source);
    }
}

/// Nothing was written into the database that was left.
fn still_there(source: &Database) {
    run(&source.url, "CREATE TABLE nothing_was_in_the_way (id INT)");
}

#[test]
fn leave_laravel_in_an_afternoon() {
    follow(
        "leaving-laravel.md",
        |kind| dump!("laravel", kind),
        &[
            ("the token is deleted", "DELETE FROM personal_access_tokens WHERE id = 16"),
            (
                "nina registers",
                "INSERT INTO users (id, name, email, password) VALUES (1001, 'Nina New', 'nina@example.com', \
                 '$2y$10$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.')",
            ),
            (
                "bob changes his password",
                "UPDATE users SET password = '$2y$10$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.' WHERE id = 2",
            ),
        ],
    );
}

#[test]
fn leave_django_in_an_afternoon() {
    follow(
        "leaving-django.md",
        |kind| dump!("django", kind),
        &[
            (
                "nina registers",
                "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, \
                 is_active, date_joined) SELECT 1001, password, is_superuser, 'nina', '', '', 'nina@example.com', is_staff, \
                 is_active, date_joined FROM auth_user WHERE id = 1",
            ),
            (
                "a password is changed",
                "UPDATE auth_user SET password = (SELECT password FROM (SELECT password FROM auth_user WHERE id = 1) one) \
                 WHERE id = 2",
            ),
        ],
    );
}
