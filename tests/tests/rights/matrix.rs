//! Every operation for every kind of caller, as a table in a file: a new operation is a new line of it.

use std::{fmt::Write as _, thread};

use countersign_core::{Role, User};
use countersign_tests::{
    Server,
    operations::{self, ALL, FORTIFY, Operation},
    people::{Proof, add},
};

use crate::snapshot::assert_snapshot;

const HEAD: &str = "\
# Who may do what: the status of every operation by caller, with the proof in the second column and an empty body. What has a
# parameter is asked about somebody else. Who was an administrator proves it with what they had then. 400 and 422 say that
# only the body was wrong. Written by the tests; see assert_snapshot.
";

/// Whoever asks; each has logged in as what they were then.
const CALLERS: [&str; 6] = ["nobody", "user", "staff", "admin", "was-admin", "disabled"];

/// Roles beside that of everybody else who registers.
const OTHER_ROLES: [Role; 5] =
    [Role::Hotelier, Role::TourOperator, Role::TransferProvider, Role::Instructor, Role::Restaurant];

fn status(server: &Server, operation: &Operation, proof: Proof, query: &str, who: Option<(&User, &str)>) -> u16 {
    let bystander = add(server, Role::Tourist, false);
    if operation.path.contains("/sessions/") {
        Proof::Hotel.of(server, &bystander);
    } else if operation.path.contains("/tokens/") {
        Proof::Personal.of(server, &bystander);
    }
    let actor = match who {
        None => proof.nobody(server),
        Some((user, becomes)) => {
            let actor = proof.of(server, user);
            match becomes {
                "was-admin" => drop(server.owner.set_role(user.id, Role::Tourist).unwrap()),
                "disabled" => drop(server.owner.set_active(user.id, false).unwrap()),
                _ => {}
            }
            actor
        }
    };
    let path = operation.about(server, &bystander);
    let body = if operation.fields.is_some() { "{}" } else { "" };
    operation.ask(server, &actor, &format!("{path}{query}"), body)
}

/// The line of an operation.
fn line(server: &Server, operation: &Operation, proof: Proof, query: &str) -> String {
    let ask = |who: Option<(Role, bool, &str)>| {
        let user = who.map(|(role, is_staff, becomes)| (add(server, role, is_staff), becomes));
        status(server, operation, proof, query, user.as_ref().map(|(user, becomes)| (user, *becomes)))
    };
    let statuses = CALLERS.map(|caller| match caller {
        "nobody" => ask(None),
        "user" => ask(Some((Role::Tourist, false, caller))),
        "staff" => ask(Some((Role::Tourist, true, caller))),
        _ => ask(Some((Role::Admin, false, caller))),
    });
    let mut line = format!("{:6} {:48} {:9}", operation.method, format!("{}{query}", operation.path), proof.name());
    for (caller, status) in CALLERS.iter().zip(statuses) {
        write!(line, " {status:>width$}", width = caller.len().max(3)).unwrap();
    }
    // The other roles are a user's like the first, unless the line says otherwise.
    for role in OTHER_ROLES {
        let status = ask(Some((role, false, "user")));
        if status != statuses[1] {
            write!(line, " {role}={status}").unwrap();
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[test]
fn every_operation_is_open_to_whom_the_table_says() {
    let mut text = HEAD.to_owned();
    writeln!(text, "{:6} {:48} {:9} {}", "", "", "proof", CALLERS.join(" ")).unwrap();
    let mut known = Vec::new();
    for (configuration, title) in [(ALL, ""), (FORTIFY, "\n# With the stack \"fortify\".\n")] {
        let server = Server::with(configuration);
        text.push_str(title);
        for operation in operations::of(&server) {
            let id = (operation.method.clone(), operation.path.clone());
            if known.contains(&id) && !is_fortifys(&operation.path) {
                continue;
            }
            known.push(id);
            let queries: &[&str] =
                if operation.path == "/verify" { &["", "?role=admin", "?role=tourist&role=admin"] } else { &[""] };
            for query in queries {
                // Without the mounts of the others nobody has a token of theirs.
                let is_mounted =
                    |proof: &&Proof| configuration == ALL || matches!(proof, Proof::Personal | Proof::Session);
                let lines: Vec<String> = thread::scope(|scope| {
                    let asked = operation.proofs.iter().filter(is_mounted).map(|proof| {
                        let (server, operation) = (&server, &operation);
                        scope.spawn(move || line(server, operation, *proof, query))
                    });
                    let asked: Vec<_> = asked.collect();
                    asked.into_iter().map(|asker| asker.join().unwrap()).collect()
                });
                for line in lines {
                    writeln!(text, "{line}").unwrap();
                }
            }
        }
    }
    assert_snapshot("matrix.txt", &text);
}

/// Does the other stack answer here, although the first one does, too?
fn is_fortifys(path: &str) -> bool {
    ["/login", "/logout", "/register", "/forgot-password", "/reset-password"].contains(&path)
        || path.starts_with("/user")
        || path.starts_with("/email")
}
