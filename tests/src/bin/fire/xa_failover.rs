//! Failover: the primary of a PostgreSQL with a streaming replica is killed under load and the replica promoted, behind two processes
//! and nginx. With synchronous replication nothing that was acknowledged is lost; and with asynchronous replication it is, which shows
//! that the auditor would see it.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{
    Balancer, Client, Dice, Door, Figures, Installation, Kind, Load, Noted, Outage, PASSWORD, Postgres, Process, Proof,
    Run, Sample, count, execute, leaving, register, wrong,
};

const DATABASE: &str = "failover";
const ON: &str = "PostgreSQL";
/// How long a replica may take until it is in step.
const IN_STEP: Duration = Duration::from_secs(30);
/// How long a process may take to come back by itself, and a command of the owner's to be true everywhere (`cache.bound`).
const BACK: Duration = Duration::from_secs(2);
const BOUND: Duration = Duration::from_secs(1);
/// The slowest answer while a commit waits: for a place, and for an answer.
const WAITED: Duration = Duration::from_secs(3);
/// What happens between two failovers.
const PAUSE: Duration = Duration::from_secs(1);
/// Users, and revocations, while the asynchronous replica is away.
const UNSEEN: usize = 8;

pub fn run(run: &Run, figures: &mut Figures) {
    let primary = match Postgres::make() {
        Ok(primary) => primary,
        Err(why) => return figures.not_run(ON, "the experiment", why),
    };
    let replica = Postgres::replica_of(&primary).unwrap_or_else(|why| panic!("a replica: {why}"));
    execute(&primary.url("postgres"), &format!("CREATE DATABASE {DATABASE}"));
    let mut pair = [primary, replica];
    synchronous(&pair, true);
    let url = Postgres::url_of([&pair[0], &pair[1]], DATABASE);
    let installation = Installation::new(&url).set("JWT__REFRESH_GRACE", "60s");
    let mut servers = [installation.serve(), installation.serve()];
    let balancer = match Balancer::over([servers[0].address, servers[1].address]) {
        Ok(balancer) => balancer,
        Err(why) => return figures.not_run(ON, "the experiment", why),
    };

    without_loss(run, figures, &mut pair, &mut servers, &balancer);
    silent_replica(run, figures, &pair, &servers, &balancer);
    killed_process(figures, &installation, &mut servers, &balancer);
    with_loss(figures, &mut pair, &mut servers);
    for server in &mut servers {
        figures.must(ON, "a process in the end", "alive", server.is_alive(), server.is_alive());
        figures.never(ON, "complaints in the log", &server.complaints());
    }
}

