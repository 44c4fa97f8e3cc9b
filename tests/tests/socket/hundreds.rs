//! Two hundred open sockets of one user: whatever ends some of their tokens closes exactly those, all within a second, and
//! nothing is said on them afterwards.

use std::{sync::Arc, time::Instant};

use chrono::TimeDelta;
use countersign_core::{Grant, User, store::Revoke};
use countersign_tests::{
    Server,
    databases::{Database, databases},
};

use crate::common::{BOUND, ME, Socket, ask, closed, number, opened, register, register_as, text, token, token_of};

const HUNDREDS: usize = 200;
const CONFIGURATION: &str =
    "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"minimal\"\nmax_sockets_per_user = 500\n";

/// Sockets that live and die together.
struct Group {
    token: String,
    sockets: Vec<Socket>,
}

impl Group {
    fn of(server: &Server, token: String, count: usize) -> Self {
        let sockets = (0..count).map(|_| opened(server, &token)).collect();
        Self { token, sockets }
    }

    /// All are closed with 4401 within a second after `kill` is done, and nothing is said in front of that or afterwards.
    /// If the process that killed is theirs, not even what is asked at once is answered.
    fn die(mut self, what: &str, is_theirs: bool, kill: impl FnOnce(&str)) {
        kill(&self.token);
        let dead = Instant::now();
        for socket in self.sockets.iter_mut().filter(|_| is_theirs) {
            let _ = socket.send(tungstenite::Message::text("who am I?"));
        }
        for socket in &mut self.sockets {
            assert_eq!(closed(socket), 4401, "{what}");
        }
        assert!(dead.elapsed() <= BOUND, "{what}: {:?}", dead.elapsed());
        for socket in &mut self.sockets {
            assert!(socket.read().is_err(), "{what}");
        }
    }

    fn live(&mut self, what: &str) {
        for socket in &mut self.sockets {
            assert_eq!(ask(socket, "still there?"), ME, "{what}");
        }
    }
}

/// Opens them at `here`, and ends them at `there`, one group after the other.
fn end_one_after_the_other(here: &Server, there: &Server) {
    let is_theirs = std::ptr::eq(here, there);
    let ada = register(here);
    let bob = register_as(here, "bob");
    let mut bobs = crate::common::entered(here, &token_of(here, "bob"));
    text(&mut bobs);
    let quarter = |token| Group::of(here, token, HUNDREDS / 4);
    let expiring = {
        let subject = here.owner.subject_by_owner(ada.id).unwrap();
        let expires_at = Some(here.owner.realm().now() + TimeDelta::hours(1));
        here.owner.issue(&subject, &Grant { expires_at, ..Grant::named("socket") }).unwrap().access
    };
    let (one, mut logged_out) = (quarter(token(here)), quarter(token(here)));
    let (mut expired, mut all) = (quarter(expiring.expose().to_owned()), quarter(token(here)));

    one.die("revoke one", is_theirs, |token| there.owner.revoke(number(token), Some(ada.id)).unwrap());
    for group in [&mut logged_out, &mut expired, &mut all] {
        group.live("after one was revoked");
    }
    expired.die("expiry", true, |_| here.wait(TimeDelta::hours(1)));
    logged_out.live("after another expired");
    logged_out.die("logout", is_theirs, |token| {
        assert_eq!(there.bearer(token).post_empty("/api/auth/logout").status, 204);
    });
    all.live("after another's logout");
    all.die("revoke all", is_theirs, |_| assert!(there.owner.revoke_many(ada.id, Revoke::Everything).unwrap() > 0));

    type Act = fn(&Server, &User);
    let acts: [(&str, Act); 2] = [
        ("recovery", |server, ada| drop(server.owner.recover(ada.id, &"password".into()).unwrap())),
        ("disabled", |server, ada| drop(server.owner.set_active(ada.id, false).unwrap())),
    ];
    for (what, act) in acts {
        Group::of(here, token(here), HUNDREDS).die(what, is_theirs, |_| act(there, &ada));
    }
    let still = format!(r#"{{"user":{{"id":{},"login":"bob"}}}}"#, bob.id);
    assert_eq!(ask(&mut bobs, "still there?"), still);
}

fn on_every_database(test: impl Fn(Arc<Database>)) {
    for database in databases() {
        test(Arc::new(database));
    }
}

#[test]
fn in_one_process() {
    on_every_database(|database| {
        let server = Server::on(database, CONFIGURATION);
        end_one_after_the_other(&server, &server);
    });
}

#[test]
fn by_another_process() {
    on_every_database(|database| {
        let (here, there) = (Server::on(Arc::clone(&database), CONFIGURATION), Server::on(database, CONFIGURATION));
        end_one_after_the_other(&here, &there);
    });
}

#[test]
fn by_another_process_where_nothing_is_remembered() {
    on_every_database(|database| {
        let configuration = format!("{CONFIGURATION}[cache]\nverified = \"off\"");
        let (here, there) = (Server::on(Arc::clone(&database), &configuration), Server::on(database, &configuration));
        end_one_after_the_other(&here, &there);
    });
}
