//! Verifications against the ceiling: what the web framework does with a handler that does nothing.

use std::{iter, net::SocketAddr, time::Duration};

use countersign_tests::databases::databases;

use crate::{
    DIALECTS, Dialect,
    figures::{Findings, Ratio, Row, median, rate},
    http::{Connection, closed_loop, get},
    process::Installation,
};

/// Short, so that both sides of a ratio meet the same machine.
const TURN: Duration = Duration::from_millis(250);
const WARM_UP: Duration = Duration::from_millis(250);

/// What was measured of the bare handler or of a dialect.
#[derive(Default)]
struct Side {
    /// Answers of each turn.
    answered: Vec<usize>,
    /// Processor time that the server used in all turns, in seconds.
    cpu: f64,
}

/// With the cache, as it is by default.
pub fn cached() -> Findings {
    on_all("cached", "", 20, ["≥ 0.90"; 2])
}

/// Each verification asks the database.
pub fn uncached() -> Findings {
    on_all("uncached", "[cache]\nverified = \"off\"", 6, ["≥ 0.40", ""])
}

/// On SQLite, and on PostgreSQL if `COUNTERSIGN_TEST_POSTGRES` names a server.
fn on_all(kind: &str, configuration: &str, rounds: usize, [sqlite, postgres]: [&'static str; 2]) -> Findings {
    let mut findings = measure(kind, &Installation::new(configuration), rounds, sqlite);
    if let Some(database) = databases().into_iter().find(|database| database.name == "postgres") {
        let kind = format!("{kind} PostgreSQL");
        findings.extend(measure(&kind, &Installation::on(Some(database), configuration), rounds, postgres));
    }
    findings
}

fn measure(kind: &str, installation: &Installation, rounds: usize, target: &'static str) -> Findings {
    let first = installation.start();
    installation.add_user();
    let dialects = DIALECTS.iter().map(|dialect| get(dialect.path, &first.log_in(dialect)));
    let requests: Vec<_> = iter::once(get("/", "none")).chain(dialects).collect();
    let longest = requests[1..].iter().map(|request| body(first.address, request)).max_by_key(String::len);
    drop(first);
    let (server, bare) = installation.start_beside_bare(&longest.unwrap_or_default());
    let address = |side| if side == 0 { bare } else { server.address };
    let mut sides: Vec<_> = requests.iter().map(|_| Side::default()).collect();
    for (side, request) in requests.iter().enumerate() {
        closed_loop(address(side), request, WARM_UP);
    }
    for _ in 0..rounds {
        for (side, request) in requests.iter().enumerate() {
            let before = server.cpu();
            sides[side].answered.push(closed_loop(address(side), request, TURN));
            sides[side].cpu += server.cpu() - before;
        }
    }
    let (bare, ours) = (&sides[0], &sides[1..]);
    let mut findings = Findings::default();
    for (dialect, side) in DIALECTS.iter().zip(ours) {
        let Dialect { name, path, .. } = dialect;
        let what = format!("{kind} verification, `{name} {path}`, to a bare handler");
        findings.rows.push(Row::new(what, side.beside(bare), target));
        findings.ratios.push(Ratio {
            name: format!("{kind}, {name}"),
            by_requests: side.by_requests(bare),
            by_processor: side.by_processor(bare),
        });
    }
    findings
}

impl Side {
    fn beside(&self, bare: &Self) -> String {
        format!(
            "**{:.2}** ({:.0} of {:.0} requests/s); by the server's processor time **{:.2}** ({:.1} for {:.1} µs)",
            self.by_requests(bare),
            median(self.rates()),
            median(bare.rates()),
            self.by_processor(bare),
            bare.cost(),
            self.cost(),
        )
    }

    fn by_requests(&self, bare: &Self) -> f64 {
        median(self.rates().zip(bare.rates()).map(|(ours, bare)| ours / bare))
    }

    fn by_processor(&self, bare: &Self) -> f64 {
        bare.cost() / self.cost()
    }

    fn rates(&self) -> impl Iterator<Item = f64> {
        self.answered.iter().map(|answered| rate(*answered, TURN))
    }

    /// Processor time an answer, in µs.
    fn cost(&self) -> f64 {
        self.cpu * 1e6 / rate(self.answered.iter().sum(), Duration::from_secs(1))
    }
}

fn body(address: SocketAddr, request: &[u8]) -> String {
    let mut connection = Connection::open(address).expect("the server listens");
    let answer = connection.ask(request);
    assert_eq!(answer.status, 200, "the token is good");
    String::from_utf8(answer.body.to_vec()).expect("JSON is UTF-8")
}