/// Every commit waits for the replica, or for nobody. Not in the files that a copy takes along, since the copy has no replica.
fn synchronous([primary, replica]: &[Postgres; 2], on: bool) {
    let names = if on { "*" } else { "" };
    let admin = primary.url("postgres");
    execute(&admin, &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
    execute(&admin, "SELECT pg_reload_conf()");
    let state = if on { "sync" } else { "async" };
    let in_step =
        format!("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '{state}'");
    let began = Instant::now();
    while count(&admin, &in_step) != 1 {
        assert!(began.elapsed() < IN_STEP, "the replica is in step: {}", replica.log());
        thread::sleep(Duration::from_millis(50));
    }
}

/// The replica takes over; then whoever was the primary is made a replica of it, and they have changed places.
fn change_places(pair: &mut [Postgres; 2], is_synchronous: bool) {
    pair.swap(0, 1);
    let [primary, replica] = &*pair;
    replica.follow(primary).unwrap_or_else(|why| panic!("a new replica: {why}"));
    synchronous(pair, is_synchronous);
}

/// Mixed load by way of nginx; several failovers, with a replica that says nothing for a moment before each.
fn without_loss(
    run: &Run,
    figures: &mut Figures,
    pair: &mut [Postgres; 2],
    servers: &mut [Process; 2],
    balancer: &Balancer,
) {
    let mut dice = run.dice("failover");
    let load = Load::mixed(balancer.address, "ada");
    thread::sleep(PAUSE);
    let (mut outages, mut promotions) = (Vec::new(), Duration::ZERO);
    for _ in 0..run.rounds(1, 10) {
        let outage = fail_over(pair, &mut dice);
        promotions = promotions.max(outage.up.duration_since(outage.starts));
        outages.push(outage);
        thread::sleep(Outage::CALM + PAUSE);
        change_places(pair, true);
        thread::sleep(PAUSE);
    }
    let end = Instant::now();
    let (samples, noted) = load.finish();
    let told = format!("{}, {}, {promotions:.2?}", outages.len(), samples.len());
    figures.told(ON, "failovers, requests by way of nginx, slowest promotion", told);
    Outage::judge(&outages, &samples, end, figures, ON);
    audit(figures, &noted, servers, "acknowledged and lost, synchronous");
}

fn audit(figures: &mut Figures, noted: &Noted, servers: &[Process; 2], what: &str) {
    let (users, alive, dead) = (noted.users.len(), noted.alive.len(), noted.dead.len());
    figures.told(ON, "users, tokens, revocations acknowledged", format!("{users}, {alive}, {dead}"));
    for server in servers {
        let (lost, back) = noted.audit(&mut server.client(), PASSWORD);
        figures.never(ON, what, &lost);
        figures.never(ON, "revoked and back", &back);
    }
}

fn fail_over(pair: &mut [Postgres; 2], dice: &mut Dice) -> Outage {
    let begins = Instant::now();
    // What is committed meanwhile waits for the replica: it is not acknowledged.
    pair[1].freeze(true);
    thread::sleep(dice.span(100, 900));
    pair[0].kill();
    let down = Instant::now();
    pair[1].freeze(false);
    thread::sleep(dice.span(500, 2_500));
    let starts = Instant::now();
    pair[1].promote().unwrap_or_else(|why| panic!("the replica is promoted: {why}"));
    Outage { begins, down, starts, up: Instant::now() }
}

/// The replica says nothing: no write is acknowledged, what is verified from memory goes on.
fn silent_replica(run: &Run, figures: &mut Figures, pair: &[Postgres; 2], servers: &[Process; 2], balancer: &Balancer) {
    let load = Load::mixed(balancer.address, "bob");
    thread::sleep(PAUSE);
    pair[1].freeze(true);
    let silent = Instant::now();
    thread::sleep(run.of(PAUSE * 6, PAUSE * 30));
    let heard = Instant::now();
    pair[1].freeze(false);
    thread::sleep(Outage::CALM);
    let (samples, noted) = load.finish();
    figures.never(ON, "a silent replica: no answer, or another than 2xx or 503 with Retry-After", &wrong(&samples));
    let slowest = samples.iter().map(|sample| sample.took).max().unwrap_or_default();
    figures.within(ON, "a silent replica: slowest answer", WAITED, slowest, "");
    let during = |sample: &&Sample| sample.began > silent + BOUND && sample.ended() < heard;
    let of_kind = |kind: Kind, is_success: bool| {
        let during = samples.iter().filter(during);
        let found = during.filter(|sample| sample.kind == kind && sample.is_success() == is_success);
        found.map(|sample| format!("{} {}", sample.what, sample.status)).collect::<Vec<_>>()
    };
    figures.never(ON, "a silent replica: writes that were acknowledged", &of_kind(Kind::Write, true));
    figures.never(ON, "a silent replica: known tokens that were refused", &of_kind(Kind::Known, false));
    let after = samples.iter().filter(|sample| sample.kind == Kind::Write && sample.ended() > heard);
    let first =
        after.into_iter().find(|sample| sample.is_success()).map_or(Duration::MAX, |sample| sample.ended() - heard);
    figures.within(ON, "a silent replica: first write after it", BACK, first, "");
    audit(figures, &noted, servers, "acknowledged and lost, a silent replica");
}

/// One of the two processes is killed under load, and started again.
fn killed_process(figures: &mut Figures, installation: &Installation, servers: &mut [Process; 2], balancer: &Balancer) {
    let load = Load::mixed(balancer.address, "eve");
    thread::sleep(PAUSE);
    servers[0].kill();
    thread::sleep(PAUSE * 3);
    let address = servers[0].address;
    servers[0] = installation.spawn_on(address);
    servers[0].ready();
    thread::sleep(PAUSE * 3);
    let (samples, noted) = load.finish();
    let failed = |kinds: &[Kind]| {
        let of_kind = samples.iter().filter(|sample| kinds.contains(&sample.kind) && !sample.is_success());
        of_kind.map(|sample: &Sample| format!("{} {}", sample.what, sample.status)).collect::<Vec<_>>()
    };
    figures.never(ON, "GETs that failed as one of two processes was killed", &failed(&[Kind::Known, Kind::Fresh]));
    figures.told(
        ON,
        "POSTs cut off then, of all requests",
        format!("{} of {}", failed(&[Kind::Write]).len(), samples.len()),
    );
    audit(figures, &noted, servers, "acknowledged and lost, a process killed");
}

/// The counter-proof: without waiting for the replica, what it had not got is lost; and the log of revocations goes back.
fn with_loss(figures: &mut Figures, pair: &mut [Postgres; 2], servers: &mut [Process; 2]) {
    let mut clients = [servers[0].client(), servers[1].client()];
    register(&mut clients[0], "mallory").expect("an answer");
    let mut noted = Noted::default();
    let tokens: Vec<Proof> = (0..UNSEEN).map(|_| token(&mut clients[0], "mallory")).collect();
    let kept = token(&mut clients[0], "mallory");
    synchronous(pair, false);
    // The replica is away, and nobody waits for it.
    pair[1].crash();
    for (number, proof) in tokens.into_iter().enumerate() {
        let name = format!("unseen{number}");
        let registered = register(&mut clients[0], &name).expect("an answer");
        assert!(registered.is_success(), "{registered:?}");
        noted.users.push(name);
        revoke(&mut clients[0], &proof);
        noted.dead.push(proof);
    }
    // Both have read all of the log.
    thread::sleep(BOUND);
    pair[0].kill();
    pair[1].start().unwrap_or_else(|why| panic!("the replica starts: {why}"));
    pair[1].promote().unwrap_or_else(|why| panic!("the replica is promoted: {why}"));
    let up = Instant::now();
    for server in &*servers {
        server.ready_within(IN_STEP).unwrap_or_else(|| panic!("a process comes back: {}", server.log()));
    }
    figures.within(ON, "both ready after a promotion", BACK, up.elapsed(), "");

    let (lost, back) = noted.audit(&mut clients[1], PASSWORD);
    let came = format!("{} and {} of {UNSEEN}", lost.len(), back.len());
    let seen = lost.len() == UNSEEN && back.len() == UNSEEN;
    figures.must(
        ON,
        "asynchronous, a replica behind: users lost and revocations undone, seen by the auditor",
        "all",
        came,
        seen,
    );
    // Each at its next look at the log, which need not have been yet.
    let says_so = |server: &&Process| server.log().contains("is not the one that was read before");
    let count = || servers.iter().filter(says_so).count();
    let looked = Instant::now();
    while count() < 2 && looked.elapsed() < BOUND {
        thread::sleep(BOUND / 50);
    }
    let warned = count();
    figures.must(ON, "processes whose log says that the revocations went back", "2", warned, warned == 2);
    // The numbers that both have read are dealt out again: the other learns of the next one all the same.
    for client in &mut clients {
        assert!(kept.show(client).is_ok_and(|reply| reply.status == 200), "a good token is good everywhere");
    }
    revoke(&mut clients[0], &kept);
    let revoked = Instant::now();
    while kept.show(&mut clients[1]).is_ok_and(|reply| reply.status == 200) && revoked.elapsed() < BOUND * 5 {}
    figures.within(ON, "refused by the other after that (cache.bound)", BOUND, revoked.elapsed(), "");
}

fn token(client: &mut Client, name: &str) -> Proof {
    let (reply, entered) = Door::Sanctum.enter(client, name, PASSWORD).expect("an answer");
    entered.unwrap_or_else(|| panic!("it lets in: {reply:?}")).proof
}

fn revoke(client: &mut Client, proof: &Proof) {
    let reply = client.post(leaving(Door::Sanctum).0, &proof.authorization, Value::Null).expect("an answer");
    assert!(reply.is_success(), "{reply:?}");
}
