//! A crowd of logins from one address keeps nobody out who comes from another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use countersign_core::{Registration, Secret};
use countersign_tests::{Actor, Server, databases::sqlite, server::settings};
use serde_json::json;

/// Hashes as expensive as they are shipped, one at a time, and little patience.
const SHIPPED: &str = "[passwords]\nthreads = 1\nmax_wait = \"400ms\"\nfailure_floor = \"0s\"\n\
     [throttle]\nenabled = false\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
const CROWD: usize = 64;
const TRIES: usize = 12;

/// Something that hashes a password: 2xx, or 503.
type Ask = fn(&Actor) -> u16;

fn log_in(client: &Actor) -> u16 {
    client.post("/auth/login", json!({"identifier": "ada", "password": "password"})).status
}

fn register(client: &Actor) -> u16 {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let login = format!("u{}", COUNT.fetch_add(1, Ordering::Relaxed));
    client.post("/register", json!({"login": login, "password": "password"})).status
}

/// How often a client at this address is let in, while a crowd asks for the same at `192.0.2.1`.
fn let_in(server: &Server, address: &str, ask: Ask) -> usize {
    let (over, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let (over, refused) = (Arc::clone(&over), Arc::clone(&refused));
            let client = server.anon().with("X-Forwarded-For", "192.0.2.1");
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    match ask(&client) {
                        200 => {}
                        503 => {
                            refused.fetch_add(1, Ordering::Relaxed);
                            // The tests beside this one need the cores, too.
                            thread::sleep(Duration::from_millis(100));
                        }
                        other => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    while refused.load(Ordering::Relaxed) < 2 * CROWD {
        thread::sleep(Duration::from_millis(10));
    }
    let client = server.anon().with("X-Forwarded-For", address);
    let statuses: Vec<u16> = (0..TRIES)
        .map(|_| {
            thread::sleep(Duration::from_millis(100));
            ask(&client)
        })
        .collect();
    over.store(true, Ordering::Relaxed);
    for client in crowd {
        client.join().unwrap();
    }
    statuses.into_iter().filter(|status| *status == 200).count()
}

#[test]
fn who_comes_from_elsewhere_gets_in_while_a_crowd_does_not() {
    let server = Server::run(Arc::new(sqlite()), settings(SHIPPED));
    let ada = Registration { username: Some("ada".to_owned()), ..Registration::new(Secret::from("password")) };
    server.owner.register(&ada).unwrap();
    for (what, ask) in [("logins", log_in as Ask), ("registrations", register)] {
        let (polite, among_them) = (let_in(&server, "198.51.100.1", ask), let_in(&server, "192.0.2.1", ask));
        // On a busy machine one hash may take longer than anybody waits.
        assert!(
            polite >= TRIES - 2 && among_them < TRIES - 2,
            "{what}: {polite} from elsewhere, {among_them} from among the crowd"
        );
    }
}
