//! Anything at all, at every operation of the document and with every method, from anybody and with live credentials of every
//! dialect: it is answered, never as the server's fault, and what is refused is refused in the words of the dialect.
//!
//! `COUNTERSIGN_TEST_CASES=100000` asks so often on each database.

#[path = "anything/request.rs"]
mod request;
#[path = "anything/somebody.rs"]
mod somebody;

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use countersign_core::Role;
use countersign_tests::{
    Server,
    operations::{self, Operation},
    people::Proof,
    properties::runner,
    wire::first_answer,
};
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use self::{
    request::{Fit, Request, Sender, request},
    somebody::Somebody,
};
use super::surfaces::{Dialect, is_own};

/// How many requests CI sends to each server.
const CASES: u32 = 1_500;
/// No request keeps the server longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(15);
const PROOFS: [Proof; 5] = [Proof::Personal, Proof::Djoser, Proof::Jwt, Proof::Hotel, Proof::Session];

/// Every dialect with what its options add: Laravel's other stack, what Djoser asks twice, its languages, rotated refresh tokens.
const OPTIONS: &str = "[[mount]]\nadapter = \"sanctum\"\n\
    [[mount]]\nadapter = \"sanctum_spa\"\nstack = \"fortify\"\nlogin_lockout = \"10000/min\"\n\
    [[mount]]\nadapter = \"djoser\"\nsend_activation_email = true\nhide_users = false\nlocale = \"accept-language\"\n\
    user_create_password_retype = true\nset_password_retype = true\nset_username_retype = true\n\
    password_reset_show_email_not_found = true\nrotate_refresh_tokens = true\nblacklist_after_rotation = true\n\
    [[mount]]\nadapter = \"hotel\"\n\
    [[mount]]\nadapter = \"minimal\"\n";

fn dialect(operation: &Operation) -> Dialect {
    match operation.tag.as_str() {
        "sanctum" | "sanctum_spa" => Dialect::Laravel,
        "djoser" => Dialect::Djoser,
        "hotel" => Dialect::Hotel,
        "minimal" => Dialect::Minimal,
        "server" => Dialect::Server,
        other => panic!("a new dialect, {other}: how does it refuse?"),
    }
}

/// People with live credentials: one of each kind and role, made again when a request has ended theirs.
struct People<'s> {
    server: &'s Server,
    all: RefCell<Vec<Somebody<'s>>>,
}

impl<'s> People<'s> {
    /// Does it with somebody of this role who has this kind of credential.
    fn with<T>(&self, proof: Proof, role: Role, act: impl FnOnce(&Somebody<'s>) -> T) -> T {
        let mut all = self.all.borrow_mut();
        let found = all.iter().position(|known| (known.proof, known.role) == (proof, role));
        let mut somebody = found.map(|at| all.swap_remove(at)).filter(Somebody::is_live);
        let done = act(somebody.get_or_insert_with(|| Somebody::new(self.server, proof, role)));
        all.extend(somebody);
        done
    }
}

/// The path of a request about what is `whose`, or about anything.
fn path(server: &Server, operation: &Operation, request: &Request, whose: Option<&Somebody>) -> String {
    if let (None, Some(whose)) = (&request.segment, whose) {
        return operation.about(server, &whose.user);
    }
    let segment = request.segment.as_deref().unwrap_or("1");
    let filled = |part: &str| if part.starts_with('{') { segment.to_owned() } else { part.to_owned() };
    operation.path.split('/').map(filled).collect::<Vec<_>>().join("/")
}

/// The status in this answer.
fn status(answer: &str) -> Option<u16> {
    answer.split(' ').nth(1)?.parse().ok()
}

/// The hotel's answer to a form of OAuth 2.0 (RFC 6749, section 5.2).
fn is_oauth(dialect: Dialect, body: &Value) -> bool {
    let Some(members) = body.as_object() else { return false };
    let known = ["error", "error_description"];
    dialect == Dialect::Hotel && members.iter().all(|(name, value)| known.contains(&name.as_str()) && value.is_string())
}

/// What Djoser's views refuse when their serializer has found nothing wrong: sentences of no field.
fn is_list(dialect: Dialect, body: &Value) -> bool {
    let sentences = body.as_array().filter(|all| !all.is_empty());
    dialect == Dialect::Djoser && sentences.is_some_and(|all| all.iter().all(Value::is_string))
}

/// What is wrong with this answer, if anything.
fn fault(answer: &str, method: &str, operation: &Operation) -> Option<String> {
    let dialect = dialect(operation);
    let wrong = |what: &str| Some(format!("{what}: {answer}"));
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return wrong("no answer") };
    let Some(status) = status(answer) else { return wrong("no status") };
    if status >= 500 {
        return wrong("the server's fault");
    }
    if status < 400 || method == "HEAD" {
        return None;
    }
    let content_type = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type").then_some(value.trim())
    });
    match (content_type, dialect) {
        (Some(json), _) if json.starts_with("application/json") => {
            let own = serde_json::from_str(body).is_ok_and(|body| {
                // Methods that the server's own paths have not are refused by who has the root.
                let by_root = dialect == Dialect::Server && is_own(Dialect::Laravel, &body);
                is_own(dialect, &body) || is_oauth(dialect, &body) || is_list(dialect, &body) || by_root
            });
            if own { None } else { wrong("not in the words of the dialect") }
        }
        // Where no activation is mailed at all, none is mailed again: Djoser's view says no more.
        (None, Dialect::Djoser) if body.is_empty() && operation.path == "/auth/users/resend_activation/" => None,
        // Both frameworks have pages for browsers.
        (Some(page), Dialect::Laravel | Dialect::Djoser | Dialect::Server) if page.starts_with("text/html") => None,
        _ => wrong("neither JSON nor a page"),
    }
}

