//! Several servers on one database allow together what one allows, if they are told to count there.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use chrono::TimeDelta;
use countersign_core::{
    Registration, Secret,
    model::Timestamp,
    throttle::{CounterKind, CounterRow, CounterStore as _},
};
use countersign_tests::{
    Actor, Answer, Server,
    databases::{Database, databases, number, run},
    server::noon,
};
use serde_json::json;

use super::{DJOSER, HOTEL, MINIMAL, PASSWORD, SANCTUM, SPA, at, told};

const SHARED: &str = "[throttle]\nenabled = true\nstore = \"database\"\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";

/// Two servers on this database, of which both know ada.
fn two(database: &Arc<Database>, configuration: &str) -> [Server; 2] {
    eprintln!("on {}", database.name);
    let servers = [(); 2].map(|()| Server::on(Arc::clone(database), configuration));
    let ada = Registration {
        username: Some("ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    servers[0].owner.register(&ada).unwrap();
    servers
}

fn everywhere() -> impl Iterator<Item = Arc<Database>> {
    databases().into_iter().map(Arc::new)
}

fn wait(servers: &[Server], time: TimeDelta) {
    for server in servers {
        server.wait(time);
    }
}

#[test]
fn wrong_passwords_at_two_servers_are_counted_together_in_the_words_of_each_dialect() {
    for database in everywhere() {
        let servers = two(&database, SHARED);
        for (number, (login, said)) in (1..).zip([
            (DJOSER, r#"{"detail":"Request was throttled. Expected available in 50 seconds."}"#),
            (HOTEL, r#"{"error":"too_many_requests","message":"Too many attempts. Please try again later."}"#),
            (MINIMAL, r#"{"error":"Too Many Requests"}"#),
            (SANCTUM, "{\n    \"message\": \"Too Many Attempts.\"\n}"),
        ]) {
            let here = servers.each_ref().map(|server| at(server, &format!("192.0.2.{number}")));
            for guess in 0..5 {
                let answer = login.ask(&here[guess % 2], login.ada(), "wrong password");
                assert!(matches!(answer.status, 400 | 401 | 422), "{} {}", login.0, answer.body);
            }
            wait(&servers, TimeDelta::seconds(10));
            for here in &here {
                assert_eq!(told(&login.ask(here, login.ada(), PASSWORD)), (429, said, "50"), "{}", login.0);
            }
            let elsewhere = at(&servers[1], "198.51.100.1");
            assert!(login.ask(&elsewhere, login.ada(), PASSWORD).status < 300, "{}", login.0);
            wait(&servers, TimeDelta::seconds(50));
            assert!(login.ask(&here[1], login.ada(), PASSWORD).status < 300, "{}", login.0);
            // A right one forgets the wrong ones, wherever they were made. Only one of the two issues tokens: the randomness of
            // the tests is the same in both.
            for guess in 0..8 {
                let password = if guess == 3 { PASSWORD } else { "wrong password" };
                let answer = login.ask(&here[guess % 2], login.ada(), password);
                let is_right = answer.status < 300;
                let told = told(&answer);
                assert!(told.0 != 429 && is_right == (guess == 3), "{} at guess {guess}: {told:?}", login.0);
            }
            wait(&servers, TimeDelta::minutes(2));
        }
    }
}

#[test]
fn many_guesses_at_once_at_two_servers_are_no_more_than_one_would_judge() {
    const EACH: usize = 12;
    for database in everywhere() {
        for (store, most) in [("database", 5), ("memory", 10)] {
            let database = if store == "database" { Arc::clone(&database) } else { Arc::new(databases().remove(0)) };
            let servers = two(&database, &SHARED.replace("\"database\"", &format!("\"{store}\"")));
            let barrier = Arc::new(Barrier::new(2 * EACH));
            let clients: Vec<_> = (0..2 * EACH)
                .map(|number| {
                    let (here, barrier) = (at(&servers[number % 2], "192.0.2.1"), Arc::clone(&barrier));
                    thread::spawn(move || {
                        barrier.wait();
                        HOTEL.ask(&here, "ada@example.org", "wrong password").status
                    })
                })
                .collect();
            let statuses: Vec<u16> = clients.into_iter().map(|client| client.join().unwrap()).collect();
            let judged = statuses.iter().filter(|status| **status == 422).count();
            let refused = statuses.iter().filter(|status| **status == 429).count();
            assert_eq!((judged, refused), (most, 2 * EACH - most), "in the {store}: {statuses:?}");
        }
    }
}

#[test]
fn laravels_limit_of_the_api_and_its_headers_are_those_of_one_server() {
    let configuration = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[throttle]\nenabled = false\nstore = \"database\"\n\
         [[mount]]\nadapter = \"sanctum\"\nthrottle_api = \"3/min\"\n";
    for database in everywhere() {
        let servers = two(&database, configuration);
        let device = json!({"email": "ada@example.org", "password": PASSWORD, "device_name": "phone"});
        let token = at(&servers[0], "192.0.2.9").post("/api/auth/token", device).text("token");
        let told = |answer: &Answer| {
            let headers = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After", "X-RateLimit-Reset"];
            (answer.status, headers.map(|name| answer.header(name).to_owned()))
        };
        let user = servers.each_ref().map(|server| server.bearer(&token).wants_json());
        for (request, left) in [(0, "2"), (1, "1"), (0, "0")] {
            assert_eq!(told(&user[request].get("/api/user")), (200, ["3", left, "", ""].map(str::to_owned)));
        }
        let reset = (noon().timestamp() + 60).to_string();
        for user in [&user[1], &user[0], &user[1]] {
            let answer = user.get("/api/user");
            assert_eq!(told(&answer), (429, ["3", "0", "60", &reset].map(str::to_owned)));
            assert_eq!(answer.body, "{\n    \"message\": \"Too Many Attempts.\"\n}");
        }
        wait(&servers, TimeDelta::minutes(1));
        assert_eq!(told(&user[1].get("/api/user")), (200, ["3", "2", "", ""].map(str::to_owned)));
    }
}

#[test]
fn the_frameworks_rates_breezes_lock_registrations_and_mails_are_counted_together() {
    let configuration = format!(
        "{SHARED}[[mount]]\nadapter = \"djoser\"\nthrottle_anon = \"4/min\"\n[[mount]]\nadapter = \"sanctum_spa\"\n\
         [[mount]]\nadapter = \"minimal\"\n"
    );
    let configuration = configuration.replace(
        "store =",
        "login_client = \"100/min\"\nlogin = \"100/min\"\nregister = \"2/min\"\nmail = \"2/hour\"\nstore =",
    );
    for database in everywhere() {
        let servers = two(&database, &configuration);
        let pair = |address: &str| servers.each_ref().map(|server| at(server, address));
        let here = pair("192.0.2.1");
        let statuses = [0, 1, 0, 1, 0, 1].map(|server: usize| here[server].get("/auth/").status);
        assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
        let said = r#"{"detail":"Request was throttled. Expected available in 60 seconds."}"#;
        assert_eq!(told(&here[0].get("/auth/")), (429, said, "60"));

        let here = pair("192.0.2.2");
        let guess = |server: usize| SPA.ask(&here[server], "ada@example.org", "wrong password").body;
        let said: Vec<String> = [0, 1, 0, 1, 0, 1].map(guess).into();
        assert!(said[..5].iter().all(|body| !body.contains("Too many login attempts.")), "{said:?}");
        assert_eq!(said[5], super::locked_out(60));

        let here = pair("192.0.2.3");
        let new =
            |here: &Actor, name: &str| here.post("/register", json!({"login": name, "password": PASSWORD})).status;
        let made = [new(&here[0], "bob"), new(&here[1], "carol"), new(&here[0], "dan"), new(&here[1], "eve")];
        assert_eq!(made, [200, 200, 429, 429]);

        let forgot = |server: usize, address: &str| {
            let asked = json!({"email": "ada@example.org"});
            super::with_csrf(&at(&servers[server], address)).post("/forgot-password", asked).status
        };
        assert_eq!(forgot(0, "192.0.2.4"), 200);
        // Laravel's own minute between two links, and then the limit of mails to one address.
        assert_eq!(forgot(1, "192.0.2.5"), 422);
        wait(&servers, TimeDelta::minutes(2));
        assert_eq!(forgot(1, "192.0.2.6"), 429);
    }
}

#[test]
fn the_table_is_bounded_and_names_nobody() {
    for database in everywhere() {
        let servers = two(&database, SHARED);
        let answer = DJOSER.ask(&at(&servers[0], "192.0.2.1"), "ada", "wrong password");
        assert_eq!(answer.status, 400);
        let store = database.store();
        let url = &database.url;
        assert_eq!(number(url, "SELECT COUNT(*) FROM counters"), 3);
        let named =
            "id LIKE '%192.0%' OR state LIKE '%192.0%' OR id LIKE '%ada%' OR state LIKE '%ada%' OR LENGTH(id) <> 32";
        assert_eq!(number(url, &format!("SELECT COUNT(*) FROM counters WHERE {named}")), 0);
        run(url, "DELETE FROM counters");
        let row = |weight: usize, ends_at: Timestamp| CounterRow {
            kind: CounterKind::Guesses,
            state: "x".to_owned(),
            weight: i32::try_from(weight).unwrap(),
            ends_at,
        };
        let later = noon() + TimeDelta::hours(1);
        let keys: Vec<String> = (0..2_200).map(|number| format!("{number:032x}")).collect();
        for page in keys.chunks(200) {
            let page: Vec<&str> = page.iter().map(String::as_str).collect();
            store
                .edit(&page, &mut |rows| {
                    for key in &page {
                        let weight = usize::from_str_radix(key, 16).unwrap();
                        rows.set(key, row(weight, if weight < 1_100 { noon() } else { later }));
                    }
                })
                .unwrap();
        }
        // Ten times as many as are wanted: half of them are over, and of the others those go that say least.
        store.sweep(noon() + TimeDelta::seconds(1), &[(CounterKind::Guesses, 220)]).unwrap();
        assert_eq!(number(url, "SELECT COUNT(*) FROM counters"), 220);
        assert_eq!(number(url, "SELECT MIN(weight) FROM counters"), 1_980);
        store.sweep(later, &[(CounterKind::Guesses, 220)]).unwrap();
        assert_eq!(number(url, "SELECT COUNT(*) FROM counters"), 0);
    }
}
