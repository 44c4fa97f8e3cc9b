//! X4: PostgreSQL crashes under load and comes back. The server says "later", never "who are you?", and goes on by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Figures, Installation, Load, Outage, Postgres, Run, count};

pub fn run(run: &Run, figures: &mut Figures) {
    let (Some(base), Some(postgres)) = (run.on_postgres(figures), run.postgres()) else { return };
    let on = base.name;
    let installation = Installation::new(&base.url).set("JWT__REFRESH_GRACE", "60s");
    let mut server = installation.serve();
    let mut dice = run.dice("x4");
    let load = Load::mixed(server.address, "ada");
    thread::sleep(Duration::from_secs(1));
    let mut outages = Vec::new();
    for _ in 0..run.rounds(2, 30) {
        outages.push(crash(postgres, dice.span(1_000, run.of(2_500, 5_000))));
        thread::sleep(Outage::CALM + Duration::from_secs(1));
    }
    let end = Instant::now();
    let (samples, noted) = load.finish();

    figures.told(on, "crashes, requests", format!("{}, {}", outages.len(), samples.len()));
    Outage::judge(&outages, &samples, end, figures, on);

    noted.judge(&mut server.client(), figures, on);
    let sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'countersign'";
    let sessions = count(&base.url, sessions);
    figures.must(on, "sessions of the server in the end", "≤ 11", sessions, sessions <= 11);
    figures.must(
        on,
        "the same process all the time",
        "yes",
        if server.is_alive() { "yes" } else { "no" },
        server.is_alive(),
    );
    figures.never(on, "complaints in the log", &server.complaints());
}

/// Crashes it, waits, starts it again.
fn crash(postgres: &Postgres, pause: Duration) -> Outage {
    let begins = Instant::now();
    postgres.crash();
    let down = Instant::now();
    thread::sleep(pause);
    let starts = Instant::now();
    postgres.start().expect("PostgreSQL starts again");
    Outage { begins, down, starts, up: Instant::now() }
}