/// Sends as many requests, and tells how many had a live credential and how many of these passed for it.
fn ask(server: &Server) -> (u32, u32) {
    let operations = operations::of(server);
    assert!(operations.len() > 40, "{operations:?}");
    let people = People { server, all: RefCell::default() };
    let (live, let_in) = (Cell::new(0), Cell::new(0));
    let asked = runner("COUNTERSIGN_TEST_CASES", CASES).run(&request(), |request| {
        let operation = &operations[request.operation % operations.len()];
        let method = request.method.unwrap_or(&operation.method);
        let began = Instant::now();
        let send = |sender: Option<&Somebody>| {
            let path = path(server, operation, &request, sender);
            let answer = first_answer(server.address(), &request.bytes(operation, &path, sender), method == "HEAD");
            (path, answer)
        };
        let of = |proofs: &[Proof], role| {
            live.set(live.get() + 1);
            people.with(*request.proof.get(proofs), role, |somebody| send(Some(somebody)))
        };
        let proofs = |fit| if fit == Fit::Own { &operation.proofs[..] } else { &PROOFS };
        let (path, answer) = match request.sender {
            Sender::Anybody => send(None),
            Sender::User(fit) => of(proofs(fit), Role::Tourist),
            Sender::Administrator(fit) => of(proofs(fit), Role::Admin),
        };
        if request.sender != Sender::Anybody && status(&answer).is_some_and(|status| ![401, 419].contains(&status)) {
            let_in.set(let_in.get() + 1);
        }
        let fault =
            if began.elapsed() > PATIENCE { Some("too slow".to_owned()) } else { fault(&answer, method, operation) };
        match fault {
            Some(fault) => Err(TestCaseError::fail(format!("{method} {path} on {}: {fault}", server.backend))),
            None => Ok(()),
        }
    });
    if let Err(wrong) = asked {
        panic!("{wrong}");
    }
    (live.get(), let_in.get())
}

#[test]
fn anything_is_answered_in_the_words_of_the_dialect_and_never_by_a_fault() {
    let mut servers = Server::each();
    servers.push(Server::with(OPTIONS));
    for server in servers {
        let (live, let_in) = ask(&server);
        // Else nothing but 401 would be proved.
        assert!(let_in > live / 2, "{let_in} of {live} on {}", server.backend);
        assert_eq!(server.anon().get("/health/ready").status, 200, "{}", server.backend);
    }
}
